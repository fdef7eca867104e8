package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/headgate-dev/headgate/engine"
)

// holder is a phase that holds something.
type holder struct{ closed int }

func (*holder) Name() string { return engine.Replay }

func (*holder) Run(context.Context, *engine.Run) error { return nil }

var errHeld = errors.New("still held")

func (h *holder) Close() error {
	if h.closed++; h.closed > 1 {
		return errHeld
	}
	return nil
}

func TestCloseReachesThePhases(t *testing.T) {
	first, second := &holder{}, &holder{closed: 1}
	e := &engine.Engine{Phases: []engine.Phase{first, second}}
	if err := e.Close(); !errors.Is(err, errHeld) || first.closed != 1 || second.closed != 2 {
		t.Errorf("%v, closed %d and %d times", err, first.closed, second.closed)
	}
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// undoTimeout bounds each step of the undoing.
const undoTimeout = 15 * time.Second

// undoGrace is what a step may take beyond its limit.
const undoGrace = 2 * time.Second

type undo struct {
	name string
	do   func(context.Context) error
}

// Cleanup registers the undoing of something that was just started. Undoing runs in reverse order,
// each step under its own short time limit, also after cancellation.
func (r *Run) Cleanup(name string, do func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.undoing = append(r.undoing, undo{name, do})
}

// mark remembers how much there is to undo and to collect, for a later unwind.
func (r *Run) mark() mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	return mark{len(r.undoing), len(r.collectors), len(r.rewinders), len(r.guards)}
}

type mark struct{ undoing, collectors, rewinders, guards int }

// unwind undoes all that was registered since the mark, newest first, and returns what went wrong.
func (r *Run) unwind(ctx context.Context, m mark) error {
	r.mu.Lock()
	steps := slices.Clone(r.undoing[m.undoing:])
	r.undoing = r.undoing[:m.undoing]
	r.collectors = r.collectors[:m.collectors]
	r.rewinders = r.rewinders[:m.rewinders]
	r.guards = r.guards[:m.guards]
	r.mu.Unlock()
	var errs []error
	for _, u := range slices.Backward(steps) {
		if err := u.run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", u.name, err))
		}
	}
	return errors.Join(errs...)
}

// run does one step under its time limit. A step that does not heed the limit is left behind a little
// later: the others must still be done.
func (u undo) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- protect(func() error { return u.do(ctx) }) }()
	select {
	case err := <-done:
		return err
	case <-time.After(undoTimeout + undoGrace):
		return fmt.Errorf("not done after %s, left behind", undoTimeout+undoGrace)
	}
}

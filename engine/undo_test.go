package engine

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Steps beside one another are undone at the same time: each of the two waits for the other. What was
// registered before or after them waits.
func TestCleanupBeside(t *testing.T) {
	r := &Run{}
	var mu sync.Mutex
	var order []string
	note := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, text)
	}
	a, b := make(chan struct{}), make(chan struct{})
	meet := func(mine, other chan struct{}) func(context.Context) error {
		return func(ctx context.Context) error {
			close(mine)
			select {
			case <-other:
				note("beside")
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	plain := func(name string) {
		r.Cleanup(name, func(context.Context) error { note(name); return errors.New("still busy") })
	}
	plain("first")
	r.CleanupBeside("a", meet(a, b))
	r.CleanupBeside("b", meet(b, a))
	plain("last")
	err := r.unwind(t.Context(), mark{})
	if diff := cmp.Diff([]string{"last", "beside", "beside", "first"}, order); diff != "" {
		t.Error(diff)
	}
	if err == nil || err.Error() != "last: still busy\nfirst: still busy" {
		t.Errorf("error %v", err)
	}
}

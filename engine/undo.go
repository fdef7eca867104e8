package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// undoTimeout bounds each step of the undoing.
const undoTimeout = 15 * time.Second

// undoGrace is what a step may take beyond its limit.
const undoGrace = 2 * time.Second

type undo struct {
	name string
	do   func(context.Context) error
	// beside tells that the step may be done at the same time as its neighbours of the same kind.
	beside bool
}

// Cleanup registers the undoing of something that was just started. Undoing runs in reverse order,
// each step under its own short time limit, also after cancellation.
func (r *Run) Cleanup(name string, do func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.undoing = append(r.undoing, undo{name: name, do: do})
}

// CleanupBeside is Cleanup for something that does not depend on what was registered so right before and
// after it: such steps are undone at the same time.
func (r *Run) CleanupBeside(name string, do func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.undoing = append(r.undoing, undo{name: name, do: do, beside: true})
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
	for len(steps) > 0 {
		from := len(steps) - 1
		for from > 0 && steps[from].beside && steps[from-1].beside {
			from--
		}
		errs = append(errs, together(ctx, steps[from:]))
		steps = steps[:from]
	}
	return errors.Join(errs...)
}

// together does all of the steps at the same time.
func together(ctx context.Context, steps []undo) error {
	errs := make([]error, len(steps))
	var doing sync.WaitGroup
	for i, u := range steps {
		doing.Go(func() {
			if err := u.run(ctx); err != nil {
				errs[i] = fmt.Errorf("%s: %w", u.name, err)
			}
		})
	}
	doing.Wait()
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

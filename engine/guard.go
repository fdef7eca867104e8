package engine

import (
	"context"
	"slices"
	"sync"
	"time"
)

// guard is something that must not end by itself while the run lasts.
type guard struct {
	ended <-chan struct{}
	why   func() error
}

// Guard says that the run cannot go on once ended is closed; why is then asked for the fault. The
// registration is undone like that of Collect.
func (r *Run) Guard(ended <-chan struct{}, why func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.guards = append(r.guards, guard{ended, why})
}

// died is the fault of the first guarded thing that has ended, or nil: a phase may be done before it
// notices.
func (r *Run) died() error {
	r.mu.Lock()
	guards := slices.Clone(r.guards)
	r.mu.Unlock()
	for _, g := range guards {
		select {
		case <-g.ended:
			return g.why()
		default:
		}
	}
	return nil
}

// Settle waits, no longer than the limit, for something guarded to show that it has ended, and returns
// its fault; nil if all of it runs. A phase calls it when it has lost a connection: the end of a process
// is noticed later than that of its connections.
func (r *Run) Settle(ctx context.Context, limit time.Duration) error {
	if r.mark().guards == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ctx, stop := r.guarded(ctx)
	defer stop()
	<-ctx.Done()
	return r.died()
}

// guarded is a context that ends when something guarded does, with the fault as its cause. stop must
// be called; it waits for the watching goroutines.
func (r *Run) guarded(ctx context.Context) (guarded context.Context, stop func()) {
	r.mu.Lock()
	guards := slices.Clone(r.guards)
	r.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	for _, g := range guards {
		watching.Go(func() {
			select {
			case <-g.ended:
				cancel(g.why())
			case <-ctx.Done():
			}
		})
	}
	return ctx, func() {
		cancel(nil)
		watching.Wait()
	}
}

package services

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Probe waits for one instance to be ready and tells at once when it has died instead.
type Probe struct {
	// Service names the service in errors.
	Service  string
	Instance Instance
	Ready    Ready
	// Logs keeps the output of the instance; it may be nil where Ready has no log check.
	Logs *Tail
	// Job tells that the service is ready once it has ended with exit status 0, and only then.
	Job bool
	// Check is a further check that must hold, such as speaking the service's own protocol; it may be nil.
	// Its error says what it saw. With it, an empty Ready does not check the port.
	Check func(ctx context.Context) error
}

// Readiness tells how a service became ready.
type Readiness struct {
	// After is the time from the call of Wait to the first check of the row that held.
	After time.Duration
	// Attempts counts the checks, those that held included.
	Attempts int
}

// logLines is how many lines of output go into an error.
const logLines = 20

// attemptTimeout bounds one check, so that a health endpoint that hangs is asked again.
const attemptTimeout = 5 * time.Second

// hanging is how long a check that the end of the waiting cut off must have taken to be worth more than the
// finding of the check before it.
const hanging = time.Second

// errExited is the cause of a context that ended because the instance did.
var errExited = errors.New("the service has ended")

// Wait checks until the service is ready. It returns a [NotReadyError] when the time is over or the
// instance ends, and ctx's error when ctx does.
func (p *Probe) Wait(ctx context.Context) (Readiness, error) {
	r := p.Ready.withDefaults()
	if p.Job {
		return p.finish(ctx, r.Timeout.Std())
	}
	c, err := p.checks(ctx, r)
	if err != nil {
		return Readiness{}, err
	}
	defer c.close()
	w := wait{want: r.Consecutive, start: time.Now(), last: errors.New("nothing was checked")}
	waiting, stop := p.bounded(ctx, r.Timeout.Std())
	defer stop()
	for !w.attempt(waiting, c) {
		if over(waiting) || pause(waiting, r.Interval.Std()) != nil {
			e := &NotReadyError{After: time.Since(w.start), LastProbe: w.last.Error()}
			return w.got, p.notReady(ctx, e)
		}
	}
	return w.got, nil
}

// finish waits for a job to end.
func (p *Probe) finish(ctx context.Context, limit time.Duration) (Readiness, error) {
	start := time.Now()
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case <-p.Instance.Exited():
	case <-waiting.Done():
	}
	done := Readiness{After: time.Since(start), Attempts: 1}
	if exited(p.Instance) && p.Instance.Exit() == (Exit{}) {
		return done, nil
	}
	return done, p.notReady(ctx, &NotReadyError{After: done.After, Job: true, LastProbe: "it still runs"})
}

// exited tells whether an instance has ended.
func exited(i Instance) bool {
	select {
	case <-i.Exited():
		return true
	default:
		return false
	}
}

// wait is how far a Wait has come.
type wait struct {
	want   int // checks in a row
	start  time.Time
	streak int
	last   error // of the last finished check that did not hold
	got    Readiness
}

// attempt checks once and tells whether the service is ready.
func (w *wait) attempt(ctx context.Context, c checks) bool {
	w.got.Attempts++
	began := time.Since(w.start)
	err := c.run(ctx)
	switch {
	case over(ctx):
		if err != nil && (w.got.Attempts == 1 || time.Since(w.start)-began > hanging) {
			w.last = err
		}
		return false
	case err != nil:
		w.streak, w.last = 0, err
		return false
	case w.streak == 0:
		w.got.After = began
	}
	w.streak++
	return w.streak >= w.want
}

// Hold checks that a service which is ready stays so for d. It returns a [NotReadyError] with Held
// set at the first check that fails, or at once when the instance ends. A log check is not repeated; a job
// that has ended stays ready.
func (p *Probe) Hold(ctx context.Context, d time.Duration) error {
	if p.Job {
		return nil
	}
	r := p.Ready.withDefaults()
	r.Log = Pattern{}
	c, err := p.checks(ctx, r)
	if err != nil {
		return err
	}
	defer c.close()
	start := time.Now()
	holding, stop := p.bounded(ctx, d+attemptTimeout)
	defer stop()
	for {
		err := c.run(holding)
		if err == nil {
			err = pause(holding, min(r.Interval.Std(), d-time.Since(start)))
		}
		if err != nil || context.Cause(holding) != nil {
			return p.notReady(ctx, &NotReadyError{After: time.Since(start), Held: true, LastProbe: text(err)})
		}
		if time.Since(start) >= d {
			return nil
		}
	}
}

// bounded is a context that ends after d, with the instance, or with ctx. stop must be called; it
// waits for the watching goroutine.
func (p *Probe) bounded(ctx context.Context, d time.Duration) (bounded context.Context, stop func()) {
	timed, cancelTime := context.WithTimeout(ctx, d)
	bounded, cancel := context.WithCancelCause(timed)
	if exited(p.Instance) { // before the first check can hold
		cancel(errExited)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-p.Instance.Exited():
			cancel(errExited)
		case <-bounded.Done():
		}
	}()
	return bounded, func() {
		cancelTime()
		cancel(nil)
		<-done
	}
}

// notReady completes the error: who, how it ended, what it wrote, what its engine says. Where ctx itself
// has ended, that is the error.
func (p *Probe) notReady(ctx context.Context, e *NotReadyError) error {
	e.Service = p.Service
	if exited(p.Instance) {
		exit := p.Instance.Exit()
		e.Exit = &exit
	} else if ctx.Err() != nil {
		return fmt.Errorf("waiting for %s to be ready: %w", p.Service, ctx.Err())
	}
	e.Log = p.Logs.Texts(logLines)
	if inspector, ok := p.Instance.(Inspector); ok {
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTimeout)
		defer cancel()
		if state, err := inspector.Inspect(asking); err == nil {
			e.State = &state
		}
	}
	return e
}

// over tells whether ctx has ended. A network deadline is noticed before the context's own timer fires.
func over(ctx context.Context) bool {
	deadline, _ := ctx.Deadline()
	return context.Cause(ctx) != nil || !time.Now().Before(deadline)
}

// pause sleeps for d or until ctx ends, whose error it returns then.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

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
	c, err := p.checks(r)
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
			return w.got, p.notReady(ctx, waiting, e)
		}
	}
	return w.got, nil
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
// set at the first check that fails, or at once when the instance ends. A log check is not repeated.
func (p *Probe) Hold(ctx context.Context, d time.Duration) error {
	r := p.Ready.withDefaults()
	r.Log = Pattern{}
	c, err := p.checks(r)
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
			return p.notReady(ctx, holding, &NotReadyError{After: time.Since(start), Held: true, LastProbe: text(err)})
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

// notReady completes the error: who, how it ended, what it wrote. Where ctx itself has ended, that is
// the error.
func (p *Probe) notReady(ctx, bounded context.Context, e *NotReadyError) error {
	e.Service = p.Service
	if errors.Is(context.Cause(bounded), errExited) {
		exit := p.Instance.Exit()
		e.Exit = &exit
	} else if ctx.Err() != nil {
		return fmt.Errorf("waiting for %s to be ready: %w", p.Service, ctx.Err())
	}
	e.Log = p.Logs.Texts(logLines)
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

// NotReadyError says why a service is not ready. Error is one line; the rest is in the fields.
type NotReadyError struct {
	Service string
	// After is how long was waited, or held.
	After time.Duration
	// Held is true where the service was ready and did not stay so.
	Held bool
	// LastProbe is what the last finished check saw: "connection refused", "status 503: starting".
	LastProbe string
	// Exit tells how the service ended; nil while it runs.
	Exit *Exit
	// Log holds the last 20 lines that the service wrote, oldest first.
	Log []string
}

func (e *NotReadyError) Error() string {
	after := e.After.Round(time.Millisecond)
	switch {
	case e.Exit != nil && e.Held:
		return e.withLog(fmt.Sprintf("%s was ready and ended after %s with %s", e.Service, after, e.Exit))
	case e.Exit != nil:
		return e.withLog(fmt.Sprintf("%s ended after %s with %s, before it was ready", e.Service, after, e.Exit))
	case e.Held:
		return fmt.Sprintf("%s was ready and stopped being so after %s: %s", e.Service, after, e.LastProbe)
	}
	return fmt.Sprintf("%s was not ready within %s: %s", e.Service, after, e.LastProbe)
}

func (e *NotReadyError) withLog(msg string) string {
	if last := lastText(e.Log); last != "" {
		return msg + "; it wrote last: " + oneLine(last)
	}
	return msg
}

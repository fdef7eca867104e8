package replay

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headgate-dev/headgate/traffic"
)

// Player sends a set on schedule: the requests of a session in order, each after the answer to the
// one before; sessions at the same time, up to the concurrency. A session that has to wait for its
// turn keeps its own rhythm: its schedule shifts as a whole.
type Player struct {
	Sender Sender
	Pacing Pacing
	// Values fills in {{now}}, {{now_ms}} and {{uuid}}.
	Values Values
}

// ErrStopped stands in the results of requests that were not sent because the replay was stopped.
var ErrStopped = errors.New("the replay was stopped before this request")

// Play sends the whole set and returns when every record has its result and nothing runs any more.
// What goes wrong with single requests stands in their results. When ctx ends, requests under way are
// given up, the unsent ones are aborted, and the cause is returned.
func (p *Player) Play(ctx context.Context, set *traffic.Set, hooks Hooks) error {
	run := &playing{
		Player: p, hooks: hooks, schedule: p.Pacing.Schedule(set), ceiling: NewCeiling(p.Pacing.Rate),
		start: time.Now(),
	}
	var group errgroup.Group
	group.SetLimit(max(1, p.Pacing.Concurrency))
	for i, session := range set.Sessions {
		group.Go(func() error {
			run.session(ctx, session, run.schedule.Due[i])
			return nil
		})
	}
	_ = group.Wait() // sessions return no errors
	return context.Cause(ctx)
}

// playing is one call of Play.
type playing struct {
	*Player
	hooks    Hooks
	schedule *Schedule
	ceiling  *Ceiling
	start    time.Time
}

// session plays one session to its end. Its shift is how far its turn comes after its start was due.
func (p *playing) session(ctx context.Context, s *traffic.Session, due []time.Duration) {
	queued := time.Duration(0)
	if p.schedule.Paced {
		queued = max(0, time.Since(p.start)-due[0])
	}
	for i, r := range s.Records {
		result := &Result{
			Record: r, Session: s.Key, Index: i, Endpoint: traffic.Endpoint(r.Request.Method, r.Request.URL),
			Due: due[i] + queued, Queued: queued,
		}
		p.exchange(ctx, result)
		if p.hooks.Result != nil {
			p.hooks.Result(result)
		}
	}
}

// exchange fills the result of one request.
func (p *playing) exchange(ctx context.Context, r *Result) {
	if err := Sendable(r.Record); err != nil {
		r.Err, r.Bucket = err, Skipped
		return
	}
	if !p.wait(ctx, r.Due) {
		r.Err, r.Bucket = ErrStopped, Aborted
		return
	}
	request := p.prepare(r)
	r.SentAt = time.Now()
	r.Sent = r.SentAt.Sub(p.start)
	if !p.schedule.Paced {
		r.Due = r.Sent
	}
	r.Lateness = max(0, r.Sent-r.Due)
	r.Request = request
	r.Response, r.Err = p.Sender.Send(ctx, request)
	r.Latency = time.Since(r.SentAt)
	r.Bucket = Classify(r.Err)
	if r.Err != nil && ctx.Err() != nil {
		r.Bucket = Aborted
	}
}

// wait sleeps until a request is due and the ceiling allows it. It is false when ctx ended first.
func (p *playing) wait(ctx context.Context, due time.Duration) bool {
	if !p.sleepUntil(ctx, due) {
		return false
	}
	return p.sleepUntil(ctx, p.ceiling.Next(time.Since(p.start)))
}

// coarse is how late the runtime's timers can be: it waits in whole milliseconds. The rest is slept by
// the operating system, which is exact to some tens of microseconds.
const coarse = 1500 * time.Microsecond

func (p *playing) sleepUntil(ctx context.Context, at time.Duration) bool {
	left := at - time.Since(p.start)
	if left > coarse && !sleep(ctx, left-coarse) {
		return false
	}
	if left = at - time.Since(p.start); left > 0 {
		nap(left)
	}
	return sleep(ctx, at-time.Since(p.start))
}

// sleep is false when ctx has ended first.
func sleep(ctx context.Context, left time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	if left <= 0 {
		return true
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// prepare is the request as it is to be sent.
func (p *playing) prepare(r *Result) *traffic.Request {
	request := r.Record.Request
	if p.hooks.Before != nil {
		request = p.hooks.Before(r.Session, r.Index, request)
	}
	return p.Values.Fill(r.Record.ID, request)
}

// sortedNames lists header names in a fixed order.
func sortedNames(h http.Header) []string { return slices.Sorted(maps.Keys(h)) }

package replay

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headgate-dev/headgate/traffic"
)

// Player sends recorded sessions on schedule: the requests of a session in order, each after the answer to the
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

// Play sends everything that the source hands out, each session under the eyes of the follower that
// follow gives it, and returns when every record has its result and nothing runs any more. What goes
// wrong with single requests stands in their results. When ctx ends, requests under way are given up,
// the unsent ones are aborted, and the cause is returned. Records that the source cannot hand out have no
// result: then its error is returned.
func (p *Player) Play(ctx context.Context, source Source, follow func(session string) Follower) error {
	schedule, err := p.Pacing.Schedule(source.Marks)
	if err != nil {
		return err
	}
	run := &playing{
		Player: p, follow: follow, schedule: schedule, start: time.Now(),
		spread: NewCeiling(p.Pacing.Rate), ceiling: NewCeiling(p.Pacing.Rate),
	}
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(max(1, p.Pacing.Concurrency))
	for {
		session, err := source.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			group.Go(func() error { return err })
			break
		}
		group.Go(func() error { return run.session(within, session) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// playing is one call of Play.
type playing struct {
	*Player
	follow   func(session string) Follower
	schedule *Schedule
	// spread keeps the due times apart, ceiling the requests.
	spread, ceiling *Ceiling
	start           time.Time
}

// session plays one session to its end. Its shift is how far its turn comes after its start was due;
// no request is due before the one in front of it was.
func (p *playing) session(ctx context.Context, s Session) error {
	follower := p.follow(s.Key())
	defer follower.End()
	clock := p.schedule.Clock()
	var queued, due time.Duration
	for i := 0; ; i++ {
		result := &Result{Step: Step{Session: s.Key(), Index: i}}
		if err := s.Next(&result.Step); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		at := clock.Due(result.Record.Time)
		if i == 0 && p.schedule.Paced {
			queued = max(0, time.Since(p.start)-at)
		}
		result.Due, result.Queued = max(due, at+queued), queued
		p.exchange(ctx, result, follower)
		follower.Result(result)
		due = result.Due
	}
}

// exchange fills the result of one request.
func (p *playing) exchange(ctx context.Context, r *Result, follower Follower) {
	if r.Traits&Unsendable != 0 {
		r.Err, r.Bucket = Sendable(r.Record), Skipped
		return
	}
	if !p.wait(ctx, r) {
		r.Err, r.Bucket = ErrStopped, Aborted
		return
	}
	request := p.prepare(r, follower)
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

// wait sleeps until a request is due and the ceiling allows it; where requests are due too close together
// for the ceiling, all but the first are due later. It is false when ctx ended first.
func (p *playing) wait(ctx context.Context, r *Result) bool {
	if !p.schedule.Paced {
		return ctx.Err() == nil
	}
	if !p.sleepUntil(ctx, r.Due) {
		return false
	}
	if p.Pacing.Rate <= 0 {
		return true
	}
	r.Due = p.spread.Next(r.Due)
	return p.sleepUntil(ctx, r.Due) && p.sleepUntil(ctx, p.ceiling.Next(time.Since(p.start)))
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
func (p *playing) prepare(r *Result, follower Follower) *traffic.Request {
	request := follower.Before(&r.Step)
	if r.Traits&Variable == 0 && request == r.Record.Request {
		return request
	}
	return p.Values.Fill(r.Record.ID, request)
}

// sortedNames lists header names in a fixed order.
func sortedNames(h http.Header) []string { return slices.Sorted(maps.Keys(h)) }

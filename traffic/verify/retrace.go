package verify

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/recording"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// Exchange is a recorded request that was sent again, with its answer and what differed.
type Exchange struct {
	*replay.Result

	Outcome compare.Outcome
}

// Matched tells whether there is an answer and it is as recorded.
func (e Exchange) Matched() bool { return e.Response != nil && e.Outcome.OK() }

// Retrace sends the requests of a session up to a record, one after another and without the recorded
// pauses, so that what the record needs is there. last is called before the record's own request is
// sent; it may be nil. Of the environment it uses the target, the clock, the seed and Played.
func (p *Plan) Retrace(
	ctx context.Context, env Env, at recording.Position, last func(),
) (list []Exchange, err error) {
	sender, err := replay.NewHTTPSender(env.Target, p.Replay.HTTPOptions())
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	player := replay.Player{
		Sender: sender, Pacing: replay.Pacing{Concurrency: 1, Scale: replay.Scale(math.Inf(1))},
		Values: replay.Values{Now: env.Clock, Seed: env.Seed},
	}
	f := &retracing{plan: p, session: p.correlator.NewSession(), played: env.Played}
	f.last = func(s *replay.Step) {
		if s.Index == at.Index && last != nil {
			last()
		}
	}
	err = player.Play(ctx, at.Upto.Source(), func(string) replay.Follower { return f })
	return f.list, errors.Join(err, f.failed)
}

// retracing follows the one session of a Retrace.
type retracing struct {
	plan    *Plan
	session *correlate.Session
	last    func(*replay.Step)
	played  func(id string)
	list    []Exchange
	failed  error
}

// Before implements [replay.Follower].
func (f *retracing) Before(s *replay.Step) *traffic.Request {
	f.last(s)
	return f.session.Apply(s.Endpoint, s.Record.Request)
}

// Result implements [replay.Follower].
func (f *retracing) Result(r *replay.Result) {
	outcome, err := f.plan.verify(f.plan.comparer, f.session, r)
	f.failed = errors.Join(f.failed, err)
	if r.Response != nil {
		f.played(r.Record.ID)
	}
	f.list = append(f.list, Exchange{Result: r, Outcome: outcome})
}

// End implements [replay.Follower].
func (f *retracing) End() {}

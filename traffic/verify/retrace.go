package verify

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// Exchange is a recorded request that was sent again, with its answer and what differed.
type Exchange struct {
	*replay.Result

	Outcome compare.Outcome
}

// Matched tells whether there is an answer and it is as recorded.
func (e Exchange) Matched() bool { return e.Response != nil && e.Outcome.OK() }

// Position is the place of a record in its session.
type Position struct {
	Session *traffic.Session
	Index   int
}

// Find looks for a record in the traffic that is replayed.
func (p *Plan) Find(id string) (Position, bool) {
	for _, s := range p.Set.Sessions {
		for i, r := range s.Records {
			if r.ID == id {
				return Position{s, i}, true
			}
		}
	}
	return Position{}, false
}

// Retrace sends the requests of a session up to a record, one after another and without the recorded
// pauses, so that what the record needs is there. last is called before the record's own request is
// sent; it may be nil. Of the environment it uses the target, the clock, the seed and Played.
func (p *Plan) Retrace(ctx context.Context, env Env, at Position, last func()) (list []Exchange, err error) {
	sender, err := replay.NewHTTPSender(env.Target, p.Replay.HTTPOptions())
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	part := &traffic.Session{Key: at.Session.Key, Start: at.Session.Start, Records: at.Session.Records[:at.Index+1]}
	session := p.correlator.NewSession(at.Session.Records)
	player := replay.Player{
		Sender: sender, Pacing: replay.Pacing{Concurrency: 1, Scale: replay.Scale(math.Inf(1))},
		Values: replay.Values{Now: env.Clock, Seed: env.Seed},
	}
	err = player.Play(ctx, &traffic.Set{Sessions: []*traffic.Session{part}}, replay.Hooks{
		Before: func(_ string, index int, r *traffic.Request) *traffic.Request {
			if index == at.Index && last != nil {
				last()
			}
			return session.Apply(index, r)
		},
		Result: func(r *replay.Result) {
			e := Exchange{Result: r, Outcome: verify(p.comparer, session, r)}
			if r.Response != nil {
				env.Played(r.Record.ID)
			}
			list = append(list, e)
		},
	})
	return list, err
}

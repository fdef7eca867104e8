package verify

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/recording"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// Env is where a trial takes place.
type Env struct {
	// Target is the base URL of the service under test.
	Target  string
	Metrics *metric.Registry
	// Results takes one JSON line for each recorded request, Diffs one for each difference.
	Results, Diffs io.Writer
	// Played is told each recorded request that was answered.
	Played func(id string)
	// Mocks tells how many requests the mocks have had so far, and how many no stub matched.
	Mocks func() (requests, misses int64)
	// Progress is told how far the replay has come, a few times a second.
	Progress func(Progress)
	Clock    func() time.Time
	Seed     uint64
}

// Progress is how far a trial has come.
type Progress struct {
	Sent, Planned, Matched int
	P95                    time.Duration
	Misses                 int64
}

// Trial is one attempt at replaying a plan, in one part or several: a canary and the rest. Each
// request of the plan is accounted for once.
type Trial struct {
	plan     *Plan
	env      Env
	sender   *replay.HTTPSender
	comparer *compare.Comparer
	window   *replay.Window
	rest     recording.Part

	mu         sync.Mutex
	accounting replay.Accounting
	groups     compare.Aggregate
	meters     *meters
	results    lines
	diffs      lines
	requests   map[string]*traffic.Request
	began      time.Time
	playing    time.Duration
	unwritten  error
	unread     error
	// shortfalls counts what was not sent or not compared, by reason.
	shortfalls map[Shortfall]int
	// unbound are the first of unboundTotal values that were not issued again, carried counts those that
	// were put into requests.
	unbound      []unissued
	unboundTotal int
	carried      int
	carriage     *correlate.Report
}

// Begin starts a trial of the whole plan. Nothing is sent yet.
func (p *Plan) Begin(env Env) (*Trial, error) {
	sender, err := replay.NewHTTPSender(env.Target, p.Replay.HTTPOptions())
	if err != nil {
		return nil, err
	}
	comparer, err := compare.New(p.Replay.Compare) // the uses of its rules are those of this trial
	if err != nil {
		return nil, err
	}
	t := &Trial{
		plan: p, env: env, rest: p.All(), comparer: comparer,
		sender:   sender,
		window:   replay.NewWindow(p.Replay.Cutoffs.Window.Std()),
		requests: map[string]*traffic.Request{}, shortfalls: map[Shortfall]int{},
		meters:  newMeters(env.Metrics),
		results: lines{name: "results.jsonl", to: env.Results}, diffs: lines{name: "diffs.jsonl", to: env.Diffs},
		began: env.Clock(), carriage: p.Left().Clone(),
	}
	env.Metrics.Add(replayRef("planned"), float64(p.Len()))
	return t, nil
}

// Canary replays the earliest sessions, whole, until at least n requests are sent.
func (t *Trial) Canary(ctx context.Context, n int) error {
	canary, rest, err := t.rest.Canary(n)
	if err != nil {
		return err
	}
	t.rest = rest
	return t.play(ctx, canary)
}

// Rest replays everything that is left.
func (t *Trial) Rest(ctx context.Context) error {
	rest := t.rest
	t.rest = rest.None()
	return t.play(ctx, rest)
}

// play replays one part under the eyes of the cutoffs.
func (t *Trial) play(ctx context.Context, part recording.Part) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	started := t.env.Clock()
	watching := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(watching)
		t.watch(started, stop, cancel)
	}()
	player := replay.Player{
		Sender: t.sender, Pacing: t.plan.Replay.Pacing(), Values: replay.Values{Now: t.env.Clock, Seed: t.env.Seed},
	}
	err := player.Play(ctx, part.Source(), t.follow)
	if err != nil && ctx.Err() == nil {
		t.unread = &ReadError{err}
		err = t.unread
	}
	close(stop)
	<-watching
	t.playing += t.env.Clock().Sub(started)
	t.summarize()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err == nil {
		err = t.flush()
	}
	return err
}

// verify compares an answer with the recorded one and decides where its request ends. What the answer
// issues is learned first, so that it counts as equal at once.
func (p *Plan) verify(c *compare.Comparer, s *correlate.Session, r *replay.Result) (compare.Outcome, error) {
	if r.Bucket != replay.Answered {
		return compare.Outcome{}, nil
	}
	var err error
	if len(r.Links) > 0 {
		var links []correlate.Link
		links, err = correlate.ParseLinks(r.Links)
		s.Learn(correlate.Exchange{
			Index: r.Index, Endpoint: r.Endpoint, Target: r.Record.Request.URL, Links: links,
			Recorded: r.Record.Response, Actual: r.Response,
		})
	}
	outcome := c.Compare(r.Endpoint, r.Record.Response, p.transforms.Redacted(r.Record, r.Response), s)
	r.Bucket = bucket(r.Record.Response, outcome)
	return outcome, err
}

// bucket decides where an answered request ends. An answer to a request that has no recorded
// response cannot differ; that it was not compared shows in the counter "compared" and in its line.
func bucket(recorded *traffic.Response, o compare.Outcome) replay.Bucket {
	switch {
	case recorded != nil && !o.StatusMatched:
		return replay.StatusDiffered
	case len(o.Differences) > 0:
		return replay.Differed
	}
	return replay.Matched
}

// Tripped is the error of a replay that a cutoff has stopped.
type Tripped struct {
	Rule  string
	Value string
	After time.Duration
}

func (e *Tripped) Error() string {
	return fmt.Sprintf("cutoff %s tripped after %s at %s", e.Rule, e.After.Round(100*time.Millisecond), e.Value)
}

// Unsent is the number of requests that were not sent, or not to their end.
func (t *Trial) Unsent() int {
	return t.plan.Len() - t.accounting.Sum() + t.accounting.Count(replay.Aborted)
}

// Accounting is where the requests have ended so far.
func (t *Trial) Accounting() map[replay.Bucket]int { return t.accounting.Counts() }

// Close frees the trial's connections.
func (t *Trial) Close() error { return t.sender.Close() }

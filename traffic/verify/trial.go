package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/correlate"
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
	rest     *traffic.Set

	mu         sync.Mutex
	sessions   map[string]*correlate.Session
	accounting replay.Accounting
	groups     compare.Aggregate
	results    *json.Encoder
	diffs      *json.Encoder
	requests   map[string]*traffic.Request
	began      time.Time
	playing    time.Duration
	unwritten  error
	// shortfalls counts what was not sent or not compared, by reason.
	shortfalls map[Shortfall]int
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
		plan: p, env: env, rest: p.Set, comparer: comparer,
		sender:   sender,
		window:   replay.NewWindow(p.Replay.Cutoffs.Window.Std()),
		sessions: map[string]*correlate.Session{}, requests: map[string]*traffic.Request{}, shortfalls: map[Shortfall]int{},
		results: json.NewEncoder(env.Results), diffs: json.NewEncoder(env.Diffs),
		began: env.Clock(),
	}
	for _, s := range p.Set.Sessions {
		t.sessions[s.Key] = p.correlator.NewSession(s.Records)
	}
	env.Metrics.Add(replayRef("planned"), float64(p.Set.Len()))
	return t, nil
}

// Canary replays the earliest sessions, whole, until at least n requests are sent.
func (t *Trial) Canary(ctx context.Context, n int) error {
	canary, rest := t.rest.Canary(n)
	t.rest = rest
	return t.play(ctx, canary)
}

// Rest replays everything that is left.
func (t *Trial) Rest(ctx context.Context) error {
	rest := t.rest
	t.rest = &traffic.Set{}
	return t.play(ctx, rest)
}

// Abandon accounts for everything that was not replayed, where the trial ends early.
func (t *Trial) Abandon() {
	for _, s := range t.rest.Sessions {
		for i, r := range s.Records {
			t.take(&replay.Result{
				Record: r, Session: s.Key, Index: i, Bucket: replay.Aborted,
				Endpoint: traffic.Endpoint(r.Request.Method, r.Request.URL),
				Err:      errors.New("not replayed: the run ended before"),
			})
		}
	}
	t.rest = &traffic.Set{}
}

// play replays one part under the eyes of the cutoffs.
func (t *Trial) play(ctx context.Context, part *traffic.Set) error {
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
	err := player.Play(ctx, part, replay.Hooks{Before: t.before, Result: t.take})
	close(stop)
	<-watching
	t.playing += t.env.Clock().Sub(started)
	t.summarize()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err == nil {
		err = t.failedWriting()
	}
	return err
}

func (t *Trial) before(session string, index int, r *traffic.Request) *traffic.Request {
	return t.sessions[session].Apply(index, r)
}

// take accounts for one result. Calls for one session come in order.
func (t *Trial) take(r *replay.Result) {
	outcome := verify(t.comparer, t.sessions[r.Session], r)
	if r.Response != nil {
		t.env.Played(r.Record.ID)
	}
	t.accounting.Add(r.Bucket)
	t.measure(r, outcome)
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Response != nil && r.Record.Response != nil && t.groups.Add(r.Endpoint, outcome, r.Record.ID) {
		t.requests[r.Record.ID] = r.Request
	}
	switch {
	case r.Bucket == replay.Skipped:
		t.shortfalls[Shortfall{Skipped: true, Why: r.Err.Error()}]++
	case r.Response != nil && outcome.NotCompared != "":
		t.shortfalls[Shortfall{Why: outcome.NotCompared}]++
	}
	t.write(r, outcome)
}

// verify compares an answer with the recorded one and decides where its request ends. What the answer
// issues is learned first, so that it counts as equal at once.
func verify(c *compare.Comparer, s *correlate.Session, r *replay.Result) compare.Outcome {
	if r.Bucket != replay.Answered {
		return compare.Outcome{}
	}
	s.Learn(r.Index, r.Record.Response, r.Response)
	outcome := c.Compare(r.Endpoint, r.Record.Response, r.Response, s)
	r.Bucket = bucket(r.Record.Response, outcome)
	return outcome
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
	return t.plan.Set.Len() - t.accounting.Sum() + t.accounting.Count(replay.Aborted)
}

// Accounting is where the requests have ended so far.
func (t *Trial) Accounting() map[replay.Bucket]int { return t.accounting.Counts() }

// Close frees the trial's connections.
func (t *Trial) Close() error { return t.sender.Close() }

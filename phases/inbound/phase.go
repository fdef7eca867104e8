// Package inbound is phase 4: it replays the captured inbound traffic against the application under
// test and accounts for every request.
package inbound

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// Phase is the phase of the replay. It is also the stage on which the canary plays: the canary is the
// first part of the one replay, so that each request is sent once.
type Phase struct {
	plan  *verify.Plan
	trial *verify.Trial
}

// New makes the phase; plan is nil where nothing is replayed.
func New(plan *verify.Plan) *Phase { return &Phase{plan: plan} }

// Name is the phase's name.
func (p *Phase) Name() string { return engine.Replay }

// Scopes names what the phase measures.
func (p *Phase) Scopes() []string { return []string{"replay", "endpoint"} }

// Close frees the traffic.
func (p *Phase) Close() error { return p.plan.Close() }

// Skip passes the phase over where nothing is replayed.
func (p *Phase) Skip() string {
	if p.plan == nil {
		return "no replay"
	}
	return ""
}

// Planned is the number of requests of the whole replay.
func (p *Phase) Planned() int { return p.plan.Len() }

// Plan says what would be sent.
func (p *Phase) Plan() []string {
	c := p.plan.Replay
	takes, err := c.Pacing().Duration(p.plan.All().Source().Marks)
	about := "about " + takes.Round(100*time.Millisecond).String()
	if err != nil {
		about = err.Error()
	}
	lines := []string{
		fmt.Sprintf("%d requests to %s at %s, %d sessions at a time, %s", p.Planned(), c.Target,
			c.TimeScale, c.Concurrency, about),
		p.plan.Sessions,
	}
	for _, u := range p.plan.Transforms() {
		lines = append(lines, fmt.Sprintf("transform %s: %d values changed", u.Name, u.Count))
	}
	for _, e := range p.plan.Endpoints() {
		lines = append(lines, fmt.Sprintf("%6d  %s", e.Requests, e.Endpoint))
	}
	return lines
}

// Canary begins the replay and plays at least n requests of it.
func (p *Phase) Canary(ctx context.Context, r *engine.Run, n int) error {
	if err := p.begin(r); err != nil {
		return err
	}
	return p.settled(ctx, r, p.trial.Canary(ctx, n))
}

// Run plays what the canary has left.
func (p *Phase) Run(ctx context.Context, r *engine.Run) error {
	if p.trial == nil {
		if err := p.begin(r); err != nil {
			return err
		}
	}
	return p.settled(ctx, r, p.trial.Rest(ctx))
}

// settle is how long an application that broke a connection has to show whether it has died.
const settle = 500 * time.Millisecond

// settled is the end of a part of the replay: an application that has died is the cause of the requests
// without an answer, not the change in what it answers.
func (p *Phase) settled(ctx context.Context, r *engine.Run, err error) error {
	if err == nil && p.trial.Accounting()[replay.TransportError] > 0 {
		return r.Settle(ctx, settle)
	}
	return classify(err)
}

// begin opens the result files and starts the trial.
func (p *Phase) begin(r *engine.Run) error {
	target, err := p.target(r)
	if err != nil {
		return err
	}
	results, err := open(r, "results.jsonl")
	if err != nil {
		return err
	}
	diffs, err := open(r, "diffs.jsonl")
	if err != nil {
		return err
	}
	p.trial, err = p.plan.Begin(verify.Env{
		Target: target, Metrics: r.Metrics, Results: results, Diffs: diffs, Played: r.Played,
		Mocks: r.Mocked, Clock: r.Clock, Seed: r.Seed,
		Progress: func(g verify.Progress) { r.Emit(progress(g)) },
	})
	if err != nil {
		return &engine.Fault{Verdict: engine.Invalid, Err: err}
	}
	trial := p.trial
	r.Cleanup("replay", func(context.Context) error {
		p.trial = nil
		return trial.Close()
	})
	r.Fingerprint("traffic", p.plan.Hash())
	r.Fingerprint("concurrency", strconv.Itoa(p.plan.Replay.Concurrency))
	r.Fingerprint("time_scale", p.plan.Replay.TimeScale.String())
	r.Note(engine.Replay, "%s", p.plan.Sessions)
	for _, u := range p.plan.Transforms() {
		r.Note(engine.Replay, "transform %s: %d values changed", u.Name, u.Count)
	}
	if n := p.plan.Cut; n > 0 {
		r.Note(engine.Replay, "sessions of more than %d requests: %d; what an answer issues was looked for in that many "+
			"requests behind it, and is not carried further", correlate.Window, n)
	}
	return nil
}

func open(r *engine.Run, name string) (*os.File, error) {
	f, err := r.Artifact(name)
	if err != nil {
		return nil, err
	}
	r.Cleanup(name, func(context.Context) error { return f.Close() })
	return f, nil
}

// target is the base URL of the application under test.
func (p *Phase) target(r *engine.Run) (string, error) {
	target := p.plan.Replay.Target
	if strings.Contains(target, "://") {
		return target, nil
	}
	if url, ok := r.Lookup("apps." + target + ".url"); ok {
		return url, nil
	}
	return "", &engine.Fault{
		Verdict: engine.Invalid, Err: fmt.Errorf("target %s is not running", target),
		Hint: "run the phase sut as well, or give a URL as target",
	}
}

func progress(g verify.Progress) engine.Event {
	return engine.Event{
		Kind: engine.Progressed, Phase: engine.Replay, Progress: engine.Progress{
			Sent: g.Sent, Planned: g.Planned, Passed: g.Matched, P95: g.P95, Misses: g.Misses,
		},
	}
}

// classify turns what ended a replay early into a fault.
func classify(err error) error {
	var tripped *verify.Tripped
	var unwritten *verify.WriteError
	var unread *verify.ReadError
	switch {
	case errors.As(err, &tripped):
		return &engine.Fault{Verdict: engine.Failed, Err: tripped, Hint: "see the slowest and failing endpoints below"}
	case errors.As(err, &unwritten):
		return &engine.Fault{
			Verdict: engine.Environment, Err: unwritten, Hint: "free some space, or choose another folder with --out",
		}
	case errors.As(err, &unread):
		return &engine.Fault{Verdict: engine.Environment, Err: unread, Hint: "see that TMPDIR is on a disk in order"}
	}
	return err
}

// Tell adds the replay to the report.
func (p *Phase) Tell(r *engine.Run, rep *engine.Report) {
	if p.plan == nil {
		return
	}
	rep.Accounting.Planned = p.Planned()
	if p.trial == nil {
		rep.Accounting.Aborted = p.Planned()
		return
	}
	p.trial.Abandon()
	tellAccounting(p.trial.Accounting(), &rep.Accounting)
	p.tellDifferences(rep)
	p.tellEndpoints(rep)
	p.tellShortfalls(r)
	p.tellRules(r)
}

func tellAccounting(counts map[replay.Bucket]int, a *engine.Accounting) {
	a.Matched = counts[replay.Matched]
	a.Differed = counts[replay.Differed]
	a.StatusDiffered = counts[replay.StatusDiffered]
	a.TransportErrors = counts[replay.TransportError]
	a.TimedOut = counts[replay.TimedOut]
	a.Shed = counts[replay.Shed]
	a.Aborted = counts[replay.Aborted]
	a.Skipped = counts[replay.Skipped]
}

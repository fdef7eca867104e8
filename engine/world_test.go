package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
)

// fake is a phase whose parts can be set.
type fake struct {
	name     string
	run      func(ctx context.Context, r *engine.Run, attempt int) error
	gates    []*gates.Program
	skip     string
	timeout  time.Duration
	scopes   []string
	tell     func(r *engine.Run, rep *engine.Report)
	attempts int
}

func (f *fake) Name() string { return f.name }

func (f *fake) Run(ctx context.Context, r *engine.Run) error {
	f.attempts++
	if f.run == nil {
		return nil
	}
	return f.run(ctx, r, f.attempts)
}

func (f *fake) Gates() []*gates.Program { return f.gates }
func (f *fake) Skip() string            { return f.skip }
func (f *fake) Timeout() time.Duration  { return f.timeout }
func (f *fake) Scopes() []string        { return f.scopes }

func (f *fake) Tell(r *engine.Run, rep *engine.Report) {
	if f.tell != nil {
		f.tell(r, rep)
	}
}

// watcher is a reporter that keeps what it is told.
type watcher struct {
	events   []engine.Event
	finished []*engine.Report
	err      error
}

func (w *watcher) Event(e engine.Event) { w.events = append(w.events, e) }

func (w *watcher) Finish(rep *engine.Report) error {
	w.finished = append(w.finished, rep)
	return w.err
}

func (w *watcher) Artifact() string { return "watched.txt" }

func (w *watcher) texts(kind engine.EventKind) []string {
	var list []string
	for _, e := range w.events {
		if e.Kind == kind {
			list = append(list, e.Text)
		}
	}
	return list
}

// world is an engine with four fake phases. By default each passes on evidence.
type world struct {
	*engine.Engine
	t                               *testing.T
	backends, sut, quality, inbound *fake
	watcher                         *watcher
	undone                          []string
}

func declared() []metric.Desc {
	return []metric.Desc{
		{Scope: "mocks", Name: "match_rate", Kind: metric.Rate, Unit: metric.Ratio, Family: "mock"},
		{Scope: "apps", Name: "ready", Kind: metric.Flag, Family: "readiness"},
		{Scope: "apps", Name: "new_log_errors", Kind: metric.Gauge, Unit: metric.Count, Family: "readiness"},
		{Scope: "apps", Name: "mem", Kind: metric.Gauge, Unit: metric.Bytes, Family: "resource"},
		{Scope: "replay", Name: "status", Kind: metric.Rate, Unit: metric.Ratio, Family: "status"},
		{Scope: "replay", Name: "body", Kind: metric.Rate, Unit: metric.Ratio, Family: "body"},
		{Scope: "replay", Name: "coverage", Kind: metric.Rate, Unit: metric.Ratio, Family: "coverage"},
		{Scope: "replay", Name: "latency", Kind: metric.Distribution, Unit: metric.Seconds, Family: "latency"},
		{Scope: "side_effects", Name: "missing", Kind: metric.Gauge, Unit: metric.Count, Family: "side_effect"},
	}
}

func replayRef(name string) metric.Ref { return metric.Ref{Scope: "replay", Name: name} }

func appRef(name string) metric.Ref { return metric.Ref{Scope: "apps", Subject: "svc", Name: name} }

func newWorld(t *testing.T, file string) *world {
	t.Helper()
	p, ds := load(t, file)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	registry, err := metric.New(declared()...)
	if err != nil {
		t.Fatal(err)
	}
	p.Metrics = registry
	w := &world{t: t, watcher: &watcher{}}
	w.backends = &fake{name: engine.Backends, scopes: []string{"mocks"}}
	w.sut = &fake{name: engine.Sut, scopes: []string{"apps"}}
	w.quality = &fake{name: engine.Quality, tell: planned(10)}
	w.inbound = &fake{name: engine.Replay, scopes: []string{"replay"}}
	w.inbound.run = func(_ context.Context, r *engine.Run, _ int) error {
		r.Metrics.Hit(replayRef("status"), 10, 10)
		return nil
	}
	w.Engine = &engine.Engine{
		Pipeline: p, Phases: []engine.Phase{w.backends, w.sut, w.quality, w.inbound},
		Reporters: []engine.Reporter{w.watcher},
	}
	w.quality.gates = w.compile(engine.Quality, "replay", `status: "== 1"`)
	return w
}

// planned tells that n requests were answered as recorded.
func planned(n int) func(*engine.Run, *engine.Report) {
	return func(_ *engine.Run, rep *engine.Report) {
		rep.Accounting = engine.Accounting{Planned: n, Matched: n}
	}
}

func load(t *testing.T, file string) (*engine.Pipeline, spec.Diagnostics) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop", "pipeline.yaml")
	write(t, path, file)
	return engine.Load(path, nil, func(string) (string, bool) { return "", false })
}

// compile makes gates of a phase; those of the scope apps have the subject svc.
func (w *world) compile(phase, scope, block string) []*gates.Program {
	w.t.Helper()
	doc, ds := spec.Parse("gates.yaml", []byte(block), spec.Options{})
	if ds.Err() != nil {
		w.t.Fatal(ds)
	}
	s := gates.Scope{Phase: phase, MetricScope: scope, Registry: w.Pipeline.Metrics}
	if metric.HasSubjects(scope) {
		s.Subject = "svc"
		w.Pipeline.Metrics.Subject(scope, "svc")
	}
	programs, ds := gates.Parse(doc.Root, s)
	if ds.Err() != nil {
		w.t.Fatal(ds)
	}
	return programs
}

// undo registers a step that notes that it was done.
func (w *world) undo(r *engine.Run, name string) {
	r.Cleanup(name, func(context.Context) error {
		w.undone = append(w.undone, name)
		return nil
	})
}

// ticking is a clock that goes on by a second with every look.
func ticking() func() time.Time {
	begin := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	var looks atomic.Int64
	return func() time.Time { return begin.Add(time.Duration(looks.Add(1)) * time.Second) }
}

func (w *world) play(ctx context.Context) *engine.Report {
	w.t.Helper()
	rep, err := w.tryPlay(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return rep
}

func (w *world) tryPlay(ctx context.Context) (*engine.Report, error) {
	w.t.Helper()
	return w.Run(ctx, engine.Options{ID: "run-1", Dir: w.t.TempDir(), Seed: 7, Clock: ticking(), Reproduce: "again"})
}

func (w *world) want(rep *engine.Report, verdict engine.Verdict, cause string) {
	w.t.Helper()
	if rep.Verdict != verdict || rep.Cause != cause || rep.ExitCode != verdict.ExitCode() {
		w.t.Errorf("verdict %s, exit code %d, cause %q;\nwant %s, %d, %q",
			rep.Verdict, rep.ExitCode, rep.Cause, verdict, verdict.ExitCode(), cause)
	}
}

func (w *world) wantPhases(rep *engine.Report, want ...string) {
	w.t.Helper()
	var got []string
	for _, p := range rep.Phases {
		got = append(got, fmt.Sprintf("%s %d %s %s", p.Name, p.Attempts, p.Outcome, p.Why))
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("phases %q\nwant   %q", got, want)
	}
}

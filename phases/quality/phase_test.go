package quality

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// stage is a replay of so many requests that notes what it is asked to play.
type stage struct {
	planned int
	played  []int
	err     error
}

func (s *stage) Planned() int { return s.planned }

func (s *stage) Canary(_ context.Context, r *engine.Run, n int) error {
	s.played = append(s.played, n)
	r.Metrics.Hit(metric.Ref{Scope: "replay", Name: "coverage"}, int64(n), int64(n))
	return s.err
}

func declared(t *testing.T) *metric.Registry {
	t.Helper()
	list := verify.Metrics()
	list = append(list, metric.Desc{Scope: "side_effects", Name: "recorded_calls", Kind: metric.Counter})
	for _, name := range []string{"mock_match_rate", "missing_calls", "extra_calls"} {
		list = append(list, metric.Desc{Scope: "side_effects", Name: name, Kind: metric.Gauge, Exposure: "recorded_calls"})
	}
	list = append(list, metric.Desc{Scope: "apps", Name: "cpu_seconds", Kind: metric.Gauge, Unit: metric.Seconds})
	registry, err := metric.New(list...)
	if err != nil {
		t.Fatal(err)
	}
	registry.Subject("apps", "svc")
	return registry
}

func load(t *testing.T, section string) *engine.Pipeline {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	if err := os.WriteFile(path, []byte("replay: {target: x}\n"+section), 0o600); err != nil {
		t.Fatal(err)
	}
	p, ds := engine.Load(path, nil, func(string) (string, bool) { return "", false })
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	p.Metrics = declared(t)
	return p
}

func made(t *testing.T, section string, s *stage, on Subject) *Phase {
	t.Helper()
	phase, ds := New(load(t, section), s, on)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	return phase
}

func described(p *Phase) []string {
	var list []string
	for _, g := range p.Gates() {
		list = append(list, g.Name+" "+g.Source)
	}
	slices.Sort(list)
	return list
}

func TestGates(t *testing.T) {
	cases := map[string]struct {
		section string
		on      Subject
		want    []string
	}{
		"defaults": {"", Subject{}, []string{"coverage >= 1", "new_differences == 0"}},
		"with recorded calls": {"", Subject{Recorded: true}, []string{
			"coverage >= 1", "extra_calls == 0", "missing_calls == 0", "mock_match_rate == 1", "new_differences == 0",
		}},
		"given another limit": {
			"quality_gates: {coverage: \">= 0.5\", missing_calls: \"<= 2\"}\n", Subject{Recorded: true}, []string{
				"coverage >= 0.5", "extra_calls == 0", "missing_calls <= 2", "mock_match_rate == 1", "new_differences == 0",
			},
		},
		"of the application": {
			"quality_gates: {cpu_seconds: \"<= 3s\"}\n",
			Subject{App: "svc"},
			[]string{"coverage >= 1", "cpu_seconds <= 3s", "new_differences == 0"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, described(made(t, c.section, &stage{planned: 50}, c.on))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	cases := map[string]struct {
		section string
		stage   Stage
		want    string
	}{
		"no replay":          {"quality_gates: {coverage: \">= 1\"}\n", nil, "quality gates need a replay to judge"},
		"negative canary":    {"quality_gates: {canary: {requests: -1}}\n", &stage{}, "-1"},
		"unknown canary key": {"quality_gates: {canary: {share: 3}}\n", &stage{}, "share"},
		"unknown metric":     {"quality_gates: {coverge: \">= 1\"}\n", &stage{}, "coverge"},
		"app that is elsewhere": {
			"quality_gates: {cpu_seconds: \"<= 3s\"}\n", &stage{}, "cpu_seconds",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, ds := New(load(t, c.section), c.stage, Subject{})
			if ds.Err() == nil || !strings.Contains(ds.Error(), c.want) {
				t.Errorf("findings %v", ds)
			}
		})
	}
}

func TestCanary(t *testing.T) {
	cases := map[string]struct {
		section string
		planned int
		want    []int
	}{
		"a tenth":     {"", 250, []int{25}},
		"rounded up":  {"", 11, []int{2}},
		"of little":   {"", 3, []int{1}},
		"at most 100": {"", 50_000, []int{100}},
		"given":       {"quality_gates: {canary: {requests: 7}}\n", 250, []int{7}},
		"none":        {"quality_gates: {canary: {requests: 0}}\n", 250, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := &stage{planned: c.planned}
			if err := made(t, c.section, s, Subject{}).Run(t.Context(), run(t)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, s.played); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func run(t *testing.T) *engine.Run {
	t.Helper()
	r, err := engine.NewRun(engine.Options{Dir: t.TempDir(), Clock: time.Now}, declared(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGateThatCannotBeDecided(t *testing.T) {
	s := &stage{planned: 50}
	p := made(t, "quality_gates: {latency_p95: \"<= 1s\"}\n", s, Subject{})
	err := p.Run(t.Context(), run(t))
	var fault *engine.Fault
	if !errors.As(err, &fault) || fault.Verdict != engine.Inconclusive || fault.Hint == "" {
		t.Fatalf("error %v", err)
	}
	want := "gate latency_p95 cannot be decided: replay.latency_p95 needs 72 samples, the traffic has 50"
	if err.Error() != want || len(s.played) > 0 {
		t.Errorf("error %v; played %v", err, s.played)
	}
	plan := strings.Join(p.Plan(), "\n")
	if !strings.Contains(plan, "canary: at least 5 of 50 requests") || !strings.Contains(plan, "cannot be decided") {
		t.Errorf("plan:\n%s", plan)
	}
	s = &stage{planned: 50}
	soft := "quality_gates: {p95: {expr: 'latency_p95 <= duration(\"1s\")', severity: warn}}\n"
	if err := made(t, soft, s, Subject{}).Run(t.Context(), run(t)); err != nil || len(s.played) != 1 {
		t.Errorf("a gate that only warns is in the way: %v", err)
	}
}

func TestCanaryThatFails(t *testing.T) {
	s := &stage{planned: 50, err: errors.New("tripped")}
	if err := made(t, "", s, Subject{}).Run(t.Context(), run(t)); !errors.Is(err, s.err) {
		t.Errorf("error %v", err)
	}
}

func TestWithoutReplay(t *testing.T) {
	p, ds := New(load(t, ""), nil, Subject{})
	if len(ds) > 0 || p.Skip() != "no replay" || len(p.Gates()) > 0 || p.Name() != engine.Quality {
		t.Errorf("findings %v, skip %q", ds, p.Skip())
	}
	if with := made(t, "", &stage{planned: 1}, Subject{}); with.Skip() != "" || with.Timeout() != 0 {
		t.Errorf("skip %q, time limit %s", with.Skip(), with.Timeout())
	}
}

var (
	_ engine.Phase   = (*Phase)(nil)
	_ engine.Gated   = (*Phase)(nil)
	_ engine.Skipper = (*Phase)(nil)
	_ engine.Planner = (*Phase)(nil)
)

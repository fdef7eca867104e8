// Package quality is phase 3: it makes sure that the gates can be decided at all, and lets a canary
// slice of the traffic decide whether the full replay may start.
package quality

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
)

// Config holds the settings under `quality_gates:` in a run file that are not gates.
type Config struct {
	// Canary is the slice of the traffic that decides whether the rest is replayed.
	Canary Canary `yaml:"canary"`
}

// Canary is the slice of the traffic that decides whether the rest is replayed.
type Canary struct {
	// Requests is how many are sent at least; sessions are not cut. A tenth of the traffic and at
	// most 100 by default; 0 replays all of it at once.
	Requests *int `yaml:"requests" jsonschema:"minimum=0"`
}

// Stage is where the canary plays: the replay that the next phase goes on with.
type Stage interface {
	// Planned is the number of requests of the whole replay.
	Planned() int
	// Canary begins the replay and plays at least n requests of it.
	Canary(ctx context.Context, r *engine.Run, n int) error
}

// Phase is the phase of the quality gates.
type Phase struct {
	canary  int
	stage   Stage
	gates   []*gates.Program
	planned int
}

// defaults are the gates that hold in every run unless the run file gives them another limit.
const defaults = `
new_differences: "== 0"
coverage: ">= 1"
`

// sideEffectDefaults hold where there is a recording of the outbound calls.
const sideEffectDefaults = `
mock_match_rate: "== 1"
missing_calls: "== 0"
extra_calls: "== 0"
`

// Subject is what the gates judge.
type Subject struct {
	// App is the name of the application under test, empty where it runs elsewhere.
	App string
	// Recorded tells whether its outbound calls were recorded.
	Recorded bool
}

// New makes the phase from the run file's section. stage is nil where nothing is replayed. Gates can
// name the metrics of the replay, of the side effects and of the application without a prefix.
func New(p *engine.Pipeline, stage Stage, on Subject) (*Phase, spec.Diagnostics) {
	phase := &Phase{stage: stage}
	var ds spec.Diagnostics
	scope := gates.Scope{
		Phase: engine.Quality, MetricScope: "replay", Registry: p.Metrics, Skip: []string{"canary"},
		Baseline: p.Baseline.Source, More: []gates.Place{{Scope: "side_effects"}},
	}
	if on.App != "" {
		scope.More = append(scope.More, gates.Place{Scope: "apps", Subject: on.App})
	}
	if stage == nil {
		if p.QualityGates.Kind() != spec.Null {
			ds.Errorf(p.QualityGates.Pos(), "add a replay: section", "quality gates need a replay to judge")
		}
		return phase, ds
	}
	var c Config
	ds.Add(spec.Decode(p.QualityGates.Key("canary"), &c.Canary))
	phase.planned, phase.canary = stage.Planned(), min(100, (stage.Planned()+9)/10)
	if c.Canary.Requests != nil {
		phase.canary = *c.Canary.Requests
	}
	written, more := gates.Parse(p.QualityGates, scope)
	ds.Add(more)
	phase.gates = slices.Concat(written, missing(defaults, written, scope))
	if on.Recorded {
		phase.gates = append(phase.gates, missing(sideEffectDefaults, written, scope)...)
	}
	return phase, ds
}

// missing compiles those of the default gates whose names the run file has not given.
func missing(source string, written []*gates.Program, scope gates.Scope) []*gates.Program {
	doc, ds := spec.Parse("default gates", []byte(source), spec.Options{})
	if ds.Err() != nil {
		panic("default gates: " + ds.Error())
	}
	for _, g := range written {
		scope.Skip = append(scope.Skip, g.Name)
	}
	programs, ds := gates.Parse(doc.Root, scope)
	if ds.Err() != nil {
		panic("default gates: " + ds.Error())
	}
	return programs
}

// Name is the phase's name.
func (p *Phase) Name() string { return engine.Quality }

// Gates are the quality gates.
func (p *Phase) Gates() []*gates.Program { return p.gates }

// Skip passes the phase over where nothing is replayed.
func (p *Phase) Skip() string {
	if p.stage == nil {
		return "no replay"
	}
	return ""
}

// Timeout is none: the replay's own limits bound it.
func (p *Phase) Timeout() time.Duration { return 0 }

// Plan says what would be judged.
func (p *Phase) Plan() []string {
	lines := []string{fmt.Sprintf("canary: at least %d of %d requests", p.canary, p.planned)}
	for _, g := range p.gates {
		line := gates.Describe(g)
		if why := undecidable(g, p.planned); why != "" {
			line += " - cannot be decided: " + why
		}
		lines = append(lines, line)
	}
	return lines
}

// Run refuses gates that cannot be decided and plays the canary slice.
func (p *Phase) Run(ctx context.Context, r *engine.Run) error {
	for _, g := range p.gates {
		why := undecidable(g, p.planned)
		if why != "" && g.Severity == gates.Enforce {
			return &engine.Fault{
				Verdict: engine.Inconclusive, Err: fmt.Errorf("gate %s cannot be decided: %s", g.Name, why),
				Hint: "replay more traffic, lower the limit or min_samples, or judge a lower quantile",
			}
		}
	}
	if p.canary == 0 {
		return nil
	}
	return p.stage.Canary(ctx, r, p.canary)
}

// undecidable tells why a gate cannot be decided with the planned number of requests, or nothing.
func undecidable(g *gates.Program, planned int) string {
	if limit, ok := g.Ceiling(); ok && limit >= float64(planned) && countsRequests(g) {
		return fmt.Sprintf("it can never fail: %s is at most %d, as the traffic has %d requests",
			g.Refs[0], planned, planned)
	}
	for _, ref := range g.Refs {
		if need := g.Samples(ref); ref.Scope == "replay" && need > planned {
			return fmt.Sprintf("%s needs %d samples, the traffic has %d", ref, need, planned)
		}
	}
	return ""
}

// countsRequests tells whether the one metric of a gate counts some of the replayed requests.
func countsRequests(g *gates.Program) bool {
	return len(g.Refs) == 1 && g.Refs[0].Scope == "replay" &&
		slices.Contains([]string{"new_differences", "server_errors", "shed"}, g.Refs[0].Name)
}

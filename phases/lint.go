package phases

import (
	"slices"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
)

// measurer knows which metrics a run never measures.
type measurer interface {
	// Unmeasured says why a metric never gets a value in this run, or nothing.
	Unmeasured(ref metric.Ref) string
}

// measurers ask one after another.
type measurers []measurer

func (list measurers) Unmeasured(ref metric.Ref) string {
	for _, m := range list {
		if why := m.Unmeasured(ref); why != "" {
			return why
		}
	}
	return ""
}

// linter looks for what a run file says and hardly means.
type linter struct {
	*engine.Pipeline

	of  measurer
	now time.Time
}

// lint finds gates on metrics that nothing in this run measures, or that are measured only after the
// gate is first judged: an enforced gate of that kind would end every run. It finds waivers that have
// ended and images that are not pinned, too.
func (l linter) lint(list []engine.Phase, ds *spec.Diagnostics) {
	lintImages(l.Pipeline, ds)
	rule := l.Replay.Key("cutoffs").Key("rules").Key("mock_miss_rate")
	if why := l.of.Unmeasured(metric.Ref{Scope: "replay", Name: "mock_miss_rate"}); why != "" && rule != nil {
		ds.Warnf(rule.Pos(), "remove it", "the cutoff mock_miss_rate never trips: %s", why)
	}
	for _, phase := range list {
		gated, ok := phase.(engine.Gated)
		if !ok {
			continue
		}
		for _, g := range gated.Gates() {
			if g.Pos.File == l.Document.Path { // the others are the default gates
				l.gate(g, ds)
			}
		}
	}
}

func (l linter) gate(g *gates.Program, ds *spec.Diagnostics) {
	for _, ref := range g.Refs {
		l.ref(g, ref, ds)
	}
	if !l.now.IsZero() && g.Waiver.Expired(l.now) {
		ds.Warnf(g.Pos, "remove waive, or give it a later day", "gate %s: its waiver ended on %s, it counts again",
			g.Name, g.Waiver.Until)
	}
}

func (l linter) ref(g *gates.Program, ref metric.Ref, ds *spec.Diagnostics) {
	why := l.of.Unmeasured(ref)
	switch {
	case why != "":
		report(ds, g, "remove the gate, or add what it measures", ref.String()+" is measured by nothing: "+why)
	case later(measuredBy(ref), g.Phase):
		report(ds, g, "move the gate to quality_gates",
			ref.String()+" has no data yet when the gates of "+g.Phase+" are first judged")
	}
}

// report is an error where the gate could end the run, else a warning.
func report(ds *spec.Diagnostics, g *gates.Program, hint, message string) {
	if g.Severity == gates.Enforce {
		ds.Errorf(g.Pos, hint, "gate %s: %s", g.Name, message)
		return
	}
	ds.Warnf(g.Pos, hint, "gate %s: %s", g.Name, message)
}

// measuredBy is the phase that first measures a metric.
func measuredBy(ref metric.Ref) string {
	switch ref.Scope {
	case "mocks", "real", "databases":
		return engine.Backends
	case "apps":
		return engine.Sut
	}
	return engine.Quality
}

func later(phase, than string) bool {
	order := []string{engine.Backends, engine.Sut, engine.Quality, engine.Replay}
	return slices.Index(order, phase) > slices.Index(order, than)
}

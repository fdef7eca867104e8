package openmetrics

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
)

// run adds what is known of the run as a whole.
func (x *exposition) run(rep *engine.Report) {
	x.add(family{name: "headgate_verdict", kind: info, help: "How the run ended."}).set(1,
		label{"verdict", rep.Verdict.String()}, label{"exit_code", strconv.Itoa(rep.ExitCode)},
		label{"flaky", strconv.FormatBool(rep.Flaky)})
	x.add(family{
		name: "headgate_run_seconds", kind: gauge, unit: "seconds", help: "How long the run took.",
	}).set(rep.Seconds)
	took := x.add(family{
		name: "headgate_phase_seconds", kind: gauge, unit: "seconds", help: "How long each phase took.",
	})
	for _, p := range rep.Phases {
		if p.Attempts > 0 {
			took.set(p.Seconds, label{"phase", p.Name})
		}
	}
}

// gates adds each gate with what was measured, its limit and baseline, and its outcome as a state set.
func (x *exposition) gates(results []gates.Result) {
	value := x.add(family{name: "headgate_gate_value", kind: gauge, help: "What the gate measured."})
	limit := x.add(family{name: "headgate_gate_limit", kind: gauge, help: "What it was compared with."})
	base := x.add(family{name: "headgate_gate_baseline", kind: gauge, help: "The value in the baseline."})
	outcome := x.add(family{name: "headgate_gate_outcome", kind: stateset, help: "What came of the gate."})
	seen := map[string]int{}
	for _, g := range results {
		labels := []label{{"phase", g.Phase}, {"subject", g.Subject}, {"gate", g.Name}}
		key := fmt.Sprintf("%q", labels)
		if seen[key]++; seen[key] > 1 {
			labels = append(labels, label{"nth", strconv.Itoa(seen[key])})
		}
		for f, v := range map[*family]*float64{value: g.Value, limit: g.Limit, base: g.Baseline} {
			if v != nil {
				f.set(*v, labels...)
			}
		}
		for _, o := range []gates.Outcome{
			gates.Passed, gates.Warned, gates.Failed, gates.Inconclusive, gates.Errored, gates.Skipped,
		} {
			state := label{outcome.name, string(o)}
			outcome.set(flag(g.Outcome == o), append(labels[:len(labels):len(labels)], state)...)
		}
	}
}

func flag(v bool) float64 {
	if v {
		return 1
	}
	return 0
}

// metrics adds every metric that has a value. Two metrics that would share a family are an error: their
// samples could not be told apart.
func (x *exposition) metrics(s *metric.Snapshot) error {
	for _, e := range s.All() {
		f := describe(e)
		known := x.find(f.name)
		switch {
		case known == nil:
			known = x.add(f)
		case known.origin != f.origin:
			return fmt.Errorf("the metrics %s and %s have one name in OpenMetrics, %s: rename one of them",
				known.origin, f.origin, f.name)
		}
		// A counter is never NaN, infinite or negative; a gauge may be.
		if f.kind == gauge || e.Point.Value >= 0 && !math.IsInf(e.Point.Value, 0) {
			known.set(e.Point.Value, place(e.Ref)...)
		}
	}
	return nil
}

// describe makes the family of a metric, without samples.
func describe(e metric.Entry) family {
	f := family{
		name: "headgate_" + e.Ref.Scope + "_" + e.Ref.Name, kind: gauge, help: e.Desc.Help,
		origin: e.Ref.Scope + "." + e.Ref.Name,
	}
	if e.Desc.Kind == metric.Counter {
		f.kind = counter
		f.name = strings.TrimSuffix(f.name, "_total")
	}
	switch e.Desc.Unit {
	case metric.Seconds, metric.Bytes, metric.Ratio, metric.Percent:
		f.unit = e.Desc.Unit.String()
		f.name = strings.TrimSuffix(f.name, "_"+f.unit) + "_" + f.unit
	case metric.PerSecond:
		f.name = strings.TrimSuffix(f.name, "_per_second") + "_per_second"
	}
	return f
}

// place says whose metric it is and in which phase it is measured.
func place(r metric.Ref) []label {
	switch {
	case r.Scope == "endpoint":
		return []label{{"phase", engine.Replay}, {"endpoint", r.Subject}}
	case r.Scope == "apps":
		return []label{{"phase", engine.Sut}, {"service", r.Subject}}
	case metric.HasSubjects(r.Scope):
		return []label{{"phase", engine.Backends}, {"service", r.Subject}}
	}
	return []label{{"phase", engine.Replay}}
}

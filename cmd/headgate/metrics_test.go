package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/phases"
	"github.com/headgate-dev/headgate/reporters/openmetrics"
)

// TestEveryMetricHasItsOwnName writes every metric that a run can have as OpenMetrics text, where two of
// them must not fall together.
func TestEveryMetricHasItsOwnName(t *testing.T) {
	r, err := metric.New(phases.Metrics()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Descs("") {
		ref := metric.Ref{Scope: d.Scope, Name: d.Name}
		if metric.HasSubjects(d.Scope) {
			ref.Subject = "x"
		}
		record(r, ref, d.Kind)
	}
	got := families(t, &engine.Report{Snapshot: r.Snapshot()}) - families(t, &engine.Report{})
	if want := len(r.Snapshot().All()); got != want {
		t.Errorf("%d metrics have %d families", want, got)
	}
}

func families(t *testing.T, rep *engine.Report) int {
	t.Helper()
	var out bytes.Buffer
	if err := openmetrics.Write(&out, rep); err != nil {
		t.Fatal(err)
	}
	return strings.Count(out.String(), "# TYPE ")
}

func record(r *metric.Registry, ref metric.Ref, kind metric.Kind) {
	switch kind {
	case metric.Counter:
		r.Add(ref, 1)
	case metric.Gauge:
		r.Set(ref, 1)
	case metric.Rate:
		r.Hit(ref, 1, 2)
	case metric.Flag:
		r.SetFlag(ref, true)
	case metric.Distribution:
		r.Observe(ref, "a", 0.1)
	}
}

package openmetrics_test

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/reporters/openmetrics"
	"github.com/headgate-dev/headgate/reporters/reportertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func samples() map[string]*engine.Report {
	return map[string]*engine.Report{
		"passed": reportertest.Passed(), "failed": reportertest.Failed(), "faulted": reportertest.Faulted(),
		"empty": {},
	}
}

func TestGolden(t *testing.T) {
	for name, rep := range samples() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var r engine.Reporter = openmetrics.New(dir)
			r.Event(engine.Event{Kind: engine.RunStarted})
			if err := r.Finish(rep); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(dir, openmetrics.File))
			if err != nil {
				t.Fatal(err)
			}
			reportertest.Golden(t, *update, name, got)
			parse(t, string(got))
		})
	}
}

func write(t *testing.T, rep *engine.Report) map[string]point {
	t.Helper()
	var out bytes.Buffer
	if err := openmetrics.Write(&out, rep); err != nil {
		t.Fatal(err)
	}
	return parse(t, out.String())
}

// find returns the value of the only sample of that name whose labels include the given ones.
func find(t *testing.T, points map[string]point, name string, labels ...string) float64 {
	t.Helper()
	value, found := math.NaN(), 0
	for _, p := range points {
		if p.name != name {
			continue
		}
		matches := true
		for i := 0; i < len(labels); i += 2 {
			matches = matches && p.labels[labels[i]] == labels[i+1]
		}
		if matches {
			value = p.value
			found++
		}
	}
	if found != 1 {
		t.Errorf("%s %v is there %d times", name, labels, found)
	}
	return value
}

func TestMetrics(t *testing.T) {
	points := write(t, reportertest.Failed())
	const odd = `GET /search?q="a\b"`
	state := func(name string) []string {
		return []string{"gate", "latency_p95_delta", "headgate_gate_outcome", name}
	}
	tests := map[string]struct {
		name   string
		labels []string
		want   float64
	}{
		"counter":   {"headgate_replay_sent_total", []string{"phase", "replay"}, 320},
		"ratio":     {"headgate_replay_response_match_rate_ratio", nil, 0.925},
		"rate":      {"headgate_replay_throughput_per_second", nil, 49.5},
		"quantile":  {"headgate_replay_latency_max_seconds", nil, 0.0109},
		"bytes":     {"headgate_apps_mem_peak_bytes", []string{"service", "orders-svc", "phase", "sut"}, 48 << 20},
		"percent":   {"headgate_apps_cpu_percent", []string{"service", "orders-svc"}, 14.25},
		"flag":      {"headgate_real_readiness", []string{"service", "mail-svc", "phase", "backends"}, 1},
		"mock":      {"headgate_mocks_match_rate_ratio", []string{"service", "catalog-api"}, 1},
		"escaped":   {"headgate_endpoint_status_pass_rate_ratio", []string{"endpoint", odd}, 0.975},
		"run id":    {"headgate_run_seconds", []string{"run_id", "20261101-090000-11c2"}, 12.345},
		"pipeline":  {"headgate_run_seconds", []string{"pipeline", "orders-pre-merge"}, 12.345},
		"phase":     {"headgate_phase_seconds", []string{"phase", "quality_gates"}, 1.1},
		"verdict":   {"headgate_verdict_info", []string{"verdict", "failed", "exit_code", "1"}, 1},
		"value":     {"headgate_gate_value", []string{"gate", "status_pass_rate", "phase", "replay"}, 0.9625},
		"limit":     {"headgate_gate_limit", []string{"gate", "match_rate", "subject", "payment-api"}, 0.98},
		"baseline":  {"headgate_gate_baseline", []string{"gate", "latency_p95_delta"}, 0.01},
		"is warned": {"headgate_gate_outcome", state("warned"), 1},
		"no pass":   {"headgate_gate_outcome", state("passed"), 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := find(t, points, tt.name, tt.labels...); math.Abs(got-tt.want) > 1e-4*math.Abs(tt.want) {
				t.Errorf("%s is %v; want %v", tt.name, got, tt.want)
			}
		})
	}
}

func TestHostileValues(t *testing.T) {
	r, err := metric.New(
		metric.Desc{Scope: "apps", Name: "odd", Help: "two\nlines \"and\" a \\"},
		metric.Desc{Scope: "apps", Name: "level", Kind: metric.Gauge},
	)
	if err != nil {
		t.Fatal(err)
	}
	subject := "a\nb\\\"\xff"
	for _, name := range []string{subject, "fine"} {
		r.Add(metric.Ref{Scope: "apps", Subject: name, Name: "odd"}, math.NaN())
		r.Set(metric.Ref{Scope: "apps", Subject: name, Name: "level"}, math.Inf(-1))
	}
	rep := reportertest.Passed()
	rep.Snapshot = r.Snapshot()
	rep.Gates = append(rep.Gates, rep.Gates...)
	nan := math.NaN()
	rep.Gates[0].Value = &nan
	points := write(t, rep)
	if got := find(t, points, "headgate_apps_level", "service", "a\nb\\\"\ufffd"); !math.IsInf(got, -1) {
		t.Errorf("the level is %v", got)
	}
	for _, p := range points {
		if strings.HasPrefix(p.name, "headgate_apps_odd") {
			t.Errorf("a counter is %v", p.value)
		}
	}
	if got := find(t, points, "headgate_gate_limit", "gate", "self_check", "nth", "2"); got != 1 {
		t.Errorf("the second gate of one name has the limit %v", got)
	}
}

func TestOneNameForTwoMetrics(t *testing.T) {
	r, err := metric.New(
		metric.Desc{Scope: "replay", Name: "wait", Kind: metric.Gauge, Unit: metric.Seconds},
		metric.Desc{Scope: "replay", Name: "wait_seconds", Kind: metric.Gauge, Unit: metric.Seconds},
	)
	if err != nil {
		t.Fatal(err)
	}
	r.Set(metric.Ref{Scope: "replay", Name: "wait"}, 1)
	r.Set(metric.Ref{Scope: "replay", Name: "wait_seconds"}, 2)
	err = openmetrics.Write(&bytes.Buffer{}, &engine.Report{Snapshot: r.Snapshot()})
	if err == nil || !strings.Contains(err.Error(), "replay.wait and replay.wait_seconds") {
		t.Errorf("error %v", err)
	}
}

func TestOutcomesAreExclusive(t *testing.T) {
	points := write(t, reportertest.Failed())
	states := map[string]float64{}
	for _, p := range points {
		if p.name == "headgate_gate_outcome" {
			states[p.labels["phase"]+"/"+p.labels["subject"]+"/"+p.labels["gate"]] += p.value
		}
	}
	if want := len(reportertest.Failed().Gates); len(states) != want {
		t.Errorf("%d gates; want %d", len(states), want)
	}
	for gate, sum := range states {
		if sum != 1 {
			t.Errorf("%s is in %v of its states", gate, sum)
		}
	}
	if got := find(t, points, "headgate_gate_outcome", "gate", "throughput",
		"headgate_gate_outcome", string(gates.Failed)); got != 1 {
		t.Errorf("the observed gate: %v", got)
	}
}

package gates

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/gates/metric"
)

// numbers are the metrics of one run by the name that gates use.
type numbers struct {
	sent, serverErrors float64
	pass, passOf       int64
	throughput         float64
	memory             float64
	latency            []float64
}

func (n numbers) fill(r *metric.Registry) *metric.Snapshot {
	if n.sent > 0 {
		r.Add(replay("sent"), n.sent)
	}
	if n.serverErrors > 0 {
		r.Add(replay("server_errors"), n.serverErrors)
	}
	r.Hit(replay("status_pass_rate"), n.pass, n.passOf)
	if n.throughput != 0 {
		r.Set(replay("throughput"), n.throughput)
	}
	if n.memory != 0 {
		r.Set(replay("mem_peak_bytes"), n.memory)
	}
	for i, v := range n.latency {
		r.Observe(replay("latency"), fmt.Sprintf("req-%04d", i), v)
	}
	return r.Snapshot()
}

// flat is n times the same latency.
func flat(n int, seconds float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = seconds
	}
	return out
}

func machine() map[string]string { return map[string]string{"traffic": "t1", "cpu": "x"} }

func judge(t *testing.T, gate string, now numbers, then *numbers) Result {
	t.Helper()
	s := replayScope(t)
	programs, ds := Parse(node(t, gate), s)
	if ds.Err() != nil || len(programs) != 1 {
		t.Fatalf("%s: %s", gate, findings(ds))
	}
	in := Input{Snapshot: now.fill(newRegistry(t)), Seed: 1, Fingerprint: machine()}
	if then != nil {
		in.Baseline = &Baseline{Fingerprint: machine(), Snapshot: then.fill(newRegistry(t))}
	}
	return programs[0].Judge(t.Context(), in)
}

func TestJudge(t *testing.T) {
	good := numbers{sent: 100, pass: 98, passOf: 100, throughput: 90, memory: 110 << 20, latency: flat(100, 0.1)}
	base := &numbers{sent: 100, pass: 100, passOf: 100, throughput: 100, memory: 100 << 20, latency: flat(100, 0.1)}
	tests := map[string]struct {
		gate    string
		then    *numbers
		outcome Outcome
		reason  Reason
	}{
		"at least, at the limit": {`status_pass_rate: ">= 0.98"`, nil, Passed, ""},
		"at least, below":        {`status_pass_rate: ">= 0.981"`, nil, Failed, Threshold},
		"zero exactly":           {`server_errors: "== 0"`, nil, Passed, ""},
		"time":                   {`latency_p95: "<= 100ms"`, nil, Passed, ""},
		"time above":             {`latency_p95: "< 99ms"`, nil, Failed, Threshold},
		"bytes":                  {`mem: "<= 110MiB"`, nil, Passed, ""},
		"bytes above":            {`mem: "< 110MiB"`, nil, Failed, Threshold},
		"more percent":           {`mem: "<= +10%"`, base, Passed, ""},
		"more percent, above":    {`mem_delta: "<= +9.9%"`, base, Failed, Threshold},
		"less percent":           {`status_pass_rate: ">= -5%"`, base, Passed, ""},
		"less percent, below":    {`status_pass_rate: ">= -1%"`, base, Failed, Threshold},
		"within":                 {`throughput: "within 10%"`, base, Passed, ""},
		"within, too low":        {`throughput: "within 9%"`, base, Failed, Threshold},
		"absolute change":        {`mem: "<= +10MiB"`, base, Passed, ""},
		"absolute change, above": {`mem: "<= +9MiB"`, base, Failed, Threshold},
		"floor":                  {`mem: "<= +1% or +10MiB"`, base, Passed, ""},
		"floor too small":        {`mem: "<= +1% or +9MiB"`, base, Failed, Threshold},
		"ceiling":                {`mem: "<= +20% and 110MiB"`, base, Passed, ""},
		"ceiling, above":         {`mem: "<= +20% and 109MiB"`, base, Failed, Threshold},
		"expression":             {`g: {expr: "sent == 100 and status_pass_rate > 0.97"}`, nil, Passed, ""},
		"chained":                {`g: {expr: "0.9 <= status_pass_rate <= 0.97"}`, nil, Failed, Threshold},
		"own arithmetic":         {`g: {expr: "mem <= 1.2 * baseline.mem"}`, base, Passed, ""},
		"own division":           {`g: {expr: "server_errors / sent < 0.01"}`, nil, Passed, ""},
		"division by zero":       {`g: {expr: "sent / server_errors > 1"}`, nil, Errored, EvalError},
		"conditional":            {`g: {expr: "sent > 50 ? status_pass_rate > 0.9 : sent > 1"}`, nil, Passed, ""},
		"let":                    {`g: {expr: "let x = sent * 2; x == 200"}`, nil, Passed, ""},
		"short circuit":          {`g: {expr: "sent > 1 or correlated"}`, nil, Inconclusive, NoData},
		"no data":                {`error_rate: "<= 0.01"`, nil, Inconclusive, NoData},
		"no data, negated":       {`g: {expr: "not (error_rate > 0.01)"}`, nil, Inconclusive, NoData},
		"no baseline":            {`mem_delta: "<= +10%"`, nil, Inconclusive, NoBaseline},
		"not in the baseline":    {`mem_delta: "<= +10%"`, &numbers{sent: 1}, Inconclusive, NoBaseline},
		"zero baseline": {
			`g: {expr: "sent / baseline.server_errors < 2"}`, base, Inconclusive, ZeroBaseline,
		},
		"few samples":         {`latency_p99: "<= 1s"`, nil, Inconclusive, TooFewSamples},
		"few samples, chosen": {`g: {expr: "latency_p99 <= duration('1s')", min_samples: 100}`, nil, Passed, ""},
		"many samples wanted": {`g: {expr: "status_pass_rate > 0.9", min_samples: 101}`, nil, Inconclusive, TooFewSamples},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := judge(t, tt.gate, good, tt.then)
			if got.Outcome != tt.outcome || got.Reason != tt.reason {
				t.Errorf("%s %s (%s), want %s %s", got.Outcome, got.Reason, got.Detail, tt.outcome, tt.reason)
			}
			if got.Outcome != Passed && got.Detail == "" && got.Outcome != Failed {
				t.Error("no detail")
			}
			if (got.Outcome == Failed) != (len(got.Tree) > 0) && got.Outcome != Errored {
				t.Errorf("tree of %d steps for %s", len(got.Tree), got.Outcome)
			}
			if _, err := json.Marshal(got); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestZeroBaseline(t *testing.T) {
	now := numbers{sent: 10, serverErrors: 1}
	then := &numbers{sent: 10}
	for gate, want := range map[string]Outcome{
		`server_errors: "<= +10%"`:                                Inconclusive,
		`server_errors: "within 10%"`:                             Inconclusive,
		`server_errors: "<= +10% or +1"`:                          Passed,
		`server_errors: "<= +1"`:                                  Passed,
		`server_errors: "<= +10% or +0"`:                          Failed,
		`g: {expr: "server_errors / baseline.server_errors < 2"}`: Inconclusive,
	} {
		got := judge(t, gate, now, then)
		if got.Outcome != want || want == Inconclusive && got.Reason != ZeroBaseline {
			t.Errorf("%s: %s %s (%s), want %s", gate, got.Outcome, got.Reason, got.Detail, want)
		}
	}
}

// Nothing that is not a number passes or fails, whichever way the gate is written.
func TestHazards(t *testing.T) {
	values := map[string]struct {
		v      float64
		reason Reason
	}{"NaN": {math.NaN(), NotFinite}, "+Inf": {math.Inf(1), NotFinite}, "absent": {0, NoData}}
	gates := map[string]string{
		"upper":         `g: {expr: "throughput <= 100"}`,
		"negated upper": `g: {expr: "not (throughput > 100)"}`,
		"lower":         `g: {expr: "throughput >= 0.99"}`,
		"not equal":     `g: {expr: "throughput != 3"}`,
		"or true":       `g: {expr: "sent > 0 or throughput > 1"}`,
		"and false":     `g: {expr: "sent < 0 and throughput > 1"}`,
		"maximum":       `g: {expr: "max(throughput, 5) < 1000"}`,
		"comparator":    `throughput: ">= 5/s"`,
		"distribution":  `g: {expr: "not (latency_p50 > duration('1s'))"}`,
	}
	for vn, v := range values {
		for gn, gate := range gates {
			t.Run(vn+" "+gn, func(t *testing.T) {
				n := numbers{sent: 5, throughput: v.v}
				if v.reason == NotFinite {
					n.latency = append(flat(10, 0.1), v.v)
				}
				got := judge(t, gate, n, nil)
				if got.Outcome != Inconclusive || got.Reason != v.reason {
					t.Errorf("%s %s (%s)", got.Outcome, got.Reason, got.Detail)
				}
				if _, err := json.Marshal(got); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestNotFiniteBaseline(t *testing.T) {
	got := judge(t, `throughput: ">= -5%"`, numbers{throughput: 5}, &numbers{throughput: math.Inf(1)})
	if got.Outcome != Inconclusive || got.Reason != NotFinite {
		t.Errorf("%s %s", got.Outcome, got.Reason)
	}
}

func TestFigures(t *testing.T) {
	base := &numbers{pass: 100, passOf: 100, memory: 100, throughput: 100}
	now := numbers{sent: 100, pass: 90, passOf: 100, memory: 150, throughput: 80, latency: flat(100, 0.25)}
	tests := map[string]struct {
		gate            string
		value, limit, b float64
		unit            metric.Unit
		n               int64
		detail          string
	}{
		"ratio":    {`status_pass_rate: ">= 0.98"`, 0.9, 0.98, -1, metric.Ratio, 100, "got 0.9, limit 0.98"},
		"time":     {`latency_p95: "<= 200ms"`, 0.25, 0.2, -1, metric.Seconds, 100, "got 250ms, limit 200ms"},
		"relative": {`mem: "<= +10%"`, 150, 110, 100, metric.Bytes, 1, "got 150B, limit 110B, baseline 100B"},
		"ceiling":  {`mem: "<= +30% and 120B"`, 150, 120, 100, metric.Bytes, 1, ""},
		"within":   {`throughput: "within 10%"`, 80, 90, 100, metric.PerSecond, 1, ""},
		"expr":     {`g: {expr: "0.98 <= status_pass_rate"}`, 0.9, 0.98, -1, metric.Ratio, 100, ""},
		"expr duration": {
			`g: {expr: 'latency_p95 <= duration("200ms")'}`, 0.25, 0.2, -1, metric.Seconds, 100, "got 250ms, limit 200ms",
		},
		"expr baseline": {`g: {expr: "mem <= 1.1 * baseline.mem"}`, 150, 110, 100, metric.Bytes, 1, ""},
		"ratio of two":  {`g: {expr: "mem / baseline.mem <= 1.1"}`, 1.5, 1.1, 100, metric.None, 1, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := judge(t, tt.gate, now, base)
			if r.Outcome != Failed || r.Value == nil || r.Limit == nil || (r.Baseline == nil) != (tt.b < 0) {
				t.Fatalf("got %+v", r)
			}
			near := func(got, want float64) bool { return math.Abs(got-want) <= 0.002*math.Abs(want) }
			if !near(*r.Value, tt.value) || !near(*r.Limit, tt.limit) || r.Unit != tt.unit || r.N != tt.n {
				t.Errorf("value %v limit %v unit %v n %v", *r.Value, *r.Limit, r.Unit, r.N)
			}
			if r.Baseline != nil && !near(*r.Baseline, tt.b) || !strings.Contains(r.Detail, tt.detail) {
				t.Errorf("baseline %v, detail %q", r.Baseline, r.Detail)
			}
		})
	}
}

func TestTree(t *testing.T) {
	got := judge(t, `g: {expr: 'sent >= 5 and (latency_p50 < duration("10ms") or not (status_pass_rate < 1))'}`,
		numbers{sent: 10, pass: 1, passOf: 2, latency: flat(10, 0.02)}, nil)
	want := []Step{
		{0, `sent >= 5 and (latency_p50 < duration("10ms") or not (status_pass_rate < 1))`, "false"},
		{1, "sent >= 5", "true"},
		{2, "sent", "10"},
		{1, `latency_p50 < duration("10ms") or not (status_pass_rate < 1)`, "false"},
		{2, `latency_p50 < duration("10ms")`, "false"},
		{3, "latency_p50", "20ms"},
		{2, "not (status_pass_rate < 1)", "false"},
		{3, "status_pass_rate < 1", "true"},
		{4, "status_pass_rate", "0.5"},
	}
	if diff := cmp.Diff(want, got.Tree); diff != "" {
		t.Error(diff)
	}
}

func TestFailureIsNamed(t *testing.T) {
	n := numbers{sent: 10, pass: 1, passOf: 2}
	for gate, want := range map[string]string{
		`g: {expr: "sent > 1 and status_pass_rate == 1 and sent > 2"}`: "this does not hold: status_pass_rate == 1",
		`g: {expr: "sent > 50 or status_pass_rate == 1"}`:              "does not hold: sent > 50 or status_pass_rate == 1",
		`status_pass_rate: "== 1"`:                                     "got 0.5, limit 1",
	} {
		if got := judge(t, gate, n, nil).Detail; !strings.HasSuffix(got, want) {
			t.Errorf("%s: %q, want %q", gate, got, want)
		}
	}
}

func TestFlags(t *testing.T) {
	for gate, want := range map[string]Outcome{`correlated: "true"`: Failed, `correlated: "false"`: Passed} {
		r := newRegistry(t)
		r.SetFlag(replay("correlated"), false)
		got := one(t, replayScope(t), gate).Judge(t.Context(), Input{Snapshot: r.Snapshot()})
		if got.Outcome != want || got.Limit != nil || got.Value == nil || *got.Value != 0 {
			t.Errorf("%s: %+v", gate, got)
		}
	}
}

func TestTreeOfComparator(t *testing.T) {
	got := judge(t, `mem: "<= +10%"`, numbers{memory: 3000}, &numbers{memory: 2000})
	want := []Step{
		{0, "replay.mem_peak_bytes <= baseline.replay.mem_peak_bytes + 0.1 * abs(baseline.replay.mem_peak_bytes)", "false"},
		{1, "replay.mem_peak_bytes", "2.93KiB"},
		{1, "baseline.replay.mem_peak_bytes + 0.1 * abs(baseline.replay.mem_peak_bytes)", "2200"},
		{2, "baseline.replay.mem_peak_bytes", "1.953KiB"},
		{2, "0.1 * abs(baseline.replay.mem_peak_bytes)", "200"},
		{3, "abs(baseline.replay.mem_peak_bytes)", "2000"},
		{4, "baseline.replay.mem_peak_bytes", "1.953KiB"},
	}
	if diff := cmp.Diff(want, got.Tree); diff != "" {
		t.Error(diff)
	}
}

func TestCancelledJudgeIsAnError(t *testing.T) {
	p := one(t, replayScope(t), `sent: ">= 1"`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := p.Judge(ctx, Input{Snapshot: numbers{sent: 5}.fill(newRegistry(t))})
	if got.Outcome != Errored || got.Reason != Timeout {
		t.Errorf("%s %s", got.Outcome, got.Reason)
	}
}

func TestNotReached(t *testing.T) {
	got := one(t, replayScope(t), `status_pass_rate: ">= 1"`).NotReached()
	if got.Outcome != Skipped || got.Reason != Unreached || got.Family != "status" || got.Line != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestJudgeConcurrently(t *testing.T) {
	p := one(t, replayScope(t), `latency_p95: "<= +10%"`)
	n := numbers{latency: flat(100, 0.1)}
	in := Input{Snapshot: n.fill(newRegistry(t)), Baseline: &Baseline{Snapshot: n.fill(newRegistry(t))}}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := p.Judge(t.Context(), in); got.Outcome != Passed {
				t.Errorf("%s %s", got.Outcome, got.Detail)
			}
		})
	}
	wg.Wait()
}

func TestResultJSON(t *testing.T) {
	got := judge(t, `status_pass_rate: ">= 0.98"`, numbers{pass: 1, passOf: 2}, nil)
	got.Tree = nil
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"phase":"inbound","name":"status_pass_rate","source":"\u003e= 0.98",` +
		`"expr":"replay.status_pass_rate \u003e= 0.98","family":"status","severity":"enforce","outcome":"failed",` +
		`"reason":"threshold","detail":"got 0.5, limit 0.98","value":0.5,"limit":0.98,"unit":"ratio",` +
		`"n":2,"line":1,"on_fail":"stop"}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
}

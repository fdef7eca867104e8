package gates

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/gates/metric"
)

func TestProgram(t *testing.T) {
	s := replayScope(t)
	s.Phase = "quality"
	p := one(t, s, `
checkout:
  expr: |
    endpoint("GET /orders/{id}").status_pass_rate == 1
      and mocks["payment-api"].unmatched_requests == 0 and sent >= baseline.sent
  min_samples: 20
  severity: warn
  on_fail: {goto: sut}
  help: orders
`)
	if p.Phase != "quality" || p.Name != "checkout" || p.MinSamples != 20 || p.Severity != Warn ||
		p.OnFail != SUT || p.Help != "orders" || p.Pos.Line != 2 {
		t.Errorf("got %+v", p)
	}
	want := []metric.Ref{
		{Scope: "endpoint", Subject: orders, Name: "status_pass_rate"},
		{Scope: "mocks", Subject: "payment-api", Name: "unmatched_requests"},
		replay("sent"),
	}
	if diff := cmp.Diff(want, p.Refs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]metric.Ref{replay("sent")}, p.BaselineRefs); diff != "" {
		t.Error(diff)
	}
	if len(p.Metrics()) != 3 {
		t.Errorf("Metrics = %v", p.Metrics())
	}
}

func TestOwnGates(t *testing.T) {
	s := Scope{MetricScope: "mocks", Subject: "catalog", Registry: newRegistry(t), Skip: []string{"canary"}}
	p := one(t, s, `{match_rate: ">= 0.98", canary: {requests: 100}}`)
	if want := `mocks["catalog"].match_rate >= 0.98`; p.Expr != want {
		t.Errorf("got %s, want %s", p.Expr, want)
	}
	app := Scope{MetricScope: "apps", Subject: "orders-svc", Registry: s.Registry}
	for src, want := range map[string]string{
		`ready_seconds: ">= 3"`:  `apps["orders-svc"].ready_seconds >= 3`,
		`ready_seconds: ">= 3s"`: `apps["orders-svc"].ready_seconds >= 3`,
	} {
		if got := one(t, app, src).Expr; got != want {
			t.Errorf("%s: got %s, want %s", src, got, want)
		}
	}
}

func TestMorePlaces(t *testing.T) {
	s := replayScope(t)
	s.More = []Place{{Scope: "apps", Subject: "orders-svc"}, {Scope: "mocks"}}
	want := `apps["orders-svc"].ready_seconds <= 3`
	if got := one(t, s, `ready_seconds: "<= 3"`).Expr; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for src, hint := range map[string]string{
		`ready_secnds: "<= 3"`:                 "did you mean ready_seconds?",
		`g: {expr: "ready_secnds <= 3"}`:       "did you mean ready_seconds?",
		`g: {expr: "ready_seconds_delta < 1"}`: "write ready_seconds <= 1.1 * baseline.ready_seconds",
		`match_rates: "<= 3"`:                  "did you mean match_rate?",
	} {
		if _, ds := Parse(node(t, src), s); len(ds) != 1 || !strings.HasPrefix(ds[0].Hint, hint) {
			t.Errorf("%s: %s", src, findings(ds))
		}
	}
}

func TestSamples(t *testing.T) {
	const gate = `g: {expr: "latency_p50 < latency_p99 and status_pass_rate == 1 and heap < 5 and server_errors == 0"`
	for src, want := range map[string][]int{
		gate + "}":                  {6, 368, 1, 1, 1, 0},
		gate + ", min_samples: 20}": {20, 20, 20, 1, 20, 0},
	} {
		p := one(t, replayScope(t), src)
		var got []int
		for _, name := range []string{
			"latency_p50", "latency_p99", "status_pass_rate", "heap", "server_errors", "sent",
		} {
			got = append(got, p.Samples(replay(name)))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDefaultTarget(t *testing.T) {
	for gate, want := range map[string]Target{
		`'mocks["catalog"].match_rate': ">= 0.98"`: Backends,
		`heap: "<= 1GiB"`:                          SUT,
		`status_pass_rate: ">= 1"`:                 Stop,
		`latency_p95: "<= 1s"`:                     Stop,
		`g: {expr: 'status_pass_rate == 1 and mocks.catalog.match_rate == 1'}`: Backends,
	} {
		if got := one(t, replayScope(t), gate).OnFail; got != want {
			t.Errorf("%s: %s, want %s", gate, got, want)
		}
	}
}

func TestEveryMistakeAtOnce(t *testing.T) {
	src := "sent: '= 5'\nerror_rate: '<= 1%'\nstatus_pass_rate: '>= 0.9'\ng: {expr: 'a > 1 and b > 2'}"
	programs, ds := Parse(node(t, src), replayScope(t))
	if len(programs) != 1 || len(ds) != 4 {
		t.Errorf("%d gates, findings:\n%s", len(programs), findings(ds))
	}
}

func TestLint(t *testing.T) {
	tests := map[string]struct{ gate, want string }{
		"never fails, observed": {`error_rate: {expr: ">= 0", severity: observe}`, "can never fail"},
		"never fails, warning":  {`error_rate: {expr: "<= 1", severity: warn}`, "can never fail"},
		"never holds":           {`error_rate: "> 1"`, "can never hold"},
		"never holds, count":    {`sent: "< 0"`, "1:8"},
		"never holds, equal":    {`error_rate: "== 2"`, "can never hold"},
		"inside":                {`x: {expr: 'sent > 1 and error_rate <= 1'}`, "1:36: this can never fail"},
		"inverted":              {`latency_p95: ">= 1s"`, "is better when lower"},
		"inverted, higher":      {`status_pass_rate: "<= 0.5"`, "is better when higher"},
		"inverted in not":       {`x: {expr: 'not (latency_p95 >= duration("1s"))'}`, ""},
		"seconds exactly":       {`throughput: "== 10/s"`, "in fractions and hardly ever exactly 10/s"},
		"ratio exactly":         {`x: {expr: 'status_pass_rate == 0.98'}`, "hardly ever exactly"},
		"ratio exactly one":     {`status_pass_rate: "== 1"`, ""},
		"fine":                  {`latency_p95: "<= 1s"`, ""},
		"latency and a capture": {`latency_p95_delta: "<= +10%"`, "taken on another machine"},
		"status and a capture":  {`status_pass_rate: ">= -1%"`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := replayScope(t)
			s.Baseline = "capture"
			programs, ds := Parse(node(t, tt.gate), s)
			if len(programs) != 1 || ds.Err() != nil {
				t.Fatalf("was refused: %s", findings(ds))
			}
			if tt.want == "" && len(ds) > 0 || !strings.Contains(findings(ds), tt.want) {
				t.Errorf("got %q, want %q", findings(ds), tt.want)
			}
		})
	}
}

func TestRefusesGatesThatCannotFail(t *testing.T) {
	tests := map[string]struct {
		gate    string
		refused bool
	}{
		"below zero":         {`error_rate: ">= 0"`, true},
		"above one":          {`error_rate: "<= 1"`, true},
		"negative time":      {`x: {expr: 'latency_p95 >= duration("0s")'}`, true},
		"turned around":      {`x: {expr: '0 <= error_rate'}`, true},
		"both halves":        {`x: {expr: 'error_rate <= 1 and sent >= 0'}`, true},
		"one half of or":     {`x: {expr: 'error_rate == 0 or sent >= 0'}`, true},
		"one half of and":    {`x: {expr: 'error_rate == 0 and sent >= 0'}`, false},
		"observed":           {`x: {expr: 'sent >= 0', severity: observe}`, false},
		"in the middle":      {`error_rate: "<= 0.99"`, false},
		"at the upper limit": {`status_pass_rate: ">= 1"`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, ds := Parse(node(t, tt.gate), replayScope(t))
			if refused := ds.Err() != nil; refused != tt.refused {
				t.Errorf("refused %v, want %v: %s", refused, tt.refused, findings(ds))
			}
			if tt.refused && !strings.Contains(findings(ds), "this can never fail") {
				t.Errorf("the finding does not say why: %s", findings(ds))
			}
		})
	}
}

func TestCeiling(t *testing.T) {
	for gate, want := range map[string]float64{
		`sent: "<= 3"`: 3, `sent: "< 3"`: 2, `sent: "< 2.5"`: 2, `sent: ">= 3"`: -1, `sent: "<= +10%"`: -1,
		`x: {expr: 'sent <= 3'}`: -1,
	} {
		got, ok := one(t, replayScope(t), gate).Ceiling()
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%s: %v, want %v", gate, got, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	for gate, want := range map[string]string{
		`status_pass_rate: ">= 0.98"`: "status_pass_rate must be at least 0.98; else the run stops",
		`latency_p95: "<= +10% or +20ms and 600ms"`: "latency_p95 must be at most 10% or 20ms, whichever is more, " +
			"above the baseline, and at most 600ms, on at least 72 samples; else the run stops",
		`status_pass_rate: ">= -5%"`: "status_pass_rate must be not more than 5% below the baseline; else the run stops",
		`throughput: "within 10%"`:   "throughput must be within 10% of the baseline; else the run stops",
		`correlated: "true"`:         "correlated must be true; else the run stops",
		`'mocks["catalog"].match_rate': {expr: ">= 0.9", severity: observe}`: "match_rate of catalog must be " +
			"at least 0.9; shown only",
		`g: {expr: "sent > 1", severity: warn}`: "it must hold that sent > 1; else a warning",
		`heap: "<= 1GiB"`:                       "heap must be at most 1GiB; else back to sut",
	} {
		if got := Describe(one(t, replayScope(t), gate)); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

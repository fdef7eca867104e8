package gates

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
)

const orders = "GET /orders/{id}"

func descs() []metric.Desc {
	return []metric.Desc{
		{Scope: "replay", Name: "sent", Kind: metric.Counter, Unit: metric.Count},
		{
			Scope: "replay", Name: "status_pass_rate", Kind: metric.Rate, Unit: metric.Ratio,
			Direction: metric.HigherIsBetter, Family: "status",
		},
		{
			Scope: "replay", Name: "error_rate", Kind: metric.Rate, Unit: metric.Ratio,
			Direction: metric.LowerIsBetter, Family: "status",
		},
		{
			Scope: "replay", Name: "server_errors", Kind: metric.Counter, Unit: metric.Count,
			Direction: metric.LowerIsBetter, Exposure: "sent", Family: "status",
		},
		{
			Scope: "replay", Name: "latency", Kind: metric.Distribution, Unit: metric.Seconds,
			Direction: metric.LowerIsBetter, Family: "latency",
		},
		{
			Scope: "replay", Name: "throughput", Kind: metric.Gauge, Unit: metric.PerSecond,
			Direction: metric.HigherIsBetter, Family: "latency",
		},
		{
			Scope: "replay", Name: "mem_peak_bytes", Kind: metric.Gauge, Unit: metric.Bytes,
			Direction: metric.LowerIsBetter, Family: "resource", Aliases: []string{"mem"},
		},
		{
			Scope: "replay", Name: "heap", Kind: metric.Gauge, Unit: metric.Bytes,
			Direction: metric.LowerIsBetter, Family: "resource",
		},
		{
			Scope: "replay", Name: "cpu_percent", Kind: metric.Gauge, Unit: metric.Percent,
			Direction: metric.LowerIsBetter, Family: "resource",
		},
		{Scope: "replay", Name: "correlated", Kind: metric.Flag},
		{Scope: "mocks", Name: "requests", Kind: metric.Counter, Unit: metric.Count},
		{
			Scope: "mocks", Name: "match_rate", Kind: metric.Rate, Unit: metric.Ratio,
			Direction: metric.HigherIsBetter, Family: "mock",
		},
		{
			Scope: "mocks", Name: "unmatched_requests", Kind: metric.Counter, Unit: metric.Count,
			Direction: metric.LowerIsBetter, Exposure: "requests", Family: "mock",
		},
		{Scope: "apps", Name: "ready_seconds", Kind: metric.Gauge, Unit: metric.Seconds, Family: "readiness"},
		{
			Scope: "endpoint", Name: "status_pass_rate", Kind: metric.Rate, Unit: metric.Ratio,
			Direction: metric.HigherIsBetter, Family: "status",
		},
		{
			Scope: "endpoint", Name: "latency", Kind: metric.Distribution, Unit: metric.Seconds,
			Direction: metric.LowerIsBetter, Family: "latency",
		},
	}
}

func newRegistry(tb testing.TB) *metric.Registry {
	tb.Helper()
	r, err := metric.New(descs()...)
	if err != nil {
		tb.Fatal(err)
	}
	r.Subject("mocks", "payment-api")
	r.Subject("mocks", "catalog")
	r.Subject("apps", "orders-svc")
	r.Subject("endpoint", orders)
	return r
}

func replayScope(tb testing.TB) Scope {
	tb.Helper()
	return Scope{Phase: "inbound", MetricScope: "replay", Registry: newRegistry(tb)}
}

func replay(name string) metric.Ref { return metric.Ref{Scope: "replay", Name: name} }

func node(tb testing.TB, src string) *spec.Node {
	tb.Helper()
	doc, ds := spec.Parse("run.yaml", []byte(src), spec.Options{})
	if err := ds.Err(); err != nil {
		tb.Fatalf("%s: %v", src, err)
	}
	return doc.Root
}

// one compiles a block with one gate and no finding.
func one(tb testing.TB, s Scope, src string) *Program {
	tb.Helper()
	programs, ds := Parse(node(tb, src), s)
	if len(ds) > 0 || len(programs) != 1 {
		tb.Fatalf("%s: %d gates, findings: %v", src, len(programs), ds)
	}
	return programs[0]
}

func findings(ds spec.Diagnostics) string {
	var lines []string
	for _, d := range ds {
		lines = append(lines, d.Pos.String()+": "+d.Message+" ["+d.Hint+"]")
	}
	return strings.Join(lines, "\n")
}

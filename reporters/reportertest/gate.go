package reportertest

import (
	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
)

// option sets a part of a sample gate.
type option func(*gates.Result)

// gate is a passed gate of the replay unless the options say otherwise.
func gate(subject, name, source string, options ...option) gates.Result {
	g := gates.Result{
		Phase: engine.Replay, Subject: subject, Name: name, Source: source, Expr: "replay." + name + " " + source,
		Severity: gates.Enforce, Outcome: gates.Passed, Line: 40, OnFail: gates.Stop,
	}
	for _, o := range options {
		o(&g)
	}
	return g
}

func inPhase(name string) option { return func(g *gates.Result) { g.Phase = name } }

func line(n int) option { return func(g *gates.Result) { g.Line = n } }

func expr(e string) option { return func(g *gates.Result) { g.Source, g.Expr = e, e } }

func severity(s gates.Severity) option { return func(g *gates.Result) { g.Severity = s } }

func hold(value, limit float64, n int64) option {
	return func(g *gates.Result) { g.Value, g.Limit, g.N = &value, &limit, n }
}

func measured(unit metric.Unit, family string) option {
	return func(g *gates.Result) { g.Unit, g.Family = unit, family }
}

func against(baseline, low, high float64) option {
	return func(g *gates.Result) { g.Baseline, g.Interval = &baseline, &[2]float64{low, high} }
}

func ended(o gates.Outcome, r gates.Reason, detail string) option {
	return func(g *gates.Result) { g.Outcome, g.Reason, g.Detail = o, r, detail }
}

func skipped(detail string) option { return ended(gates.Skipped, gates.Unreached, detail) }

func tree(steps ...gates.Step) option { return func(g *gates.Result) { g.Tree = steps } }

// steadyGates hold in every sample run.
func steadyGates() []gates.Result {
	return []gates.Result{
		gate("payment-api", "self_check", ">= 1", inPhase(engine.Backends), line(18), hold(1, 1, 120),
			expr(`mocks["payment-api"].self_check_rate >= 1`), measured(metric.Ratio, "mock")),
		gate("orders-svc", "ready_seconds", ">= 3", inPhase(engine.Sut), line(27), hold(9.1, 3, 1),
			expr(`apps["orders-svc"].ready_seconds >= 3`), measured(metric.Seconds, "readiness")),
	}
}

func failedGates() []gates.Result {
	return []gates.Result{
		gate("", "coverage", ">= 1", inPhase(engine.Quality), hold(1, 1, 320), measured(metric.Ratio, "status")),
		gate("", "status_pass_rate", ">= 0.99", line(35), hold(0.9625, 0.99, 320), measured(metric.Ratio, "status"),
			ended(gates.Failed, gates.Threshold, "")),
		gate("", "checkout-stays-correct", "", line(36), measured(metric.None, "body"),
			expr(`endpoint("POST /orders").response_match_rate == 1 and mocks["payment-api"].unmatched_requests == 0`),
			ended(gates.Failed, gates.Threshold, "the expression is false"), tree(
				gates.Step{Expr: `endpoint("POST /orders").response_match_rate == 1 and ...`, Value: "false"},
				gates.Step{Depth: 1, Expr: `endpoint("POST /orders").response_match_rate == 1`, Value: "false"},
				gates.Step{Depth: 2, Expr: `endpoint("POST /orders").response_match_rate`, Value: "0.7"},
				gates.Step{Depth: 1, Expr: `mocks["payment-api"].unmatched_requests == 0`, Value: "false"})),
		gate("payment-api", "match_rate", ">= 0.98", line(19), hold(118.0/121, 0.98, 121),
			measured(metric.Ratio, "mock"), ended(gates.Failed, gates.Threshold, "")),
		gate("", "latency_p95_delta", "<= +10%", line(37), severity(gates.Warn), hold(0.0123, 0.011, 320),
			against(0.01, 1.12, 1.31), measured(metric.Seconds, "latency"), ended(gates.Warned, gates.Threshold, "")),
		gate("", "latency_p99", "<= 200ms", line(38), hold(0.0109, 0.2, 320), measured(metric.Seconds, "latency"),
			ended(gates.Inconclusive, gates.TooFewSamples, "replay.latency_p99 has 320 of 368 samples")),
		gate("", "throughput", ">= 60/s", line(39), severity(gates.Observe), hold(49.5, 60, 320),
			measured(metric.PerSecond, "latency"), ended(gates.Failed, gates.Threshold, "")),
		gate("", "ratio-of-nothing", "", expr("replay.sent / 0 > 1"), line(41), measured(metric.None, ""),
			ended(gates.Errored, gates.EvalError, "division by zero")),
		gate("orders-svc", "egress_violations", "== 0", inPhase(engine.Sut), line(28), skipped("not reached")),
	}
}

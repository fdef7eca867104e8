// Package reportertest holds sample reports for the tests of all reporters.
package reportertest

import (
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
)

// Passed is the report of a run in which everything holds, after one retry of the application.
func Passed() *engine.Report {
	rep := base("20261101-083000-7f3a", engine.Passed)
	rep.Cause = "passed: 320 of 320 answers as recorded, 4 gates hold, but only after a retry (flaky)"
	rep.Flaky = true
	rep.Phases[1].Attempts = 2
	rep.Gates = append(steadyGates(),
		gate("", "status_pass_rate", ">= 0.99", hold(1, 0.99, 320), measured(metric.Ratio, "status")),
		gate("", "body_match_rate", ">= 0.95", hold(1, 0.95, 4160), measured(metric.Ratio, "body")))
	rep.Accounting = engine.Accounting{Planned: 320, Matched: 320}
	rep.Endpoints = []engine.EndpointReport{
		endpoint("GET /orders/{id}", 200, 1, 1), endpoint("POST /orders", 120, 1, 1),
	}
	rep.Mocks = []engine.MockReport{
		{Name: "payment-api", Engine: "embedded", Stubs: 120, Requests: 120, Matched: 120},
	}
	rep.Services = []engine.ServiceReport{service()}
	rep.Databases = []engine.DatabaseReport{{
		Name: "orders-db", Engine: "postgres 16.4", Tables: 7, Rows: 5210, SeedSeconds: 1.4, RestoreSeconds: 0.08,
		Restores: 2, Reads: 640, Writes: 1, Schema: "42",
	}}
	rep.Snapshot = snapshot(320)
	return rep
}

// Failed is the report of a run that found differences, with gates of every outcome: among them one
// that only warns, one without enough samples, one that is only observed and one that broke.
func Failed() *engine.Report {
	rep := base("20261101-090000-11c2", engine.Failed)
	rep.Cause = "failed: POST /orders $.total differs in 12 of 40 (recorded 41.5, got 41)"
	rep.Hint = "look at the differences, or declare them in replay.compare"
	rep.Phases[3].Outcome = gates.Failed
	rep.Phases[3].Why = "status_pass_rate: measured 0.9625, limit 0.99"
	rep.Gates = append(steadyGates(), failedGates()...)
	rep.Accounting = engine.Accounting{Planned: 320, Matched: 296, Differed: 12, StatusDiffered: 11, TimedOut: 1}
	rep.Endpoints = failedEndpoints()
	rep.Differences = differences()
	rep.Mocks = failedMocks()
	app := service()
	app.NewErrors = []engine.LogPattern{
		{Text: "ERROR rounding <n> of order <id>", Count: 12, First: "ERROR rounding 41.5 of order ord_01hx"},
	}
	rep.Services = []engine.ServiceReport{app}
	rep.Notes = []string{`sessions: found by the header "X-Session-Id"`}
	rep.Snapshot = snapshot(296)
	return rep
}

// Faulted is the report of a run that ended because the application died: nothing was replayed, and
// later phases and gates were not reached.
func Faulted() *engine.Report {
	rep := base("20261101-093000-e901", engine.SUT)
	rep.Cause = "sut: orders-svc exited with code 2 after 310ms, before it was ready"
	rep.Hint = "run it by hand: ./orders serve"
	rep.Details = []string{"panic: no catalogue & no address", "goroutine 1 [running]:", "main.main()"}
	rep.Phases = []engine.PhaseReport{
		{Name: engine.Backends, Outcome: gates.Passed, Seconds: 0.412, Attempts: 1},
		{
			Name: engine.Sut, Outcome: gates.Errored, Seconds: 0.31, Attempts: 1,
			Why: "orders-svc exited with code 2 after 310ms, before it was ready",
		},
		{Name: engine.Quality, Outcome: gates.Skipped, Why: "not reached"},
		{Name: engine.Replay, Outcome: gates.Skipped, Why: "not reached"},
	}
	rep.Gates = []gates.Result{
		steadyGates()[0],
		gate("orders-svc", "ready_seconds", ">= 3", inPhase(engine.Sut), skipped("not reached")),
		gate("", "status_pass_rate", ">= 0.99", skipped("not reached")),
	}
	rep.Mocks = []engine.MockReport{{Name: "payment-api", Engine: "embedded", Stubs: 120}}
	rep.Artifacts = []string{"logs/orders-svc.log", "pipeline.effective.yaml"}
	return rep
}

func base(id string, verdict engine.Verdict) *engine.Report {
	return &engine.Report{
		Schema: engine.ReportSchema, RunID: id, Pipeline: "orders-pre-merge", File: "examples/orders/pipeline.yaml",
		Verdict: verdict, ExitCode: verdict.ExitCode(), Started: time.Date(2026, 11, 1, 8, 30, 0, 125e6, time.UTC),
		Seconds: 12.345, Seed: 42, Reproduce: "headgate run examples/orders/pipeline.yaml --seed 42",
		Fingerprint: map[string]string{"os": "linux/amd64", "cpus": "2", "traffic": "sha256:9f86d081"},
		Phases: []engine.PhaseReport{
			{Name: engine.Backends, Outcome: gates.Passed, Seconds: 0.412, Attempts: 1},
			{Name: engine.Sut, Outcome: gates.Passed, Seconds: 4.2, Attempts: 1},
			{Name: engine.Quality, Outcome: gates.Passed, Seconds: 1.1, Attempts: 1},
			{Name: engine.Replay, Outcome: gates.Passed, Seconds: 6.5, Attempts: 1},
		},
		Artifacts: []string{"diffs.jsonl", "logs/orders-svc.log", "pipeline.effective.yaml", "results.jsonl"},
		Dir:       ".headgate/runs/" + id,
	}
}

func service() engine.ServiceReport {
	return engine.ServiceReport{
		Name: "orders-svc", ReadySeconds: 9.1, StartupSeconds: 0.45, CPUSeconds: 1.75,
		MemPeakBytes: 48 << 20, LogLines: 350,
	}
}

func endpoint(name string, n int, status, response float64) engine.EndpointReport {
	fields := 1 - (1-response)/13
	return engine.EndpointReport{
		Endpoint: name, Requests: n, StatusPassRate: &status,
		ResponseMatchRate: &response, BodyMatchRate: &fields,
		Latency: engine.LatencyReport{P50: 0.0021, P95: 0.0063, P99: 0.011},
	}
}

func failedEndpoints() []engine.EndpointReport {
	return []engine.EndpointReport{
		endpoint("POST /orders", 40, 1, 0.7),
		endpoint("GET /orders?status=<any> & more", 79, 68.0/79, 1),
		endpoint("GET /orders/{id}", 200, 1, 1),
		{Endpoint: "DELETE /orders/{id}", Requests: 1},
	}
}

func differences() []engine.DifferenceReport {
	return []engine.DifferenceReport{
		{
			Endpoint: "POST /orders", Path: "$.total", Kind: "value", Count: 12, Of: 40,
			Suggestion: `replay.compare.tolerate: {"$.total": 0.5}`,
			Samples: []engine.DifferentValue{{
				Record: "rec-017", Expected: "41.5", Actual: "41",
				Curl: `curl -X POST '$TARGET/orders' --data '{"sku":"A&B <1>"}'`,
			}},
		},
		{
			Endpoint: "GET /orders?status=<any> & more", Path: "status", Kind: "value", Count: 11, Of: 79,
			Samples: []engine.DifferentValue{{Record: "rec-101", Expected: "200", Actual: "500"}},
		},
	}
}

func failedMocks() []engine.MockReport {
	return []engine.MockReport{{
		Name: "payment-api", Engine: "embedded", Stubs: 120, Requests: 121, Matched: 118, Unmatched: 3,
		UnusedStubs: 2, MissingCalls: 3, ExtraCalls: 1,
		Misses: []engine.MockMiss{{
			Request: "POST /payments", Count: 3, Nearest: "payments-017",
			Differs: []string{"$.amount"}, Changed: true, Suggestion: `match: {ignore: {json: ["$.amount"]}}`,
		}},
		Calls: []engine.CallReport{{Endpoint: "GET /limits/{id}", Recorded: 40, Made: 41}},
	}}
}

package engine_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
)

// bad lists the metrics of declared with a value at which the gate in [gateOf] fails.
func bad(r *metric.Registry, name string) {
	switch name {
	case "match_rate":
		r.Hit(metric.Ref{Scope: "mocks", Subject: "svc", Name: name}, 9, 10)
	case "mem", "new_log_errors":
		r.Set(appRef(name), 500)
	case "ready":
		r.SetFlag(appRef(name), false)
	case "missing":
		r.Set(metric.Ref{Scope: "side_effects", Name: name}, 2)
	case "latency":
		for i := range 100 {
			r.Observe(replayRef(name), strconv.Itoa(i), 0.5)
		}
	default:
		r.Hit(replayRef(name), 9, 10)
	}
}

func gateOf(name string) string {
	return map[string]string{
		"match_rate":     `match: {expr: 'mocks["svc"].match_rate == 1', on_fail: {goto: stop}}`,
		"mem":            `mem: {expr: 'apps["svc"].mem <= 100', on_fail: {goto: stop}}`,
		"ready":          `ready: {expr: 'apps["svc"].ready == 1', on_fail: {goto: stop}}`,
		"new_log_errors": `logs: {expr: 'apps["svc"].new_log_errors == 0', on_fail: {goto: stop}}`,
		"missing":        `missing: {expr: "side_effects.missing == 0", on_fail: {goto: stop}}`,
		"latency":        `latency_p95: "<= 200ms"`,
		"status":         `status: "== 1"`,
		"body":           `body: "== 1"`,
		"coverage":       `coverage: ">= 1"`,
	}[name]
}

func missed(request string, n int64, changed bool) []engine.MockReport {
	return []engine.MockReport{{Name: "pay", Misses: []engine.MockMiss{{
		Request: request, Count: n, Changed: changed, Differs: []string{"$.amount (recorded 2, got 3)"},
	}}}}
}

func called(recorded, made int64) []engine.MockReport {
	return []engine.MockReport{
		{Name: "idle"},
		{Name: "pay", Calls: []engine.CallReport{{Endpoint: "POST /refunds", Recorded: recorded, Made: made}}},
	}
}

func differing(kind, path, expected, actual string) []engine.DifferenceReport {
	return []engine.DifferenceReport{{
		Endpoint: "POST /orders", Path: path, Kind: kind, Count: 12, Of: 40,
		Samples: []engine.DifferentValue{{Expected: expected, Actual: actual}},
	}}
}

// told is what the phases tell beside an accounting in which one of ten answers differs.
type told struct {
	differences []engine.DifferenceReport
	mocks       []engine.MockReport
	endpoints   []engine.EndpointReport
	accounting  engine.Accounting
	services    []engine.ServiceReport
}

func TestCauses(t *testing.T) {
	long := strings.Repeat("x", 100)
	slow := []engine.EndpointReport{
		{Endpoint: "GET /a", Latency: engine.LatencyReport{P95: 0.1}},
		{Endpoint: "GET /b", Latency: engine.LatencyReport{P95: 0.5}},
	}
	cases := map[string]struct {
		failing []string
		told    told
		verdict engine.Verdict
		cause   string
	}{
		"value": {
			[]string{"body"},
			told{differences: differing("value", "$.total", "41.5", "41")},
			engine.Failed,
			"failed: POST /orders $.total differs in 12 of 40 (recorded 41.5, got 41)",
		},
		"missing": {
			[]string{"body"},
			told{differences: differing("missing", "$.total", "41.5", "")},
			engine.Failed,
			"failed: POST /orders $.total is missing in 12 of 40 (recorded 41.5)",
		},
		"extra": {
			[]string{"body"},
			told{differences: differing("extra", "$.tax", "", "3")},
			engine.Failed,
			"failed: POST /orders $.tax is new in 12 of 40 (got 3)",
		},
		"type": {
			[]string{"body"},
			told{differences: differing("type", "$.qty", "2", `"2"`)},
			engine.Failed,
			`failed: POST /orders $.qty has another type in 12 of 40 (recorded 2, got "2")`,
		},
		"order": {
			[]string{"body"},
			told{differences: differing("order", "$.items", "[1,2]", "[2,1]")},
			engine.Failed,
			"failed: POST /orders $.items is in another order in 12 of 40",
		},
		"not JSON": {
			[]string{"body"},
			told{differences: differing("not_json", "body", "{}", "<html>")},
			engine.Failed,
			"failed: POST /orders body is no longer JSON in 12 of 40 (recorded {}, got <html>)",
		},
		"long values": {
			[]string{"status"},
			told{differences: differing("value", "$.s", long, "y")},
			engine.Failed,
			"failed: POST /orders $.s differs in 12 of 40 (recorded " + long[:77] + "..., got y)",
		},
		"lost answers": {
			[]string{"status"},
			told{accounting: engine.Accounting{Planned: 10, Matched: 7, TimedOut: 1, TransportErrors: 2}},
			engine.Failed, "failed: 3 of 10 requests got no answer: 1 timed out, 2 connections failed",
		},
		"more differ than were lost": {
			[]string{"status"},
			told{
				accounting:  engine.Accounting{Planned: 10, Matched: 7, TimedOut: 1, Differed: 2},
				differences: differing("value", "$.a", "1", "2"),
			},
			engine.Failed, "failed: POST /orders $.a differs in 12 of 40 (recorded 1, got 2)",
		},
		"status without a difference": {
			[]string{"status"}, told{}, engine.Failed, "failed: gate status: measured 0.9, limit 1",
		},
		"slow": {
			[]string{"latency"},
			told{endpoints: slow},
			engine.Failed,
			"failed: gate latency_p95: measured 500ms, limit 200ms; the slowest is GET /b with p95 500ms",
		},
		"slow, no endpoint known": {
			[]string{"latency"},
			told{},
			engine.Failed,
			"failed: gate latency_p95: measured 500ms, limit 200ms",
		},
		"resource": {
			[]string{"mem"},
			told{},
			engine.Failed,
			`failed: gate mem (apps["svc"].mem <= 100): measured 500B, limit 100B`,
		},
		"log errors": {
			[]string{"new_log_errors"},
			told{services: []engine.ServiceReport{
				{Name: "other", NewErrors: []engine.LogPattern{{First: "ERROR not this"}}},
				{Name: "svc", NewErrors: []engine.LogPattern{{First: "ERROR no cache"}}},
			}},
			engine.Failed,
			`failed: gate logs (apps["svc"].new_log_errors == 0): measured 500, limit 0; the first: ERROR no cache`,
		},
		"answers before resources": {
			[]string{"mem", "body"},
			told{differences: differing("value", "$.a", "1", "2")},
			engine.Failed,
			"failed: POST /orders $.a differs in 12 of 40 (recorded 1, got 2)",
		},
		"changed call": {
			[]string{"match_rate", "body"},
			told{mocks: missed("POST /pay", 3, true), differences: differing("value", "$.a", "1", "2")},
			engine.Failed,
			"failed: pay: POST /pay is not called as recorded: $.amount (recorded 2, got 3), in 3 calls",
		},
		"dropped call": {
			[]string{"missing"},
			told{mocks: called(3, 0)},
			engine.Failed,
			"failed: pay: POST /refunds was never called, recorded 3 times",
		},
		"call made more often": {
			[]string{"missing"},
			told{mocks: called(1, 2)},
			engine.Failed,
			"failed: pay: POST /refunds was called 2 times, recorded once",
		},
		"mock, nothing told": {
			[]string{"match_rate"},
			told{},
			engine.Failed,
			`failed: gate match (mocks["svc"].match_rate == 1): measured 0.9, limit 1`,
		},
		"hole in the recording": {
			[]string{"match_rate", "body"},
			told{mocks: missed("GET /new", 1, false)},
			engine.Recording,
			"recording: GET /new is not in the recording (once), which explains the failures",
		},
		"more differs than was missed": {
			[]string{"match_rate"},
			told{
				mocks:      missed("GET /new", 1, false),
				accounting: engine.Accounting{Planned: 10, Matched: 7, Differed: 1, StatusDiffered: 2},
			},
			engine.Failed, "failed: pay: GET /new is not in the recording (once)",
		},
		"misses do not explain a lost answer": {
			[]string{"match_rate"},
			told{
				mocks:      missed("GET /new", 1, false),
				accounting: engine.Accounting{Planned: 10, Matched: 9, TimedOut: 1},
			},
			engine.Failed, "failed: pay: GET /new is not in the recording (once)",
		},
		"misses do not explain memory": {
			[]string{"match_rate", "mem"},
			told{mocks: missed("GET /new", 1, false)},
			engine.Failed,
			"failed: pay: GET /new is not in the recording (once)",
		},
		"cannot be replayed": {
			[]string{"coverage"},
			told{accounting: engine.Accounting{Planned: 10, Matched: 1, Skipped: 1, Aborted: 8}},
			engine.Recording, "recording: 1 of 10 recorded requests cannot be replayed: " +
				"leave them out with traffic.select, or lower the gate coverage",
		},
		"not replayed": {
			[]string{"coverage"},
			told{accounting: engine.Accounting{Planned: 10, Matched: 8, Skipped: 1, Shed: 1}},
			engine.Failed, "failed: gate coverage: 2 of 10 requests were not replayed",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, minimal)
			w.Pipeline.Metrics.Subject("mocks", "svc")
			w.Pipeline.Metrics.Subject("apps", "svc")
			w.quality.gates = nil
			for _, name := range c.failing {
				w.quality.gates = append(w.quality.gates, w.compile(engine.Quality, "replay", gateOf(name))...)
			}
			w.inbound.run = func(_ context.Context, r *engine.Run, _ int) error {
				for _, name := range c.failing {
					bad(r.Metrics, name)
				}
				return nil
			}
			w.quality.tell = func(_ *engine.Run, rep *engine.Report) {
				rep.Accounting = c.told.accounting
				if rep.Accounting.Planned == 0 {
					rep.Accounting = engine.Accounting{Planned: 10, Matched: 9, Differed: 1}
				}
				rep.Services = c.told.services
				rep.Differences, rep.Mocks, rep.Endpoints = c.told.differences, c.told.mocks, c.told.endpoints
			}
			w.want(w.play(t.Context()), c.verdict, c.cause)
		})
	}
}

package silentgreen_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
)

// TestSilentGreenNumbers judges numbers that are none, in every polarity of a gate.
func TestSilentGreenNumbers(t *testing.T) {
	set := func(v float64) func(*engine.Run) {
		return func(r *engine.Run) { r.Metrics.Set(metric.Ref{Scope: "replay", Name: "throughput"}, v) }
	}
	absent := func(r *engine.Run) { r.Metrics.Reset("replay") }
	polarities := map[string]string{
		"at least": `{throughput: ">= 1/s"}`,
		"at most":  `{throughput: "<= 1000000/s"}`,
		"not less": `{fine: {expr: 'not (throughput < 1)'}}`,
		"not more": `{fine: {expr: 'not (throughput > 1000000)'}}`,
		"either":   `{fine: {expr: 'throughput > 1 or throughput <= 1'}}`,
		"not same": `{fine: {expr: 'throughput != 7'}}`,
		"biased":   `{fine: {expr: 'error_rate == 0 or throughput > 1'}}`,
		"chosen":   `{fine: {expr: 'max(throughput, 5) >= 5'}}`,
	}
	values := map[string]struct {
		tamper func(*engine.Run)
		cause  string
	}{
		"NaN":               {set(math.NaN()), `throughput is not a finite number`},
		"infinite":          {set(math.Inf(1)), `throughput is not a finite number`},
		"negative infinite": {set(math.Inf(-1)), `throughput is not a finite number`},
		"absent":            {absent, `has no data`},
	}
	for value, v := range values {
		for polarity, gates := range polarities {
			t.Run(fmt.Sprintf("%s %s", value, polarity), func(t *testing.T) {
				c := trial{
					recorded: []exchange{get("/orders/1").json(order)}, gates: gates, after: v.tamper,
					exit: 2, cause: `^inconclusive: gate .*` + v.cause,
				}
				c.judge(t)
			})
		}
	}
}

// TestSilentGreenEvidence holds runs that lack the evidence for their gates.
func TestSilentGreenEvidence(t *testing.T) {
	recorded := []exchange{get("/orders/1").json(order), get("/orders/2").json(order)}
	cases := map[string]trial{
		"no recorded answers": {
			recorded: []exchange{get("/orders/1").json(order).unanswered()}, exit: 2,
			cause: `^inconclusive: gate .*judged is 0`,
		},
		"a quantile of two requests": {
			gates: `{latency_p99: "<= 1s"}`, exit: 2,
			cause: `latency_p99 needs 368 samples`,
		},
		"a baseline that is not there": {
			top:   "baseline: {source: pinned, file: ./baseline.json}",
			gates: `{latency_p50: {expr: "<= +10%", min_samples: 1}}`,
			exit:  2, cause: `no baseline`,
		},
		"no call was recorded for what was replayed": {
			recorded: []exchange{
				get("/orders/1").json(order), post("/orders", `{"a":1}`).json(order).calling(get("/prices").json(`{}`)),
			},
			traffic: `{select: {where: 'request.method == "GET"'}}`, exit: 2,
			cause: `^inconclusive: gate .*recorded_calls is 0`,
		},
		"a limit that no replay of this size can reach": {
			gates: `{new_differences: "<= 2"}`, exit: 2, cause: `new_differences .*can never fail.*2 requests`,
		},
		"a limit on errors that no replay of this size can reach": {
			gates: `{server_errors: "< 3"}`, exit: 2, cause: `server_errors .*can never fail.*2 requests`,
		},
		"nothing is enforced": {
			gates: `{new_differences: {expr: "== 0", severity: warn}, coverage: {expr: ">= 1", severity: observe}}`,
			exit:  2, cause: `no gate was enforced`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.recorded == nil {
				c.recorded = recorded
			}
			c.judge(t)
		})
	}
}

package gates

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/gates/metric"
)

// simulate makes latencies of two runs over the same requests: log-normal between requests with a sigma
// of 0.5, and with 10 % noise for each request and run; the second run takes factor times as long.
func simulate(seed uint64, n int, factor float64) (then, now []float64) {
	random := rand.New(rand.NewPCG(seed, 7))
	for range n {
		request := 0.1 * math.Exp(0.5*random.NormFloat64())
		then = append(then, request*math.Exp(0.1*random.NormFloat64()))
		now = append(now, factor*request*math.Exp(0.1*random.NormFloat64()))
	}
	return then, now
}

func judgeSimulation(t *testing.T, p *Program, seed uint64, then, now []float64) Result {
	t.Helper()
	return p.Judge(t.Context(), Input{
		Snapshot: numbers{latency: now}.fill(newRegistry(t)), Seed: seed,
		Baseline: &Baseline{Snapshot: numbers{latency: then}.fill(newRegistry(t))},
	})
}

func count(t *testing.T, gate string, seeds, n int, factor float64) map[Outcome]int {
	t.Helper()
	p := one(t, replayScope(t), gate)
	outcomes := map[Outcome]int{}
	for seed := range uint64(seeds) {
		then, now := simulate(seed, n, factor)
		outcomes[judgeSimulation(t, p, seed, then, now).Outcome]++
	}
	return outcomes
}

func TestIdenticalCodeHardlyEverFails(t *testing.T) {
	got := count(t, `latency_p95_delta: "<= +10%"`, 200, 100, 1)
	if got[Failed] > 10 || got[Errored] > 0 {
		t.Errorf("of 200 comparisons of identical code: %v; at most 10 may fail", got)
	}
}

func TestSlowdownIsFound(t *testing.T) {
	got := count(t, `latency_p95_delta: "<= +10%"`, 40, 1000, 1.2)
	if got[Failed] < 38 {
		t.Errorf("of 40 slowdowns by 20 %%: %v; at least 38 must fail", got)
	}
}

func TestSpeedupPasses(t *testing.T) {
	got := count(t, `latency_p95_delta: "<= +10%"`, 10, 400, 0.8)
	if got[Passed] != 10 {
		t.Errorf("of 10 speedups: %v; all must pass", got)
	}
}

func TestResample(t *testing.T) {
	then, same := simulate(3, 400, 1)
	_, slow := simulate(3, 400, 1.4)
	_, near := simulate(3, 100, 1.1)
	tests := map[string]struct {
		gate    string
		now     []float64
		outcome Outcome
		reason  Reason
	}{
		"same":                  {`latency_p50: "<= +10%"`, same, Passed, ""},
		"slow":                  {`latency_p50: "<= +10%"`, slow, Failed, Threshold},
		"slow within the floor": {`latency_p50: "<= +10% or +500ms"`, slow, Passed, ""},
		"slow beyond the floor": {`latency_p50: "<= +10% or +1ms"`, slow, Failed, Threshold},
		"absolute change":       {`latency_p50: "<= +500ms"`, slow, Passed, ""},
		"ceiling":               {`latency_p50: "<= +90% and 1ms"`, slow, Failed, Threshold},
		"expression":            {`g: {expr: "latency_p50 <= 1.1 * baseline.latency_p50"}`, slow, Failed, Threshold},
		"ratio":                 {`g: {expr: "latency_p50 / baseline.latency_p50 < 1.1"}`, same, Passed, ""},
		"mean":                  {`latency_mean: "<= +10%"`, slow, Failed, Threshold},
		"at the limit":          {`latency_p50: "<= +10%"`, near, Inconclusive, Undecided},
		"joined with what is sure": {
			`g: {expr: "latency_p50 <= 1.1 * baseline.latency_p50 and latency_p50 < duration('1ns')"}`,
			near, Failed, Threshold,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := judgeSimulation(t, one(t, replayScope(t), tt.gate), 1, then[:len(tt.now)], tt.now)
			if got.Outcome != tt.outcome || got.Reason != tt.reason {
				t.Errorf("%s %s (%s), want %s %s", got.Outcome, got.Reason, got.Detail, tt.outcome, tt.reason)
			}
			if got.Interval == nil || got.Interval[0] > got.Interval[1] {
				t.Errorf("interval %v", got.Interval)
			}
			if tt.reason == Undecided && (!strings.Contains(got.Detail, "100 requests") || len(got.Tree) == 0) {
				t.Errorf("detail %q, tree %v", got.Detail, got.Tree)
			}
		})
	}
}

func TestResampleIsRepeatable(t *testing.T) {
	then, now := simulate(5, 200, 1.1)
	p := one(t, replayScope(t), `latency_p95: "<= +10%"`)
	first, second := judgeSimulation(t, p, 42, then, now), judgeSimulation(t, p, 42, then, now)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
	if other := judgeSimulation(t, p, 43, then, now); *other.Interval == *first.Interval {
		t.Error("another seed gave the same interval")
	}
}

func TestNotPaired(t *testing.T) {
	fill := func(ids string, n int) *metric.Snapshot {
		r := newRegistry(t)
		for i := range n {
			id := ""
			if ids != "" {
				id = fmt.Sprint(ids, i)
			}
			r.Observe(replay("latency"), id, 0.1)
		}
		return r.Snapshot()
	}
	tests := map[string]struct {
		now, then *metric.Snapshot
		reason    Reason
	}{
		"no ids now":         {fill("", 100), fill("a", 100), BaselineNotComparable},
		"no ids in baseline": {fill("a", 100), fill("", 100), BaselineNotComparable},
		"other requests":     {fill("a", 100), fill("b", 100), BaselineNotComparable},
		"few in common":      {fill("a", 80), fill("a", 200), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := one(t, replayScope(t), `latency_p95: "<= +10%"`)
			got := p.Judge(t.Context(), Input{Snapshot: tt.now, Baseline: &Baseline{Snapshot: tt.then}})
			if got.Reason != tt.reason || tt.reason != "" && (got.Outcome != Inconclusive || got.Detail == "") {
				t.Errorf("%s %s (%s)", got.Outcome, got.Reason, got.Detail)
			}
		})
	}
}

func TestPairing(t *testing.T) {
	s := func(values ...any) (out []metric.Sample) {
		for i := 0; i < len(values); i += 2 {
			out = append(out, metric.Sample{ID: values[i].(string), Value: values[i+1].(float64)})
		}
		return out
	}
	g := &group{}
	g.join(s("a", 1.0, "b", 2.0, "b", 3.0, "d", 4.0), s("a", 5.0, "b", 6.0, "b", 7.0, "b", 8.0, "c", 9.0, "d", 10.0))
	if diff := cmp.Diff([]float64{1, 2, 3, 4}, g.now); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{5, 6, 7, 10}, g.then); diff != "" {
		t.Error(diff)
	}
}

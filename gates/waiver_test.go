package gates

import (
	"strings"
	"testing"
	"time"
)

func TestWaiver(t *testing.T) {
	waived := func(gate string) string {
		return strings.TrimSuffix(gate, "}") + `, waive: {until: 2026-11-20, reason: flaky upstream, by: ann}}`
	}
	below := waived(`status_pass_rate: {expr: ">= 0.99"}`)
	day := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	tests := map[string]struct {
		gate    string
		now     time.Time
		outcome Outcome
		reason  Reason
		why     string
	}{
		"before": {below, day("2026-11-01T00:00:00Z"), Warned, Waived, "waived until 2026-11-20 by ann: flaky upstream"},
		"on its last day": {
			below, day("2026-11-20T23:59:59Z"), Warned, Waived, "waived until 2026-11-20 by ann: flaky upstream",
		},
		"the day after": {
			below, day("2026-11-21T00:00:00Z"), Failed, WaiverExpired, "got 0.5, limit 0.99; its waiver ended on 2026-11-20",
		},
		"by another clock": {
			below, day("2026-11-21T01:00:00+02:00"), Warned, Waived, "waived until 2026-11-20 by ann: flaky upstream",
		},
		"no clock": {below, time.Time{}, Failed, Threshold, "measured 0.5"},
		"holds":    {waived(`status_pass_rate: {expr: ">= 0.5"}`), day("2026-11-01T00:00:00Z"), Passed, "", ""},
		"expression": {
			waived(`x: {expr: "status_pass_rate == 1 and sent > 1"}`), day("2026-11-01T00:00:00Z"), Warned, Waived,
			"flaky upstream; this does not hold: status_pass_rate == 1",
		},
		"no evidence": {
			waived(`server_errors: {expr: "== 0"}`), day("2026-11-01T00:00:00Z"), Inconclusive, NoData, "",
		},
		"observed": {
			waived(`status_pass_rate: {expr: ">= 0.99", severity: observe}`), day("2026-11-01T00:00:00Z"),
			Failed, Threshold, "",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			programs, ds := Parse(node(t, tt.gate), replayScope(t))
			if ds.Err() != nil || len(programs) != 1 {
				t.Fatalf("%s: %s", tt.gate, findings(ds))
			}
			n := numbers{pass: 5, passOf: 10}
			if tt.outcome != Inconclusive {
				n.sent = 10
			}
			r := programs[0].Judge(t.Context(), Input{Snapshot: n.fill(newRegistry(t)), Now: tt.now})
			if r.Outcome != tt.outcome || r.Reason != tt.reason || !strings.Contains(r.Why(), tt.why) {
				t.Errorf("got %s, %s, %q, want %s, %s, %q", r.Outcome, r.Reason, r.Why(), tt.outcome, tt.reason, tt.why)
			}
			if (r.Waiver != nil) != (tt.outcome == Warned) {
				t.Errorf("waiver %v in the result of a gate that is %s", r.Waiver, r.Outcome)
			}
		})
	}
}

func TestWaiverMistakes(t *testing.T) {
	tests := map[string]struct{ waiver, want string }{
		"no reason":     {`{until: 2026-11-20}`, "the key reason is missing"},
		"empty reason":  {`{until: 2026-11-20, reason: ""}`, "reason"},
		"no day":        {`{reason: x}`, "the key until is missing"},
		"no such day":   {`{until: 2026-02-30, reason: x}`, `expected a day, found "2026-02-30"`},
		"time":          {`{until: 2026-11-20T08:00:00Z, reason: x}`, "expected a day"},
		"list":          {`{until: [2026-11-20], reason: x}`, "expected a day, found a list"},
		"unknown":       {`{until: 2026-11-20, reason: x, who: ann}`, `unknown key "who"`},
		"not a mapping": {`forever`, "expected a mapping"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			programs, ds := Parse(node(t, `x: {expr: "sent > 1", waive: `+tt.waiver+`}`), replayScope(t))
			if ds.Err() == nil || len(programs) != 0 || !strings.Contains(findings(ds), tt.want) {
				t.Errorf("got %d gates, %s", len(programs), findings(ds))
			}
		})
	}
}

// TestOnlyWaived: a run in which all that is enforced has failed and is waived has proved nothing.
func TestOnlyWaived(t *testing.T) {
	waived := Result{Severity: Enforce, Outcome: Warned, Reason: Waived, Waiver: &Waiver{Until: "2026-11-20"}}
	if got := Worst([]Result{waived}); got != Inconclusive {
		t.Errorf("one waived gate: got %s", got)
	}
	if got := Worst([]Result{waived, {Severity: Enforce, Outcome: Passed}}); got != Warned {
		t.Errorf("a waived gate and one that holds: got %s", got)
	}
}

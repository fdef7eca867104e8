package engine_test

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
)

func TestRejudge(t *testing.T) {
	holds := gates.Result{Name: "a", Severity: gates.Enforce, Outcome: gates.Passed}
	fails := gates.Result{Name: "a", Severity: gates.Enforce, Outcome: gates.Failed, Family: "resource"}
	unknown := gates.Result{Name: "a", Severity: gates.Enforce, Outcome: gates.Inconclusive, Reason: gates.NoData}
	whole := engine.Accounting{Planned: 2, Matched: 2}
	tests := map[string]struct {
		run  engine.Report
		gate gates.Result
		want engine.Verdict
		says string
	}{
		"holds":         {engine.Report{Accounting: whole}, holds, engine.Passed, "2 of 2"},
		"held once":     {engine.Report{Verdict: engine.Failed, Accounting: whole}, holds, engine.Passed, "2 of 2"},
		"fails":         {engine.Report{Accounting: whole}, fails, engine.Failed, "gate a"},
		"not decidable": {engine.Report{Accounting: whole}, unknown, engine.Inconclusive, "no verdict"},
		"nothing sent":  {engine.Report{}, holds, engine.Inconclusive, "no request"},
		"a part sent": {
			engine.Report{Verdict: engine.Failed, Accounting: engine.Accounting{Planned: 3, Matched: 1, Aborted: 2}},
			holds, engine.Inconclusive, "2 of 3 requests were not sent",
		},
		"a phase left out": {
			engine.Report{Accounting: whole, Phases: []engine.PhaseReport{
				{Name: engine.Backends, Why: "left out by --from sut"},
			}}, holds, engine.Inconclusive, "backends was not run",
		},
		"a phase not reached": {
			engine.Report{Accounting: whole, Phases: []engine.PhaseReport{{Name: engine.Sut}}},
			holds, engine.Inconclusive, "sut was not run",
		},
		"nothing to bring up": {
			engine.Report{Accounting: whole, Phases: []engine.PhaseReport{{Name: engine.Backends, Why: "no backends"}}},
			holds, engine.Passed, "2 of 2",
		},
		"broke off": {
			engine.Report{Verdict: engine.SUT, Cause: "sut: died", Accounting: whole},
			holds,
			engine.Inconclusive, "broke off: sut: died",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, cause := tt.run.Rejudge([]gates.Result{tt.gate})
			if got != tt.want || !strings.Contains(cause, tt.says) {
				t.Errorf("got %s, %q; want %s with %q", got, cause, tt.want, tt.says)
			}
		})
	}
}

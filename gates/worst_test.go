package gates

import (
	"fmt"
	"testing"
)

func TestSeverity(t *testing.T) {
	tests := map[string]struct {
		severity Severity
		expr     string
		want     Outcome
	}{
		"enforce": {Enforce, "sent > 50", Failed},
		"warn":    {Warn, "sent > 50", Warned},
		"observe": {Observe, "sent > 50", Failed},
		"no data": {Warn, "error_rate > 0", Inconclusive},
		"holds":   {Warn, "sent > 5", Passed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := judge(t, fmt.Sprintf(`g: {expr: "%s", severity: %s}`, tt.expr, tt.severity), numbers{sent: 10}, nil)
			if got.Outcome != tt.want || got.Severity != tt.severity {
				t.Errorf("got %s %s", got.Severity, got.Outcome)
			}
			if tt.want == Failed || tt.want == Warned {
				if len(got.Tree) == 0 {
					t.Error("no tree")
				}
			}
		})
	}
}

func TestWorst(t *testing.T) {
	result := func(s Severity, o Outcome) Result { return Result{Severity: s, Outcome: o} }
	tests := map[string]struct {
		results []Result
		want    Outcome
	}{
		"none":                    {nil, Inconclusive},
		"passed":                  {[]Result{result(Enforce, Passed)}, Passed},
		"failed over errored":     {[]Result{result(Enforce, Errored), result(Enforce, Failed)}, Failed},
		"errored over undecided":  {[]Result{result(Enforce, Inconclusive), result(Enforce, Errored)}, Errored},
		"undecided over warned":   {[]Result{result(Warn, Warned), result(Enforce, Inconclusive)}, Inconclusive},
		"warned over passed":      {[]Result{result(Enforce, Passed), result(Warn, Warned)}, Warned},
		"undecided warning":       {[]Result{result(Enforce, Passed), result(Warn, Inconclusive)}, Warned},
		"observed does not count": {[]Result{result(Enforce, Passed), result(Observe, Failed)}, Passed},
		"only observed":           {[]Result{result(Observe, Passed)}, Inconclusive},
		"only warnings":           {[]Result{result(Warn, Passed)}, Inconclusive},
		"all skipped":             {[]Result{result(Enforce, Skipped)}, Inconclusive},
		"one skipped":             {[]Result{result(Enforce, Skipped), result(Enforce, Passed)}, Passed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Worst(tt.results); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

package gates

import (
	"testing"

	"github.com/headgate-dev/headgate/gates/metric"
)

func TestLabelAndWhy(t *testing.T) {
	v, limit, baseline := 0.25, 0.2, 0.1
	tests := map[string]struct {
		result     Result
		label, why string
	}{
		"measured": {
			Result{Name: "latency_p95", Reason: Threshold, Value: &v, Limit: &limit, Unit: metric.Seconds},
			"latency_p95", "measured 250ms, limit 200ms",
		},
		"baseline": {
			Result{Subject: "pay", Name: "x", Reason: Threshold, Value: &v, Baseline: &baseline},
			"pay.x", "measured 0.25, baseline 0.1",
		},
		"no data":  {Result{Name: "x", Reason: NoData, Detail: "x has no data"}, "x", "x has no data"},
		"no value": {Result{Name: "x", Reason: Threshold, Detail: "this does not hold: a"}, "x", "this does not hold: a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.result.Label(); got != tt.label {
				t.Errorf("label %q, want %q", got, tt.label)
			}
			if got := tt.result.Why(); got != tt.why {
				t.Errorf("why %q, want %q", got, tt.why)
			}
		})
	}
}

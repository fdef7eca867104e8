package gates

import (
	"fmt"
	"testing"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
)

func TestGrammarIsRead(t *testing.T) {
	registry, err := metric.New(
		metric.Desc{Scope: "replay", Name: "status_pass_rate", Kind: metric.Rate, Unit: metric.Ratio},
		metric.Desc{Scope: "replay", Name: "latency", Kind: metric.Distribution, Unit: metric.Seconds},
		metric.Desc{Scope: "replay", Name: "readiness", Kind: metric.Flag},
		metric.Desc{Scope: "replay", Name: "throughput", Kind: metric.Gauge, Unit: metric.PerSecond},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range Grammar() {
		t.Run(form.Written, func(t *testing.T) {
			src := fmt.Sprintf("%s: %q\n", form.Metric, form.Written)
			doc, ds := spec.Parse("gates", []byte(src), spec.Options{})
			programs, more := Parse(doc.Root, Scope{Phase: "p", MetricScope: "replay", Registry: registry})
			ds.Add(more)
			if len(ds) > 0 || len(programs) != 1 || form.Means == "" {
				t.Errorf("%s: %d gates, %v", src, len(programs), ds)
			}
		})
	}
}

package phases_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/phases"
)

const storedFile = `
backends:
  mocks: [{name: pay, stubs: ./gone/, gates: {match_rate: ">= 0.5"}}]
  real: [{name: rates, url: "http://127.0.0.1:9", traffic: ./gone/, gates: {latency_p50: "<= 1s"}}]
sut: {apps: [{name: shop, command: [./gone], gates: {log_errors: "== 0"}}]}
quality_gates:
  status_pass_rate: ">= 0.9"
  mem_bytes: "<= 1GiB"
  one: {expr: 'endpoint("GET /a").status_pass_rate == 1'}
replay: {target: shop, traffic: ./gone/}
`

// TestGates compiles the gates of a run file of which nothing else is there any more.
func TestGates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	if err := os.WriteFile(path, []byte(storedFile), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := metric.New(phases.Metrics()...)
	if err != nil {
		t.Fatal(err)
	}
	r.Hit(metric.Ref{Scope: "mocks", Subject: "pay", Name: "self_check_rate"}, 1, 1)
	r.Hit(metric.Ref{Scope: "endpoint", Subject: "GET /a", Name: "status_pass_rate"}, 1, 1)
	stored := r.Snapshot()
	p, programs, ds := phases.Gates(t.Context(), phases.Source{Path: path}, stored)
	if ds.Err() != nil || p == nil {
		t.Fatal(ds)
	}
	names, outcomes := []string{}, map[string]gates.Outcome{}
	for _, g := range programs {
		names = append(names, strings.TrimPrefix(g.Subject+"."+g.Name, "."))
		outcomes[g.Name] = g.Judge(t.Context(), gates.Input{Snapshot: stored}).Outcome
	}
	want := []string{"pay.match_rate", "rates.latency_p50", "shop.log_errors", "status_pass_rate", "mem_bytes", "one"}
	if diff := cmp.Diff(want, names[:len(want)]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !slices.Contains(names, "missing_calls") || !slices.Contains(names, "new_differences") {
		t.Errorf("without the default gates: %v", names)
	}
	if outcomes["one"] != gates.Passed || outcomes["match_rate"] != gates.Inconclusive {
		t.Errorf("outcomes %v", outcomes)
	}
	_, programs, ds = phases.Gates(t.Context(), phases.Source{Path: path}, nil)
	if ds.Err() != nil || len(programs) == 0 {
		t.Errorf("without metrics: %v", ds)
	}
	if _, _, ds = phases.Gates(t.Context(), phases.Source{Path: path + "x"}, nil); ds.Err() == nil {
		t.Error("a run file that is not there was read")
	}
}

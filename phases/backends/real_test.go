package backends

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic"
)

// taken is a port that somebody listens on.
func taken(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// reads are recorded GETs of the service cat, and a write.
func reads(n int, took time.Duration) []*traffic.Record {
	list := []*traffic.Record{call("w", "in-1", "cat", "POST", "/items", "{}")}
	for i := range n {
		r := call(strconv.Itoa(i), "in-1", "cat", "GET", "/items/"+strconv.Itoa(i), "")
		r.Duration = took
		list = append(list, r)
	}
	return list
}

func TestRealServiceAgainstTheRecordedLatency(t *testing.T) {
	cases := map[string]struct {
		took    time.Duration
		outcome gates.Outcome
	}{
		"as fast":  {time.Second, gates.Passed},
		"too slow": {time.Microsecond, gates.Failed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var wrote bool
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				wrote = wrote || r.Method != http.MethodGet
			}))
			defer server.Close()
			s := newStage(t)
			s.capture(t, "cat.jsonl", reads(100, c.took)...)
			rep := s.play(t, `
  real:
    - name: cat
      url: `+server.URL+`
      probe: {http: /healthz}
      traffic: cat.jsonl
      gates: {readiness: "true", latency_p95_delta: "<= +10%"}
`, nil)
			if got := rep.Gates[1]; got.Outcome != c.outcome || got.Baseline == nil {
				t.Errorf("%s: %+v", rep.Cause, got)
			}
			if rep.Gates[0].Outcome != gates.Passed || wrote {
				t.Errorf("readiness %s, wrote %v", rep.Gates[0].Outcome, wrote)
			}
			p, _ := rep.Snapshot.Get(metric.Ref{Scope: "real", Subject: "cat", Name: "requests"})
			if p.Value != 100 {
				t.Errorf("%v requests", p.Value)
			}
		})
	}
}

func TestRealServiceFaults(t *testing.T) {
	cases := map[string]struct {
		status int
		probe  string
		cause  string
	}{
		"not ready": {
			503, "{http: /healthz, timeout: 50ms, interval: 5ms}", "environment: real service cat: cat was not ready",
		},
		"breaks": {500, "{tcp: true}", "environment: real service cat: GET /items/0: answered with status 500"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
			}))
			defer server.Close()
			s := newStage(t)
			s.capture(t, "cat.jsonl", reads(2, time.Millisecond)...)
			rep := s.play(t, "  real: [{name: cat, url: '"+server.URL+"', traffic: cat.jsonl, probe: "+c.probe+"}]\n", nil)
			if rep.Verdict != engine.Environment || !strings.HasPrefix(rep.Cause, c.cause) {
				t.Errorf("%s: %s", rep.Verdict, rep.Cause)
			}
		})
	}
}

func TestNothingToBringUp(t *testing.T) {
	_, phase, ds := newStage(t).load(t, "  mocks: []\n")
	if ds.Err() != nil || phase.Skip() != "no backends" || phase.Recorded() || phase.Timeout() <= 0 {
		t.Errorf("findings %v, skip %q", ds, phase.Skip())
	}
}

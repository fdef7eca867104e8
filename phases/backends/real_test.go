package backends

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/servicestest"
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

// A service of a cluster is reached by its name there.
func TestRealServiceOfACluster(t *testing.T) {
	cases := map[string]struct{ real, url, warning string }{
		"by its name":  {"{name: catalog-svc, namespace: shop}", "http://catalog-svc.shop.svc", ""},
		"url wins":     {"{name: cat, namespace: shop, url: 'http://x:1'}", "http://x:1", "the namespace is not used"},
		"image wins":   {"{name: cat, namespace: shop, image: 'x:1'}", "", "the namespace is not used"},
		"no namespace": {"{name: cat, url: 'http://x:1'}", "http://x:1", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.inputs.Fleet = &fleet.Fleet{}
			_, phase, ds := s.load(t, "  real: ["+c.real+"]\n")
			if ds.Err() != nil || (len(ds) > 0) != (c.warning != "") || !strings.Contains(ds.Error(), c.warning) {
				t.Fatalf("findings %v", ds)
			}
			if got := phase.real[0]; got.URL != c.url || (got.base == nil) != (c.url == "") {
				t.Errorf("it is at %q", got.URL)
			}
		})
	}
}

// A service that was there at the start and is not there at the end has not kept its promise.
func TestRealServiceThatGoesAway(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	rep := newStage(t).play(t, `
  real: [{name: cat, url: '`+server.URL+`', probe: {http: /healthz}, gates: {readiness: "true"}}]
`, func(context.Context, *engine.Run) error {
		server.Close()
		return nil
	})
	if rep.Verdict != engine.Failed || !strings.Contains(rep.Cause, "readiness") {
		t.Errorf("%s: %s", rep.Verdict, rep.Cause)
	}
}

// The limit of the phase must not be shorter than those that are asked for.
func TestTimeout(t *testing.T) {
	_, phase, _ := newStage(t).load(t, "  real: [{name: cat, url: 'http://x', probe: {timeout: 30m}}]\n")
	if phase.Timeout() <= 30*time.Minute {
		t.Errorf("the phase may take %s", phase.Timeout())
	}
}

func TestNothingToBringUp(t *testing.T) {
	_, phase, ds := newStage(t).load(t, "  mocks: []\n")
	if ds.Err() != nil || phase.Skip() != "no backends" || phase.Recorded() || phase.Timeout() <= 0 {
		t.Errorf("findings %v, skip %q", ds, phase.Skip())
	}
}

// What is started is measured like what is there already, and its resource use besides.
func TestStartedRealService(t *testing.T) {
	s := newStage(t)
	s.inputs.Fleet = &fleet.Fleet{Processes: &servicestest.Driver{
		Programs: map[string]servicestest.Program{"serve": answering},
		Stats: func(services.Service) (services.Stats, error) {
			return services.Stats{CPU: time.Second, Memory: 10, PeakMem: 20}, nil
		},
	}}
	s.capture(t, "cat.jsonl", reads(6, time.Second)...)
	var url string
	rep := s.play(t, `
  real:
    - {name: stock, command: [serve], needs: [cat], env: {CAT: "${real.cat.url}"}, probe: {interval: 5ms}}
    - name: cat
      command: [serve]
      probe: {http: /healthz, interval: 5ms}
      traffic: cat.jsonl
      gates: {readiness: "true", requests: "== 6", mem_peak_bytes: "<= 20B", latency_p50: "<= 1s"}
`, func(_ context.Context, r *engine.Run) error {
		url, _ = r.Lookup("real.cat.url")
		return nil
	})
	if rep.Verdict != engine.Passed || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("%s, url %q", rep.Cause, url)
	}
	if len(rep.BringUp) != 1 || rep.BringUp[0].Chain[0] != "real service cat" {
		t.Errorf("bring-up %+v", rep.BringUp)
	}
}

// answering answers every request until it is asked to stop.
func answering(ctx context.Context, p servicestest.Process) int {
	l, err := net.Listen("tcp", "127.0.0.1:"+p.Getenv("PORT"))
	if err != nil {
		return 1
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-ctx.Done()
		server.Close()
	}()
	_ = server.Serve(l)
	<-ended
	return 0
}

func TestRealServicesThatCannotBe(t *testing.T) {
	cases := map[string]struct{ real, want string }{
		"there and started": {"{name: cat, url: 'http://x', command: [a]}", "is to be started and to be there already"},
		"around": {
			"{name: cat, command: ['${real.dog.url}']}, {name: dog, command: [a], needs: [cat]}", "they need one another",
		},
		"nowhere":         {"{name: cat}", "needs the URL where it runs"},
		"isolated there":  {"{name: cat, url: 'http://x', isolation: {egress: deny}}", "isolation is for a service"},
		"settings there":  {"{name: cat, namespace: shop, env: {A: b}}", "env is for a service"},
		"needs nobody":    {"{name: cat, command: [a], needs: [cow]}", "cat needs cow"},
		"unbounded":       {"{name: cat, image: 'x:1', gates: {oom_kills: '== 0', egress_violations: '== 0'}}", ""},
		"a job's traffic": {"{name: cat, image: 'x:1', job: true, traffic: cat.jsonl}", "it answers nothing"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.inputs.Fleet = &fleet.Fleet{}
			s.capture(t, "cat.jsonl", reads(2, time.Second)...)
			_, _, ds := s.load(t, "  real: ["+c.real+"]\n")
			if got := ds.Error(); !strings.Contains(got, c.want) || (ds.Err() == nil) != (c.want == "") {
				t.Errorf("findings %s", got)
			}
		})
	}
}

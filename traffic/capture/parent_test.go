package capture

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

const (
	traceA = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	traceB = "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01"
	traceC = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

func TestParent(t *testing.T) {
	cases := map[string]struct {
		inbound   []http.Header
		outbound  http.Header
		want      int // index into inbound, -1 for none
		ambiguous int64
	}{
		"nothing in flight": {nil, http.Header{"Traceparent": {traceA}}, -1, 0},
		"the only one":      {[]http.Header{{}}, http.Header{}, 0, 0},
		"the only one with another trace": {
			[]http.Header{{"Traceparent": {traceA}}}, http.Header{"Traceparent": {traceC}}, 0, 0,
		},
		"trace": {
			[]http.Header{{"Traceparent": {traceC}}, {"Traceparent": {traceA}}},
			http.Header{"Traceparent": {traceB}},
			1, 0,
		},
		"request id": {
			[]http.Header{{"X-Request-Id": {"a"}}, {"X-Request-Id": {"b"}}}, http.Header{"X-Request-Id": {"b"}}, 1, 0,
		},
		"correlation id where the trace is shared": {
			[]http.Header{
				{"Traceparent": {traceA}, "X-Correlation-Id": {"a"}},
				{"Traceparent": {traceB}, "X-Correlation-Id": {"b"}},
			},
			http.Header{"Traceparent": {traceA}, "X-Correlation-Id": {"b"}},
			1, 0,
		},
		"two, no key": {[]http.Header{{}, {}}, http.Header{}, -1, 1},
		"two, same key": {
			[]http.Header{{"X-Request-Id": {"a"}}, {"X-Request-Id": {"a"}}},
			http.Header{"X-Request-Id": {"a"}},
			-1, 1,
		},
		"two, a broken key": {[]http.Header{{"Traceparent": {"x"}}, {}}, http.Header{"Traceparent": {"x"}}, -1, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tracker := NewTracker()
			ids := []string{}
			for i, h := range c.inbound {
				from := tracker.begin(arrival{at: time.Unix(int64(i), 0), direction: traffic.Inbound, header: h})
				ids = append(ids, from.id)
			}
			want := ""
			if c.want >= 0 {
				want = ids[c.want]
			}
			got := tracker.begin(arrival{at: time.Unix(9, 0), direction: traffic.Outbound, header: c.outbound}).parent
			if got != want {
				t.Errorf("parent is %q, want %q of %q", got, want, ids)
			}
			if n := tracker.Health().Ambiguous; n != c.ambiguous {
				t.Errorf("ambiguous %d, want %d", n, c.ambiguous)
			}
			for _, id := range ids {
				tracker.end(id)
			}
			if len(tracker.flying)+len(tracker.known) != 0 {
				t.Errorf("%d still in flight", len(tracker.flying))
			}
		})
	}
}

// TestParentLearnsTraces has a service that begins a trace of its own: what is tied to it once stays tied.
func TestParentLearnsTraces(t *testing.T) {
	tracker := NewTracker()
	inbound := func() string { return tracker.begin(arrival{direction: traffic.Inbound}).id }
	call := func(trace string) string {
		return tracker.begin(arrival{direction: traffic.Outbound, header: http.Header{"B3": {trace + "-1-1"}}}).parent
	}
	first := inbound()
	if got := call("a"); got != first {
		t.Errorf("the only one is not the cause: %q", got)
	}
	second := inbound()
	if got := call("a"); got != first {
		t.Errorf("the trace is not known: %q", got)
	}
	if got := call("b"); got != "" {
		t.Errorf("a trace that nobody knows is tied to %q", got)
	}
	tracker.end(first)
	if got := call("a"); got != second {
		t.Errorf("a trace of the past is tied to %q", got)
	}
	tracker.end(second)
	if n := len(tracker.flying) + len(tracker.known); n != 0 {
		t.Errorf("%d things are kept", n)
	}
}

func TestKeysOf(t *testing.T) {
	cases := map[string]struct {
		header http.Header
		want   keys
	}{
		"w3c":     {http.Header{"Traceparent": {traceA}}, keys{0: "4bf92f3577b34da6a3ce929d0e0e4736"}},
		"b3":      {http.Header{"X-B3-Traceid": {"80f1"}}, keys{1: "80f1"}},
		"b3 one":  {http.Header{"B3": {"80f1-05e3-1"}}, keys{1: "80f1"}},
		"b3 deny": {http.Header{"B3": {"0"}}, keys{}},
		"x-ray":   {http.Header{"X-Amzn-Trace-Id": {"Self=1-2;Root=1-67-ab;Sampled=1"}}, keys{2: "1-67-ab"}},
		"jaeger":  {http.Header{"Uber-Trace-Id": {"abc:def:0:1"}}, keys{3: "abc"}},
		"datadog": {http.Header{"X-Datadog-Trace-Id": {"77"}}, keys{4: "77"}},
		"google":  {http.Header{"X-Cloud-Trace-Context": {"105445aa/1;o=1"}}, keys{5: "105445aa"}},
		"ids":     {http.Header{"X-Request-Id": {"r"}, "X-Correlation-Id": {"c"}}, keys{6: "r", 7: "c"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, keysOf(c.header)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIDsGrowWithTime(t *testing.T) {
	tracker := NewTracker()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var ids []string
	seen := map[string]bool{}
	for i := range 1000 {
		id := tracker.begin(arrival{at: now.Add(time.Duration(i / 10)), direction: traffic.Outbound}).id
		ids = append(ids, id)
		seen[id] = true
	}
	if !sort.StringsAreSorted(ids) || len(seen) != len(ids) {
		t.Errorf("%d of %d ids are distinct, sorted %v", len(seen), len(ids), sort.StringsAreSorted(ids))
	}
}

// TestProxyLinksSequentialRequests sends one request after the other through a service that calls an
// upstream, both behind proxies: each call has the one cause that was in flight.
func TestProxyLinksSequentialRequests(t *testing.T) {
	var upstream string
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		res, err := http.Post(upstream+r.URL.Path, "text/plain", r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		_, _ = w.Write(body)
	}, nil)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	payments := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(payments.Close)
	target, _ := url.Parse(payments.URL)
	out := newProxyServer(t, b, func(o *Options) {
		o.Name, o.Direction, o.Target = "payments", traffic.Outbound, target
	})
	upstream = out.URL
	for i := range 200 {
		b.do(t, newRequest(t, http.MethodPost, fmt.Sprintf("%s/%d", b.url, i), strings.NewReader("x")))
	}
	b.finish()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	out.Close()
	if diff := cmp.Diff(Health{Inbound: 200, Outbound: 200}, timeless(b.tracker)); diff != "" {
		t.Fatalf("health (-want +got):\n%s", diff)
	}
	inbound := map[string]string{}
	for _, r := range b.sink.all() {
		if r.Direction == traffic.Inbound {
			inbound[r.ID] = r.Request.URL
		}
	}
	for _, r := range b.sink.all() {
		if r.Direction == traffic.Outbound && inbound[r.Parent] != r.Request.URL {
			t.Errorf("%s was caused by %q", r.Request.URL, inbound[r.Parent])
		}
	}
}

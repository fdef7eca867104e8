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
				id, _ := tracker.begin(time.Unix(int64(i), 0), traffic.Inbound, h)
				ids = append(ids, id)
			}
			want := ""
			if c.want >= 0 {
				want = ids[c.want]
			}
			_, got := tracker.begin(time.Unix(9, 0), traffic.Outbound, c.outbound)
			if got != want {
				t.Errorf("parent is %q, want %q of %q", got, want, ids)
			}
			if n := tracker.Health().Ambiguous; n != c.ambiguous {
				t.Errorf("ambiguous %d, want %d", n, c.ambiguous)
			}
			for _, id := range ids {
				tracker.end(id)
			}
			if len(tracker.flying) != 0 {
				t.Errorf("%d still in flight", len(tracker.flying))
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
		id, _ := tracker.begin(now.Add(time.Duration(i/10)), traffic.Outbound, nil)
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
		b.do(t, request(t, http.MethodPost, fmt.Sprintf("%s/%d", b.url, i), strings.NewReader("x")))
	}
	b.finish()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	out.Close()
	if diff := cmp.Diff(Health{Inbound: 200, Outbound: 200}, b.tracker.Health()); diff != "" {
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

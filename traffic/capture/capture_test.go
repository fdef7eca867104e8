package capture

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/traffic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a sink that keeps everything.
type memory struct {
	mu      sync.Mutex
	records []*traffic.Record
}

func (m *memory) Put(r *traffic.Record) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records = append(m.records, r)
	return true
}

func (m *memory) all() []*traffic.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records
}

// bench is an upstream with a recording proxy in front of it.
type bench struct {
	sink    *memory
	tracker *Tracker
	url     string
	client  *http.Client
	front   *httptest.Server
	target  *url.URL
}

// finish ends all connections, after which every record is there.
func (b *bench) finish() {
	b.client.CloseIdleConnections()
	b.front.Close()
}

func newBench(t *testing.T, upstream http.HandlerFunc, change func(*Options)) *bench {
	t.Helper()
	back := httptest.NewServer(upstream)
	t.Cleanup(back.Close)
	b := &bench{sink: &memory{}, tracker: NewTracker()}
	b.target, _ = url.Parse(back.URL)
	b.front = newProxyServer(t, b, change)
	b.url = b.front.URL
	b.client = &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(b.client.CloseIdleConnections)
	return b
}

func newProxyServer(t *testing.T, b *bench, change func(*Options)) *httptest.Server {
	t.Helper()
	o := Options{
		Tap:    Tap{Name: "orders", Direction: traffic.Inbound, Sink: b.sink, Tracker: b.tracker},
		Target: b.target,
	}
	if change != nil {
		change(&o)
	}
	p, err := NewProxy(o)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(p)
	front.Config.ConnContext = NewConnections().Name
	front.Config.DisableGeneralOptionsHandler = true
	front.Start()
	t.Cleanup(p.Close)
	t.Cleanup(front.Close)
	return front
}

// do sends a request and reads the answer whole.
func (b *bench) do(t *testing.T, req *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// timeless is the health of a recording without the times.
func timeless(t *Tracker) Health {
	h := t.Health()
	h.First, h.Last = time.Time{}, time.Time{}
	return h
}

func redaction(t *testing.T, rules ...string) Redaction {
	t.Helper()
	r, err := NewRedaction(rules...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newRequest(t *testing.T, method, target string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// only is the one record that there must be.
func (b *bench) only(t *testing.T) *traffic.Record {
	t.Helper()
	b.finish()
	if n := len(b.sink.all()); n != 1 {
		t.Fatalf("%d records, want 1; %+v", n, b.tracker.Health())
	}
	return b.sink.all()[0]
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Seen-Forwarded", strings.Join(r.Header.Values("X-Forwarded-For"), "|"))
	w.Header().Set("X-Seen-Host", r.Host)
	w.Header().Set("X-Seen-Uri", r.RequestURI)
	w.Header().Set("X-Seen-Agent", r.Header.Get("User-Agent"))
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body)
}

func TestProxyRecords(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	ticks := 0
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		ticks++
		return at.Add(time.Duration(ticks-1) * time.Millisecond)
	}
	b := newBench(t, echo, func(o *Options) { o.Clock, o.Redact = clock, redaction(t, "authorization") })
	req := newRequest(t, http.MethodPost, b.url+"/orders/a%2Fb?x=1;y&z=%zz", strings.NewReader(`{"sku":"A1"}`))
	req.Host = "api.example.com"
	req.Header.Set("Authorization", "Bearer secret")
	req.Header.Set("X-Forwarded-For", "10.1.2.3")
	req.Header.Set("User-Agent", "")
	req.Header.Set("Connection", "X-Hop")
	req.Header.Set("X-Hop", "1")
	res, body := b.do(t, req)
	if body != `{"sku":"A1"}` || res.StatusCode != http.StatusCreated {
		t.Errorf("the client got %d %q", res.StatusCode, body)
	}
	seen := []string{
		res.Header.Get("X-Seen-Forwarded"), res.Header.Get("X-Seen-Host"), res.Header.Get("X-Seen-Uri"),
		res.Header.Get("X-Seen-Agent"),
	}
	passed := []string{"10.1.2.3", "api.example.com", "/orders/a%2Fb?x=1;y&z=%zz", ""}
	if diff := cmp.Diff(passed, seen); diff != "" {
		t.Errorf("the upstream saw (-want +got):\n%s", diff)
	}
	got := b.only(t)
	got.Response.Header = nil
	want := &traffic.Record{
		ID: got.ID, Time: at, Direction: traffic.Inbound, Service: "orders", Protocol: traffic.HTTP,
		Duration: time.Millisecond, Connection: got.Connection,
		Request: &traffic.Request{
			Method: "POST", URL: "/orders/a%2Fb?x=1;y&z=%zz", Host: "api.example.com", Body: []byte(`{"sku":"A1"}`),
			Header: http.Header{
				"Authorization": {"REDACTED"}, "X-Forwarded-For": {"10.1.2.3"}, "Content-Length": {"12"},
			},
		},
		Response: &traffic.Response{Status: 201, Body: []byte(`{"sku":"A1"}`)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if got.Connection == "" {
		t.Error("the record names no connection")
	}
	if diff := cmp.Diff(Health{Inbound: 1, First: at, Last: at}, b.tracker.Health()); diff != "" {
		t.Errorf("health (-want +got):\n%s", diff)
	}
}

func TestProxyOutboundHasTheHostOfTheTarget(t *testing.T) {
	b := newBench(t, echo, func(o *Options) { o.Direction = traffic.Outbound })
	res, _ := b.do(t, newRequest(t, http.MethodGet, b.url+"/", nil))
	if got := res.Header.Get("X-Seen-Host"); got != b.target.Host {
		t.Errorf("the upstream saw host %q, want %q", got, b.target.Host)
	}
	if got := b.only(t); got.Request.Host != b.target.Host || got.Parent != "" {
		t.Errorf("recorded host %q, parent %q", got.Request.Host, got.Parent)
	}
	if diff := cmp.Diff(Health{Outbound: 1, Unprompted: 1}, timeless(b.tracker)); diff != "" {
		t.Errorf("health (-want +got):\n%s", diff)
	}
}

func TestProxyWithoutBodies(t *testing.T) {
	cases := map[string]struct {
		method string
		status int
	}{
		"head":         {http.MethodHead, http.StatusOK},
		"no content":   {http.MethodDelete, http.StatusNoContent},
		"not modified": {http.MethodGet, http.StatusNotModified},
		"empty":        {http.MethodGet, http.StatusOK},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.method == http.MethodHead {
					w.Header().Set("Content-Length", "1234")
				}
				w.WriteHeader(c.status)
			}, nil)
			res, _ := b.do(t, newRequest(t, c.method, b.url+"/x", nil))
			if c.method == http.MethodHead && res.ContentLength != 1234 {
				t.Errorf("the client saw length %d", res.ContentLength)
			}
			got := b.only(t)
			if got.Response.Status != c.status || len(got.Response.Body) != 0 || b.tracker.Health().Truncated != 0 {
				t.Errorf("recorded %+v, health %+v", got.Response, b.tracker.Health())
			}
		})
	}
}

func TestProxyKeepsConnections(t *testing.T) {
	var mu sync.Mutex
	peers := map[string]bool{}
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		peers[r.RemoteAddr] = true
		echo(w, r)
	}, nil)
	for range 20 {
		b.do(t, newRequest(t, http.MethodPost, b.url+"/", strings.NewReader("x")))
	}
	// The client may have its answer before the proxy's own connection is idle again: a few are right.
	if len(peers) > 5 {
		t.Errorf("%d connections to the upstream for 20 requests", len(peers))
	}
}

func TestProxyStreamsAndPassesTrailers(t *testing.T) {
	seen := make(chan struct{})
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprint(w, "first ")
		_ = http.NewResponseController(w).Flush()
		<-seen
		fmt.Fprint(w, "second")
		w.Header().Set("X-Sum", "42")
	}, nil)
	res, err := b.client.Do(newRequest(t, http.MethodGet, b.url+"/", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 6)
	if _, err := io.ReadFull(res.Body, first); err != nil {
		t.Fatal(err)
	}
	close(seen)
	rest, err := io.ReadAll(res.Body)
	if err != nil || string(first)+string(rest) != "first second" || res.Trailer.Get("X-Sum") != "42" {
		t.Errorf("got %q, trailer %v, error %v", string(first)+string(rest), res.Trailer, err)
	}
	if got := b.only(t); string(got.Response.Body) != "first second" {
		t.Errorf("recorded %q", got.Response.Body)
	}
}

func TestNewProxyRefuses(t *testing.T) {
	good := Options{
		Tap:    Tap{Name: "orders", Direction: traffic.Inbound, Sink: &memory{}, Tracker: NewTracker()},
		Target: &url.URL{Scheme: "http", Host: "localhost"},
	}
	cases := map[string]func(*Options){
		"no target":    func(o *Options) { o.Target = nil },
		"no host":      func(o *Options) { o.Target = &url.URL{Scheme: "http"} },
		"other scheme": func(o *Options) { o.Target = &url.URL{Scheme: "ftp", Host: "x"} },
		"direction":    func(o *Options) { o.Direction = "" },
		"no sink":      func(o *Options) { o.Sink = nil },
		"no tracker":   func(o *Options) { o.Tracker = nil },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			o := good
			spoil(&o)
			if _, err := NewProxy(o); err == nil || !strings.Contains(err.Error(), "orders") {
				t.Errorf("error is %v, want one that names the proxy", err)
			}
		})
	}
}

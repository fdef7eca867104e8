package shadow

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

func TestPrimaryDown(t *testing.T) {
	candidate := &seen{}
	s := newStand(t, answering(""), candidate, func(o *Options) { o.Primary, _ = url.Parse("http://127.0.0.1:1") })
	if status, body := s.do("GET", "/", ""); status != 502 || !strings.Contains(body, "primary") {
		t.Errorf("the client got %d %q", status, body)
	}
	r := s.finish()
	if r.Left[Refused] != 1 || len(candidate.list) > 0 || !strings.Contains(r.LastPrimaryFailure, "refused") {
		t.Errorf("report %+v", r)
	}
}

func TestCandidateDown(t *testing.T) {
	s := newStand(t, answering(`{}`), answering(``), func(o *Options) { o.Candidate, _ = url.Parse("http://127.0.0.1:1") })
	for range 3 {
		if status, _ := s.do("GET", "/", ""); status != 200 {
			t.Errorf("the client got %d", status)
		}
	}
	r := s.finish()
	want := map[string]int64{"no connection": 3}
	if diff := cmp.Diff(want, r.CandidateFailures); diff != "" || r.Compared != 0 || r.LastCandidateFailure == "" {
		t.Errorf("%s; report %+v", diff, r)
	}
}

// A candidate that hangs costs the clients nothing; what it leaves no room for is shed.
func TestCandidateHangs(t *testing.T) {
	release := make(chan struct{})
	hang := func(http.ResponseWriter, *http.Request) { <-release }
	s := newStand(t, answering(`{}`), http.HandlerFunc(hang), func(o *Options) { o.InFlight = 2 })
	const requests = 2 + 2*waitingEach + 10
	var worst time.Duration
	for range requests {
		began := time.Now()
		s.do("GET", "/", "")
		worst = max(worst, time.Since(began))
	}
	if worst > 4*time.Second {
		t.Errorf("a client waited %s", worst)
	}
	close(release)
	r := s.finish()
	if shed := r.Left[QueueFull]; shed < 8 || r.Shed() != shed || r.Mirrored != requests-shed {
		t.Errorf("report %+v", r)
	}
}

// What the candidate has no time for at the end is accounted for.
func TestCloseEnds(t *testing.T) {
	arrived := make(chan struct{}, 1)
	release := make(chan struct{})
	defer close(release)
	hang := func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
	}
	s := newStand(t, answering(`{}`), http.HandlerFunc(hang), func(o *Options) { o.InFlight = 1 })
	for range 3 {
		s.do("GET", "/", "")
	}
	<-arrived
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.client.CloseIdleConnections()
	s.front.Close()
	if err := s.proxy.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if r := s.proxy.Report(); r.Left[Ended] != 3 || r.Mirrored != 0 || r.Requests != 3 {
		t.Errorf("report %+v", r)
	}
}

func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	hang := func(http.ResponseWriter, *http.Request) { <-release }
	s := newStand(t, answering(`{}`), http.HandlerFunc(hang), func(o *Options) { o.Timeout = 20 * time.Millisecond })
	s.do("GET", "/", "")
	s.client.CloseIdleConnections()
	s.front.Close()
	if err := s.proxy.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	close(release)
	if r := s.finish(); r.CandidateFailures["timed out"] != 1 {
		t.Errorf("report %+v", r)
	}
}

// What is compressed by one and not by the other is compared as what it stands for.
func TestCodings(t *testing.T) {
	text := `{"text":"` + strings.Repeat("abc", 100) + `"}`
	packed := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, text)
		z.Close()
	}
	s := newStand(t, http.HandlerFunc(packed), answering(text), nil)
	s.do("GET", "/", "", "Accept-Encoding", "gzip")
	if r := s.finish(); r.Matched != 1 {
		t.Errorf("report %+v, differences:\n%s", r, s.diffs.String())
	}
}

func TestHead(t *testing.T) {
	s := newStand(t, answering(`{"a":1}`), answering(`{"a":1}`), nil)
	s.do("HEAD", "/", "")
	if r := s.finish(); r.Mirrored != 1 || r.Differed != 0 {
		t.Errorf("report %+v", r)
	}
}

// The requests of one connection reach the candidate in their order where they may change it.
func TestOrder(t *testing.T) {
	candidate := &seen{}
	s := newStand(t, answering(`ok`), candidate, func(o *Options) { o.Unsafe, o.InFlight = true, 8 })
	var want []string
	for i := range waitingEach {
		s.do("PUT", fmt.Sprintf("/%d", i), "")
		want = append(want, fmt.Sprintf("PUT /%d", i))
	}
	s.finish()
	var got []string
	for _, line := range candidate.list {
		got = append(got, line[:len("PUT /0")])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestClientGone(t *testing.T) {
	began := make(chan struct{})
	primary := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		close(began)
		<-r.Context().Done() // once the proxy has seen that the client is gone
	}
	s := newStand(t, http.HandlerFunc(primary), answering("whole"), nil)
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", s.front.URL, nil)
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	<-began
	cancel()
	_, _ = io.ReadAll(res.Body)
	res.Body.Close()
	s.client.CloseIdleConnections()
	s.front.CloseClientConnections()
	if r := s.finish(); r.Left[Broken] != 1 || r.Mirrored != 0 {
		t.Errorf("report %+v", r)
	}
}

// A protocol that takes over the connection passes through to the primary.
func TestUpgrade(t *testing.T) {
	primary := func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = rw.Flush()
		_, _ = io.CopyN(conn, rw, 4)
	}
	candidate := &seen{}
	s := newStand(t, http.HandlerFunc(primary), candidate, nil)
	req, _ := http.NewRequestWithContext(t.Context(), "GET", s.front.URL, nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	conn := res.Body.(io.ReadWriteCloser)
	io.WriteString(conn, "ping")
	got, _ := io.ReadAll(conn)
	conn.Close()
	if res.StatusCode != 101 || string(got) != "ping" {
		t.Errorf("status %d, echo %q", res.StatusCode, got)
	}
	if r := s.finish(); r.Left[Upgrade] != 1 || len(candidate.list) > 0 {
		t.Errorf("report %+v", r)
	}
}

func TestMany(t *testing.T) {
	n := 0
	var mu sync.Mutex
	candidate := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		mu.Unlock()
		answering(`{"path":"`+r.URL.Path+`"}`)(w, r)
	}
	primary := func(w http.ResponseWriter, r *http.Request) { answering(`{"path":"`+r.URL.Path+`"}`)(w, r) }
	s := newStand(t, http.HandlerFunc(primary), http.HandlerFunc(candidate), nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 50 {
				s.do("GET", fmt.Sprintf("/%d/%d", i, k), "")
			}
		})
	}
	wg.Wait()
	r := s.finish()
	if r.Requests != 400 || int64(n) != r.Mirrored || r.Matched != r.Mirrored || r.Mirrored == 0 {
		t.Errorf("the candidate was asked %d times; report %+v", n, r)
	}
}

func TestJSON(t *testing.T) {
	s := newStand(t, answering(`{"a":1}`), answering(`{"a":2}`), nil)
	s.do("GET", "/orders/1", "")
	text, err := s.finish().JSON(func(q *traffic.Request) string { return q.Method + " " + q.URL })
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Requests, Mirrored, Compared, Differed int
		Differences                            []struct {
			Endpoint, Path, Kind, Rule string
			Count, Of                  int
			Samples                    []struct{ Path, Expected, Actual, Curl string }
		}
		Latency map[string]struct{ N int } `json:"latency_ms"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Requests != 1 || got.Mirrored != 1 || got.Compared != 1 || got.Differed != 1 ||
		got.Latency["candidate"].N != 1 {
		t.Errorf("counts: %+v", got)
	}
	if len(got.Differences) != 1 {
		t.Fatalf("differences: %+v", got.Differences)
	}
	d := got.Differences[0]
	if d.Endpoint != "GET /orders/{id}" || d.Path != "$.a" || d.Count != 1 || d.Of != 1 || len(d.Samples) != 1 ||
		d.Samples[0].Expected != "1" || d.Samples[0].Actual != "2" || d.Samples[0].Curl != "GET /orders/1" {
		t.Errorf("difference: %+v", d)
	}
}

func TestOptions(t *testing.T) {
	good, _ := url.Parse("http://127.0.0.1:1")
	bad, _ := url.Parse("ftp://x")
	cases := map[string]struct {
		options Options
		want    string
	}{
		"no primary":    {Options{Candidate: good}, "primary"},
		"no candidate":  {Options{Primary: good}, "candidate"},
		"bad candidate": {Options{Primary: good, Candidate: bad}, "candidate"},
		"bad secondary": {Options{Primary: good, Candidate: good, Secondary: bad}, "secondary"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := New(c.options); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

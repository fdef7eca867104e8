package shadow

import (
	"bytes"
	"context"
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

	"github.com/headgate-dev/headgate/traffic/capture"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stand is a primary with a candidate, a proxy in front of them, and a client.
type stand struct {
	t      *testing.T
	proxy  *Proxy
	front  *httptest.Server
	client *http.Client
	diffs  bytes.Buffer
	once   sync.Once
}

func serve(t *testing.T, h http.Handler) *url.URL {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func answering(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, text)
	}
}

func newStand(t *testing.T, primary, candidate http.Handler, change func(*Options)) *stand {
	t.Helper()
	s := &stand{t: t}
	o := Options{Primary: serve(t, primary), Candidate: serve(t, candidate), Diffs: &s.diffs, Timeout: 5 * time.Second}
	if change != nil {
		change(&o)
	}
	var err error
	if s.proxy, err = New(o); err != nil {
		t.Fatal(err)
	}
	s.front = httptest.NewServer(s.proxy)
	s.client = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}}
	t.Cleanup(func() { s.finish() })
	return s
}

// finish ends everything and returns the report, of which every request must be accounted for.
func (s *stand) finish() *Report {
	s.t.Helper()
	s.once.Do(func() {
		s.client.CloseIdleConnections()
		s.front.Close()
		if err := s.proxy.Close(context.Background()); err != nil {
			s.t.Error(err)
		}
	})
	r := s.proxy.Report()
	sum := r.Mirrored
	for _, n := range r.Left {
		sum += n
	}
	if sum != r.Requests {
		s.t.Errorf("%d requests, %d mirrored, left out %v: the sum is %d", r.Requests, r.Mirrored, r.Left, sum)
	}
	var uncompared int64
	for _, n := range r.Uncompared {
		uncompared += n
	}
	if r.Compared != r.Matched+r.Noisy+r.Differed || r.Mirrored != r.Compared+uncompared+r.Failed() {
		s.t.Errorf("the counts do not add up: %+v", r)
	}
	if free := s.proxy.memory.free.Load(); free != s.proxy.options.Memory {
		s.t.Errorf("%d of %d bytes of memory are free at the end", free, s.proxy.options.Memory)
	}
	return r
}

// do sends one request and returns the status and body of its answer.
func (s *stand) do(method, target, body string, header ...string) (int, string) {
	s.t.Helper()
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.front.URL+target, from)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestCompare(t *testing.T) {
	cases := map[string]struct {
		primary, candidate string
		want               []string
	}{
		"alike":     {`{"a":1}`, `{"a":1}`, nil},
		"a value":   {`{"a":1}`, `{"a":2}`, []string{"GET /orders/{id} $.a value 3 of 3"}},
		"a missing": {`{"a":1,"b":2}`, `{"a":1}`, []string{"GET /orders/{id} $.b missing 3 of 3"}},
		"no JSON":   {`{"a":1}`, `oops`, []string{"GET /orders/{id} body not_json 3 of 3"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, answering(c.primary), answering(c.candidate), nil)
			for i := range 3 {
				if status, body := s.do("GET", fmt.Sprintf("/orders/%d?x=1", i), ""); status != 200 || body != c.primary {
					t.Errorf("the client got %d %q", status, body)
				}
			}
			r := s.finish()
			if diff := cmp.Diff(c.want, told(r.Differences)); diff != "" {
				t.Error(diff)
			}
			if r.Mirrored != 3 || r.Compared != 3 || (r.Matched == 3) != (c.want == nil) {
				t.Errorf("report %+v", r)
			}
			lines := strings.Count(s.diffs.String(), "\n")
			if lines != 3*len(c.want) {
				t.Errorf("%d lines of differences:\n%s", lines, s.diffs.String())
			}
			if r.Primary.N != 3 || r.Candidate.N != 3 || r.Added.N != 3 || r.Primary.P50 <= 0 || r.Added.Max <= 0 {
				t.Errorf("latencies %+v %+v %+v", r.Primary, r.Candidate, r.Added)
			}
		})
	}
}

func told(fields []Field) (list []string) {
	for _, f := range fields {
		list = append(list, fmt.Sprintf("%s %s %s %d of %d", f.Endpoint, f.Path, f.Kind, f.Count, f.Of))
	}
	return list
}

// seen is what a server was asked.
type seen struct {
	mu   sync.Mutex
	list []string
}

func (s *seen) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, fmt.Sprintf("%s %s host=%s marked=%q token=%s body=%s",
		r.Method, r.RequestURI, r.Host, r.Header.Get(Header), r.Header.Get("Authorization"), body))
	io.WriteString(w, "ok")
}

func TestMirroredRequest(t *testing.T) {
	primary, candidate := &seen{}, &seen{}
	s := newStand(t, primary, candidate, func(o *Options) {
		o.Unsafe, o.Suffix = true, "-shadow"
	})
	s.do("GET", "/a%20b?q=1&q=2", "", "Host", "api.example.com")
	s.do("POST", "/orders", `{"n":1}`, "Host", "api.example.com:8080", "Authorization", "Bearer x", "Connection", "X-Hop")
	if r := s.finish(); r.Matched != 2 {
		t.Errorf("report %+v", r)
	}
	want := []string{
		`GET /a%20b?q=1&q=2 host=api.example.com marked="" token= body=`,
		`POST /orders host=api.example.com:8080 marked="" token=Bearer x body={"n":1}`,
	}
	if diff := cmp.Diff(want, primary.list); diff != "" {
		t.Errorf("the primary: %s", diff)
	}
	want = []string{
		`GET /a%20b?q=1&q=2 host=api.example.com-shadow marked="1" token= body=`,
		`POST /orders host=api.example.com-shadow:8080 marked="1" token=Bearer x body={"n":1}`,
	}
	if diff := cmp.Diff(want, candidate.list); diff != "" {
		t.Errorf("the candidate: %s", diff)
	}
}

func TestNotMirrored(t *testing.T) {
	none, err := capture.NewSampler(0)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		method, body, answer, media string
		header                      []string
		change                      func(*Options)
		want                        map[Reason]int64
	}{
		"unsafe method": {method: "POST", body: "x", answer: "ok", want: map[Reason]int64{Method: 1}},
		"sampled out": {
			method: "GET", answer: "ok", change: func(o *Options) { o.Sampler = none },
			want: map[Reason]int64{Unsampled: 1},
		},
		"mirrored already": {
			method: "GET", answer: "ok", header: []string{Header, "1"}, want: map[Reason]int64{Again: 1},
		},
		"long request": {
			method: "PUT", body: strings.Repeat("x", 11), answer: "ok",
			change: func(o *Options) { o.Unsafe, o.MaxBody = true, 10 }, want: map[Reason]int64{TooLarge: 1},
		},
		"long answer": {
			method: "GET", answer: strings.Repeat("x", 11), change: func(o *Options) { o.MaxBody = 10 },
			want: map[Reason]int64{TooLarge: 1},
		},
		"no memory": {
			method: "GET", answer: strings.Repeat("x", 11), change: func(o *Options) { o.Memory = 10 },
			want: map[Reason]int64{NoMemory: 1},
		},
		"event stream": {
			method: "GET", answer: "data: 1\n\n", media: "text/event-stream", want: map[Reason]int64{Stream: 1},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			candidate := &seen{}
			primary := func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", c.media)
				io.WriteString(w, c.answer)
			}
			s := newStand(t, http.HandlerFunc(primary), candidate, c.change)
			if status, body := s.do(c.method, "/", c.body, c.header...); status != 200 || body != c.answer {
				t.Errorf("the client got %d %q", status, body)
			}
			r := s.finish()
			if diff := cmp.Diff(c.want, r.Left); diff != "" || len(candidate.list) > 0 {
				t.Errorf("the candidate was asked %q; left out: %s", candidate.list, diff)
			}
		})
	}
}

// A body of unknown length is given up in the middle, and still passes whole.
func TestLongStream(t *testing.T) {
	long := strings.Repeat("0123456789", 10_000)
	primary := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.(http.Flusher).Flush()
		_, _ = w.Write(body)
	}
	candidate := &seen{}
	s := newStand(t, http.HandlerFunc(primary), candidate, func(o *Options) { o.Unsafe, o.MaxBody = true, 5000 })
	req, _ := http.NewRequestWithContext(t.Context(), "POST", s.front.URL, io.MultiReader(strings.NewReader(long)))
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || string(got) != long {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	if r := s.finish(); r.Left[TooLarge] != 1 || len(candidate.list) > 0 {
		t.Errorf("left %v, the candidate was asked %d times", r.Left, len(candidate.list))
	}
}

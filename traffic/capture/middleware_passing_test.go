package capture

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
)

// A panic reaches the server as it was, and is counted.
func TestMiddlewarePanic(t *testing.T) {
	w := newWithin(t, func(http.ResponseWriter, *http.Request) {}, nil)
	boom := errors.New("boom")
	h := Middleware(w.recorder)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(boom) }))
	func() {
		defer func() {
			if got := recover(); got != boom { //nolint:errorlint // the very value
				t.Errorf("recovered %v", got)
			}
		}()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}()
	health := w.recorder.Health()
	if health.Failed != 1 || !strings.Contains(health.LastFailure, "panicked") || len(w.sink.all()) > 0 {
		t.Errorf("health %+v", health)
	}
}

func TestMiddlewareClientGone(t *testing.T) {
	arrived, over := make(chan struct{}), make(chan struct{})
	w := newWithin(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(over)
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	q, _ := http.NewRequestWithContext(ctx, "GET", w.server.URL, nil)
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := w.client.Do(q); err == nil {
		t.Error("the request has ended well")
	}
	<-over
	w.finish()
	if h := w.recorder.Health(); h.Failed != 1 || !strings.Contains(h.LastFailure, "went away") {
		t.Errorf("health %+v", h)
	}
}

func TestMiddlewareFlush(t *testing.T) {
	seen := make(chan struct{})
	w := newWithin(t, func(w http.ResponseWriter, _ *http.Request) {
		rc := http.NewResponseController(w)
		if err := rc.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		if err := rc.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "first ")
		if err := rc.Flush(); err != nil {
			t.Error(err)
		}
		<-seen
		io.WriteString(w, "second")
		w.(http.Flusher).Flush()
	}, nil)
	q, _ := http.NewRequestWithContext(t.Context(), "GET", w.server.URL, nil)
	res, err := w.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	start := make([]byte, 6)
	if _, err := io.ReadFull(res.Body, start); err != nil || string(start) != "first " {
		t.Errorf("%q, %v", start, err)
	}
	close(seen)
	rest, _ := io.ReadAll(res.Body)
	w.finish()
	if got := w.sink.all(); string(rest) != "second" || len(got) != 1 || string(got[0].Response.Body) != "first second" {
		t.Errorf("rest %q, records %v", rest, got)
	}
}

func TestMiddlewareHijack(t *testing.T) {
	w := newWithin(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(rw, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
		_ = rw.Flush()
	}, nil)
	if _, body := w.do(t, "GET", "/", ""); body != "ok" {
		t.Errorf("body %q", body)
	}
	w.finish()
	if h := w.recorder.Health(); h.Upgraded != 1 || h.Failed != 0 || len(w.sink.all()) != 0 {
		t.Errorf("health %+v", h)
	}
}

// The writers below, each with other features.
type (
	bare     struct{ http.ResponseWriter }
	wrapping struct{ http.ResponseWriter }
	pushing  struct{ *httptest.ResponseRecorder }
)

func (w wrapping) Unwrap() http.ResponseWriter       { return w.ResponseWriter }
func (pushing) Push(string, *http.PushOptions) error { return nil }

func TestMiddlewareFeatures(t *testing.T) {
	w := newWithin(t, func(http.ResponseWriter, *http.Request) {}, nil)
	features := func(w http.ResponseWriter) (names []string) {
		if _, ok := w.(http.Flusher); ok {
			names = append(names, "flush")
		}
		if _, ok := w.(http.Hijacker); ok {
			names = append(names, "hijack")
		}
		if _, ok := w.(http.Pusher); ok {
			names = append(names, "push")
		}
		return names
	}
	cases := map[string]struct {
		below http.ResponseWriter
		want  []string
	}{
		"none":     {bare{httptest.NewRecorder()}, nil},
		"flush":    {httptest.NewRecorder(), []string{"flush"}},
		"wrapped":  {wrapping{httptest.NewRecorder()}, []string{"flush"}},
		"push too": {pushing{httptest.NewRecorder()}, []string{"flush", "push"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { got = features(w) })
			Middleware(w.recorder)(h).ServeHTTP(c.below, httptest.NewRequest("GET", "/", nil))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("server", func(t *testing.T) {
		var got []string
		w := newWithin(t, func(w http.ResponseWriter, _ *http.Request) { got = features(w) }, nil)
		w.do(t, "GET", "/", "")
		if diff := cmp.Diff([]string{"flush", "hijack"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// A request that is not sampled reaches its handler untouched.
func TestMiddlewareUnsampled(t *testing.T) {
	none, err := NewSampler(0)
	if err != nil {
		t.Fatal(err)
	}
	w := newWithin(t, parrot, func(o *RecorderOptions) { o.Sample = none })
	q, below := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if w != http.ResponseWriter(below) || r != q {
			t.Error("the handler gets another writer or request")
		}
	})
	Middleware(w.recorder)(h).ServeHTTP(below, q)
	if health := w.recorder.Health(); health.Unsampled != 1 || health.Inbound != 0 {
		t.Errorf("health %+v", health)
	}
}

// What a router and a form leave in the request is there for those outside.
func TestMiddlewareGivesBack(t *testing.T) {
	w := newWithin(t, parrot, nil)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /files/{id}", func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			t.Error(err)
		}
	})
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("a", "b")
	form.Close()
	q := httptest.NewRequest("POST", "/files/7", &body)
	q.Header.Set("Content-Type", form.FormDataContentType())
	Middleware(w.recorder)(mux).ServeHTTP(httptest.NewRecorder(), q)
	if q.Pattern != "POST /files/{id}" || q.MultipartForm == nil || q.MultipartForm.Value["a"][0] != "b" {
		t.Errorf("pattern %q, form %v", q.Pattern, q.MultipartForm)
	}
}

// crammed is a sink without room.
type crammed struct{}

func (crammed) Put(*traffic.Record) bool { return false }

func TestMiddlewareDrops(t *testing.T) {
	w := newWithin(t, parrot, func(o *RecorderOptions) { o.Sink = crammed{} })
	if res, _ := w.do(t, "GET", "/", ""); res.StatusCode != 201 {
		t.Errorf("status %d", res.StatusCode)
	}
	w.finish()
	if h := w.recorder.Health(); h.Dropped != 1 || h.Inbound != 0 {
		t.Errorf("health %+v", h)
	}
}

func TestRecorderFiles(t *testing.T) {
	dir := t.TempDir()
	half, err := NewSampler(1)
	if err != nil {
		t.Fatal(err)
	}
	w := newWithin(t, parrot, func(o *RecorderOptions) { o.Sink, o.Dir, o.Sample, o.Version = nil, dir, half, "v7" })
	w.do(t, "POST", "/a", "x")
	w.do(t, "POST", "/b", "y")
	w.finish()
	early, err := ReadReport(filepath.Join(w.recorder.Dir(), ReportFile))
	if err != nil || early.Complete {
		t.Errorf("report while recording %+v, %v", early, err)
	}
	if err := errors.Join(w.recorder.Close(), w.recorder.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(w.recorder.Dir(), "inbound.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	reader := jsonl.NewReader("inbound.jsonl", f)
	for _, want := range []string{"/a", "/b"} {
		if r, err := reader.Read(); err != nil || r.Request.URL != want {
			t.Errorf("read %+v, %v", r, err)
		}
	}
	report, err := ReadReport(filepath.Join(w.recorder.Dir(), ReportFile))
	if err != nil || !report.Complete || report.Inbound != 2 || report.Version != "v7" || report.Settings.Share != 1 {
		t.Errorf("report %+v, %v", report, err)
	}
	w.recorder.inbound.begin(request{method: "GET", url: "/late"}).end() // does no harm
}

func TestRecorderOptions(t *testing.T) {
	cases := map[string]RecorderOptions{
		"no name":     {Sink: crammed{}},
		"no place":    {Service: "a"},
		"two places":  {Service: "a", Sink: crammed{}, Dir: "x"},
		"no such dir": {Service: "a", Dir: os.DevNull},
	}
	for name, o := range cases {
		t.Run(name, func(t *testing.T) {
			if r, err := NewRecorder(o); err == nil {
				t.Errorf("made %+v", r)
			}
		})
	}
}

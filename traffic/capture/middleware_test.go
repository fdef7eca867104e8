package capture

import (
	"compress/gzip"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// within is a service that records itself.
type within struct {
	sink     *memory
	recorder *Recorder
	server   *httptest.Server
	client   *http.Client
}

func newWithin(t *testing.T, h http.HandlerFunc, change func(*RecorderOptions)) *within {
	t.Helper()
	w := &within{sink: &memory{}, client: &http.Client{Transport: &http.Transport{DisableCompression: true}}}
	o := RecorderOptions{Service: "orders", Sink: w.sink}
	if change != nil {
		change(&o)
	}
	var err error
	if w.recorder, err = NewRecorder(o); err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewUnstartedServer(Middleware(w.recorder)(h))
	w.server.Config.ConnContext = NewConnections().Name
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.server.Start()
	t.Cleanup(w.finish)
	return w
}

// finish ends all connections, after which every record is there.
func (w *within) finish() {
	w.client.CloseIdleConnections()
	w.server.Close()
}

func (w *within) do(t *testing.T, method, target, body string, header ...string) (*http.Response, string) {
	t.Helper()
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	q, err := http.NewRequestWithContext(t.Context(), method, w.server.URL+target, from)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	res, err := w.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

func parrot(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Secret", "s")
	w.WriteHeader(http.StatusCreated)
	w.Header().Set("X-Late", "not sent")
	_, _ = w.Write(body)
}

func TestMiddlewareRecord(t *testing.T) {
	redact, err := NewRedaction("header:Authorization", "header:X-Secret", "query:key", "json:password")
	if err != nil {
		t.Fatal(err)
	}
	w := newWithin(t, parrot, func(o *RecorderOptions) { o.Redact = redact })
	body := `{"password":"p","n":1}`
	res, got := w.do(t, "POST", "/orders?key=k&b=2", body, "Authorization", "Bearer t", "Content-Type", "application/json")
	if res.StatusCode != 201 || got != body || res.Header.Get("X-Secret") != "s" {
		t.Errorf("the client got %d %q", res.StatusCode, got)
	}
	w.finish()
	if len(w.sink.all()) != 1 {
		t.Fatalf("%d records, %+v", len(w.sink.all()), w.recorder.Health())
	}
	r := w.sink.all()[0]
	if r.Direction != traffic.Inbound || r.Service != "orders" || r.Protocol != traffic.HTTP || r.ID == "" ||
		r.Time.IsZero() || r.Duration <= 0 || !strings.HasSuffix(r.Connection, "-1") {
		t.Errorf("record %+v", r)
	}
	kept := `{"password":"REDACTED","n":1}`
	q := r.Request
	if q.Method != "POST" || q.URL != "/orders?key=REDACTED&b=2" || q.Host != w.server.Listener.Addr().String() ||
		q.Header.Get("Authorization") != "REDACTED" || string(q.Body) != kept {
		t.Errorf("request %+v, body %s", q, q.Body)
	}
	a := r.Response
	want := http.Header{"Content-Type": {"application/json"}, "X-Secret": {"REDACTED"}}
	if diff := cmp.Diff(want, a.Header); diff != "" || a.Status != 201 || string(a.Body) != kept {
		t.Errorf("response %d %s: %s", a.Status, a.Body, diff)
	}
}

func TestMiddlewareAnswers(t *testing.T) {
	cases := map[string]struct {
		method, send string
		handler      http.HandlerFunc
		status       int
		body         string
		header       http.Header
		truncated    int64
	}{
		"nothing written": {
			handler: func(http.ResponseWriter, *http.Request) {}, status: 200, header: http.Header{},
		},
		"sniffed type": {
			handler: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>hi") },
			status:  200, body: "<html>hi", header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		},
		"type held back": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = nil
				io.WriteString(w, "x")
			},
			status: 200, body: "x", header: http.Header{"Content-Type": nil},
		},
		"interim answer": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusNoContent)
			},
			status: 204, header: http.Header{},
		},
		"second status": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				w.WriteHeader(http.StatusOK)
			},
			status: 404, header: http.Header{},
		},
		"compressed": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				io.WriteString(z, "plain")
				z.Close()
			},
			status: 200, body: "plain", header: http.Header{"Content-Encoding": {"gzip"}},
		},
		"HEAD": {
			method: "HEAD",
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				io.WriteString(w, "not sent")
			},
			status: 200, header: http.Header{"Content-Type": {"text/plain"}},
		},
		"long": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				for range 5 {
					_, _ = w.Write([]byte("0123456789"))
				}
			},
			status: 200, header: http.Header{"Content-Type": {"text/plain"}, TruncatedHeader: {"50"}}, truncated: 1,
		},
		"copied from a reader": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				_, _ = io.Copy(w, io.LimitReader(strings.NewReader("0123456789"), 5))
			},
			status: 200, body: "01234", header: http.Header{"Content-Type": {"text/plain"}},
		},
		"request not read": {
			method: "POST", send: "unread",
			handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
			status:  401, header: http.Header{}, truncated: 1,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWithin(t, c.handler, func(o *RecorderOptions) { o.MaxBody = 40 })
			if c.method == "" {
				c.method = "GET"
			}
			w.do(t, c.method, "/", c.send)
			w.finish()
			if len(w.sink.all()) != 1 {
				t.Fatalf("%d records, %+v", len(w.sink.all()), w.recorder.Health())
			}
			r := w.sink.all()[0].Response
			if diff := cmp.Diff(c.header, r.Header); diff != "" || r.Status != c.status || string(r.Body) != c.body {
				t.Errorf("status %d, body %q, header %s", r.Status, r.Body, diff)
			}
			if h := w.recorder.Health(); h.Truncated != c.truncated || h.Inbound != 1 {
				t.Errorf("health %+v", h)
			}
		})
	}
}

package capture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// newUpstream answers with what it was asked.
func newUpstream(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(parrot))
	t.Cleanup(s.Close)
	return s
}

// caller is a client that records.
func (w *within) caller(t *testing.T) *http.Client {
	t.Helper()
	base := &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	return &http.Client{Transport: Transport(w.recorder, base)}
}

func send(ctx context.Context, c *http.Client, url, body string, header ...string) (string, error) {
	q, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(q)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

// lineage lists the records by what they ask, each with what caused it.
func lineage(records []*traffic.Record) map[string]string {
	asked := map[string]string{}
	for _, r := range records {
		asked[r.ID] = r.Request.URL
	}
	parents := map[string]string{}
	for _, r := range records {
		parents[string(r.Direction)+" "+r.Request.URL] = asked[r.Parent]
	}
	return parents
}

// A call belongs to the request in whose context it is made, however many others are being answered.
func TestTransportParent(t *testing.T) {
	up := newUpstream(t)
	var client *http.Client
	const requests = 8
	gate := make(chan struct{}, requests)
	open := make(chan struct{})
	w := newWithin(t, func(_ http.ResponseWriter, r *http.Request) {
		gate <- struct{}{}
		<-open
		if _, err := send(r.Context(), client, up.URL+r.URL.Path+"/up", "b"); err != nil {
			t.Error(err)
		}
	}, func(o *RecorderOptions) { o.Upstreams = map[string]string{"127.0.0.1": "payment-api"} })
	client = w.caller(t)
	want := map[string]string{}
	done := make(chan struct{})
	for i := range requests {
		path := fmt.Sprintf("/%d", i)
		want["inbound "+path], want["outbound "+path+"/up"] = "", path
		go func() {
			w.do(t, "GET", path, "")
			done <- struct{}{}
		}()
	}
	for range requests {
		<-gate
	}
	close(open)
	for range requests {
		<-done
	}
	w.finish()
	if diff := cmp.Diff(want, lineage(w.sink.all())); diff != "" {
		t.Error(diff)
	}
	for _, r := range w.sink.all() {
		if r.Direction == traffic.Outbound && (r.Service != "payment-api" || string(r.Response.Body) != "b" ||
			string(r.Request.Body) != "b" || r.Request.Host != up.Listener.Addr().String() || r.Duration <= 0) {
			t.Errorf("record %+v, request %+v", r, r.Request)
		}
	}
}

// What a request that is not sampled causes is not recorded; what nothing causes is sampled for itself.
func TestTransportSampled(t *testing.T) {
	up := newUpstream(t)
	var client *http.Client
	some, err := NewSampler(0.5, "X-Client")
	if err != nil {
		t.Fatal(err)
	}
	w := newWithin(t, func(_ http.ResponseWriter, r *http.Request) {
		if _, err := send(r.Context(), client, up.URL+r.URL.Path+"/up", ""); err != nil {
			t.Error(err)
		}
	}, func(o *RecorderOptions) { o.Sample = some })
	client = w.caller(t)
	want := map[string]string{}
	for i := range 20 {
		path, name := fmt.Sprintf("/%d", i), fmt.Sprintf("client-%d", i)
		w.do(t, "GET", path, "", "X-Client", name)
		if some.Take(http.Header{"X-Client": {name}}, "") {
			want["inbound "+path], want["outbound "+path+"/up"] = "", path
		}
	}
	w.finish()
	if diff := cmp.Diff(want, lineage(w.sink.all())); diff != "" || len(want) == 0 || len(want) == 40 {
		t.Error(diff)
	}
	h := w.recorder.Health()
	if h.Unsampled != int64(40-len(want)) || h.Inbound+h.Outbound != int64(len(want)) {
		t.Errorf("health %+v", h)
	}
}

// Without the context a call is told apart by its trace.
func TestTransportTrace(t *testing.T) {
	up := newUpstream(t)
	var client *http.Client
	w := newWithin(t, func(_ http.ResponseWriter, r *http.Request) {
		trace := r.Header.Get("Traceparent")
		if _, err := send(t.Context(), client, up.URL+"/up", "", "Traceparent", trace); err != nil {
			t.Error(err)
		}
	}, nil)
	client = w.caller(t)
	w.do(t, "GET", "/a", "", "Traceparent", traceA)
	if _, err := send(t.Context(), client, up.URL+"/start", ""); err != nil {
		t.Error(err)
	}
	w.finish()
	want := map[string]string{"inbound /a": "", "outbound /up": "/a", "outbound /start": ""}
	if diff := cmp.Diff(want, lineage(w.sink.all())); diff != "" {
		t.Error(diff)
	}
	if h := w.recorder.Health(); h.Unprompted != 1 {
		t.Errorf("health %+v", h)
	}
}

func TestTransportBodies(t *testing.T) {
	cases := map[string]struct {
		media, body string
		read        func(io.Reader) error
		want        string
		truncated   int64
	}{
		"read to its end": {"text/plain", "text", func(r io.Reader) error { _, err := io.ReadAll(r); return err }, "text", 0},
		"one document": {
			"application/json", `{"a":1}` + strings.Repeat(" ", 5000),
			func(r io.Reader) error { var v any; return json.NewDecoder(io.LimitReader(r, 512)).Decode(&v) },
			`{"a":1}` + strings.Repeat(" ", 505), 0,
		},
		"half of it": {
			"text/plain", strings.Repeat("x", 5000),
			func(r io.Reader) error { _, err := r.Read(make([]byte, 1)); return err }, "", 1,
		},
		"nothing of it": {"text/plain", "text", func(io.Reader) error { return nil }, "", 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWithin(t, parrot, nil)
			up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.media)
				w.(http.Flusher).Flush() // the length is not announced
				io.WriteString(w, c.body)
			}))
			defer up.Close()
			res, err := w.caller(t).Get(up.URL)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.read(res.Body); err != nil {
				t.Error(err)
			}
			if err := res.Body.Close(); err != nil {
				t.Error(err)
			}
			res.Body.Close()
			if got := w.sink.all(); len(got) != 1 || string(got[0].Response.Body) != c.want {
				t.Errorf("%d records, %+v", len(got), w.recorder.Health())
			}
			if h := w.recorder.Health(); h.Truncated != c.truncated || h.Failed != 0 {
				t.Errorf("health %+v", h)
			}
		})
	}
}

func TestTransportFails(t *testing.T) {
	w := newWithin(t, parrot, nil)
	if _, err := send(t.Context(), w.caller(t), "http://127.0.0.1:1/x", "b"); err == nil {
		t.Error("nobody listens there")
	}
	if h := w.recorder.Health(); h.Failed != 1 || !strings.Contains(h.LastFailure, "refused") {
		t.Errorf("health %+v", h)
	}
	if used := w.recorder.outbound.Tracker.copies.used.Load(); used != 0 {
		t.Errorf("%d bytes are still claimed", used)
	}
}

// retrying sends every request twice, as a transport does whose connection has gone stale.
type retrying struct{ base http.RoundTripper }

func (r retrying) RoundTrip(q *http.Request) (*http.Response, error) {
	_, _ = q.Body.Read(make([]byte, 1))
	q.Body.Close()
	var err error
	if q.Body, err = q.GetBody(); err != nil {
		return nil, err
	}
	return r.base.RoundTrip(q)
}

func TestTransportRetry(t *testing.T) {
	w, up := newWithin(t, parrot, nil), newUpstream(t)
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: Transport(w.recorder, retrying{base})}
	if got, err := send(t.Context(), client, up.URL, "again"); got != "again" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	got := w.sink.all()
	if len(got) != 1 || string(got[0].Request.Body) != "again" {
		t.Errorf("%d records, %+v", len(got), w.recorder.Health())
	}
	if used := w.recorder.outbound.Tracker.copies.used.Load(); used != 0 {
		t.Errorf("%d bytes are still claimed", used)
	}
}

// breaking answers with a body that breaks off.
type breaking struct{}

func (breaking) RoundTrip(*http.Request) (*http.Response, error) {
	body := io.NopCloser(io.MultiReader(strings.NewReader("half"), errorReader{}))
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, ContentLength: 8}, nil
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errors.New("reset") }

func TestTransportBreaksOff(t *testing.T) {
	w := newWithin(t, parrot, nil)
	client := &http.Client{Transport: Transport(w.recorder, breaking{})}
	if got, err := send(t.Context(), client, "http://x/", ""); got != "half" || err == nil {
		t.Errorf("%q, %v", got, err)
	}
	if h := w.recorder.Health(); h.Failed != 1 || !strings.Contains(h.LastFailure, "reset") || h.Outbound != 0 {
		t.Errorf("health %+v", h)
	}
}

// clinging is a body whose last bytes come when it is closed.
type clinging struct{ closed chan struct{} }

func (c clinging) Read(b []byte) (int, error) {
	<-c.closed
	return copy(b, "x"), io.EOF
}

func (c clinging) Close() error {
	close(c.closed)
	return nil
}

type answerWith struct{ body io.ReadCloser }

func (a answerWith) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: a.body, ContentLength: -1}, nil
}

// TestTransportClosedWhileRead has a client that gives up while it waits for more.
func TestTransportClosedWhileRead(t *testing.T) {
	sink := &memory{}
	r, err := NewRecorder(RecorderOptions{Service: "orders", Sink: sink})
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 20
	for range rounds {
		res, err := Transport(r, answerWith{clinging{make(chan struct{})}}).RoundTrip(newRequest(t, "GET", "http://a/", nil))
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = res.Body.Read(make([]byte, 10))
		}()
		res.Body.Close()
		<-read
	}
	if n := len(sink.all()); n != rounds {
		t.Errorf("%d records, want %d", n, rounds)
	}
}

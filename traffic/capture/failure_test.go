package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

func TestProxyTruncates(t *testing.T) {
	zeros := bytes.Repeat([]byte{0}, 1<<20)
	cases := map[string]struct {
		request, response []byte
		coding            string
		missing           int64
	}{
		"request":          {zeros, []byte("ok"), "", 1},
		"response":         {[]byte("ok"), zeros, "", 1},
		"both":             {zeros, zeros, "", 2},
		"response decoded": {[]byte("ok"), gzipped(zeros), "gzip", 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Encoding", c.coding)
				_, _ = w.Write(c.response)
			}, func(o *Options) { o.MaxBody = 100_000 })
			_, body := b.do(t, newRequest(t, http.MethodPost, b.url+"/", bytes.NewReader(c.request)))
			if body != string(c.response) {
				t.Errorf("the client got %d bytes, want %d", len(body), len(c.response))
			}
			got := b.only(t)
			for side, m := range map[string]struct {
				sent, kept []byte
				header     http.Header
			}{
				"request":  {c.request, got.Request.Body, got.Request.Header},
				"response": {c.response, got.Response.Body, got.Response.Header},
			} {
				cut := len(m.sent) > 100
				if cut != (m.header.Get(TruncatedHeader) == strconv.Itoa(len(m.sent))) || cut != (len(m.kept) == 0) {
					t.Errorf("%s: kept %d of %d bytes, header %v", side, len(m.kept), len(m.sent), m.header)
				}
			}
			if n := b.tracker.Health().Truncated; n != c.missing {
				t.Errorf("truncated %d, want %d", n, c.missing)
			}
		})
	}
}

func TestProxyCountsWhatFails(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}, nil)
	res, err := b.client.Do(newRequest(t, http.MethodGet, b.url+"/half", nil))
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if err == nil {
		t.Error("the client was not told that the response broke off")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := &url.URL{Scheme: "http", Host: l.Addr().String()}
	l.Close()
	refusing := newProxyServer(t, b, func(o *Options) { o.Target, o.Name = nobody, "payments" })
	gone, _ := b.do(t, newRequest(t, http.MethodGet, refusing.URL+"/x", nil))
	if gone.StatusCode != http.StatusBadGateway {
		t.Errorf("status %d, want 502", gone.StatusCode)
	}
	b.finish()
	refusing.Close()
	h := b.tracker.Health()
	if h.Failed != 2 || h.Inbound != 0 || !strings.Contains(h.LastFailure, "payments: GET /x") {
		t.Errorf("health %+v", h)
	}
	if len(b.sink.all()) != 0 || len(b.tracker.flying) != 0 {
		t.Errorf("%d records, %d in flight", len(b.sink.all()), len(b.tracker.flying))
	}
}

func TestProxyClientGoesAway(t *testing.T) {
	arrived := make(chan struct{})
	left := make(chan struct{})
	b := newBench(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(left)
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := b.client.Do(newRequest(t, http.MethodGet, b.url+"/", nil).WithContext(ctx))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v", err)
	}
	<-left
	b.finish()
	if h := b.tracker.Health(); h.Failed != 1 || h.Inbound != 0 {
		t.Errorf("health %+v", h)
	}
}

func TestProxyPassesUpgrades(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = rw.Flush()
		_, _ = io.Copy(conn, rw)
	}, nil)
	req := newRequest(t, http.MethodGet, b.url+"/ws", nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	conn, ok := res.Body.(io.ReadWriteCloser)
	if res.StatusCode != http.StatusSwitchingProtocols || !ok {
		t.Fatalf("status %d, body %T", res.StatusCode, res.Body)
	}
	defer conn.Close()
	answer := make([]byte, 4)
	if _, err := conn.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "ping" {
		t.Errorf("got %q, error %v", answer, err)
	}
	if h := b.tracker.Health(); h.Upgraded != 1 || h.Inbound != 0 {
		t.Errorf("health %+v", h)
	}
}

func TestProxyContinue(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusExpectationFailed)
			return
		}
		echo(w, r)
	}, nil)
	transport := b.client.Transport.(*http.Transport)
	transport.ExpectContinueTimeout = time.Minute
	for path, want := range map[string]int{"/yes": http.StatusCreated, "/no": http.StatusExpectationFailed} {
		req := newRequest(t, http.MethodPut, b.url+path, strings.NewReader("body"))
		req.Header.Set("Expect", "100-continue")
		if res, _ := b.do(t, req); res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, res.StatusCode, want)
		}
	}
	b.finish()
	if h := b.tracker.Health(); h.Inbound != 2 || h.Truncated != 1 {
		t.Errorf("health %+v, want two records, the refused body missing", h)
	}
}

// reluctant is a body whose end comes when the gate opens.
type reluctant struct {
	io.ReadCloser

	left int
	gate chan struct{}
}

func (r *reluctant) Read(b []byte) (int, error) {
	if r.left == 0 {
		<-r.gate
	}
	n, err := r.ReadCloser.Read(b[:min(len(b), max(r.left, 1))])
	r.left -= n
	return n, err
}

// TestProxyAnswersWhileTheRequestIsRead has an upstream that begins its answer before it has seen the end of the
// request.
func TestProxyAnswersWhileTheRequestIsRead(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		fmt.Fprint(w, "first ")
		_ = control.Flush()
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%d %v", len(body), err)
	}, nil)
	p, err := NewProxy(Options{
		Tap:    Tap{Name: "orders", Direction: traffic.Inbound, Sink: b.sink, Tracker: b.tracker},
		Target: b.target,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	gate := make(chan struct{})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = &reluctant{r.Body, int(r.ContentLength), gate}
		p.ServeHTTP(w, r)
	}))
	defer front.Close()
	upload := bytes.NewReader(make([]byte, 100_000))
	res, err := b.client.Do(newRequest(t, http.MethodPost, front.URL, upload))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	close(gate)
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "first 100000 <nil>" {
		t.Errorf("got %q, %v", body, err)
	}
}

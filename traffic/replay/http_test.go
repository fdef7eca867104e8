package replay

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/headgate-dev/headgate/traffic"
)

// target starts a server and a sender to it.
func target(t *testing.T, o HTTPOptions, h http.HandlerFunc) (*HTTPSender, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return senderTo(t, server.URL, o), server
}

func senderTo(t *testing.T, url string, o HTTPOptions) *HTTPSender {
	t.Helper()
	s, err := NewHTTPSender(url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func get(url string) *traffic.Request { return &traffic.Request{Method: "GET", URL: url} }

// raw answers every connection's first request with the given bytes and closes it. It returns the
// address and what was received.
func raw(t *testing.T, answer string) (string, <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	received := make(chan string, 10)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			received <- head(conn)
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		group.Wait()
	})
	return "http://" + listener.Addr().String(), received
}

// head reads up to the empty line.
func head(r io.Reader) string {
	var b strings.Builder
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		b.WriteString(line)
		if err != nil || line == "\r\n" {
			return b.String()
		}
	}
}

func TestSendWritesWhatWasRecorded(t *testing.T) {
	const ok = "HTTP/1.1 204 No Content\r\n\r\n"
	plain := http.Header{
		"X-A": {"1", "2"}, "Connection": {"keep-alive, X-Hop"}, "X-Hop": {"1"}, "Keep-Alive": {"5"},
		"Content-Length": {"99"}, "Host": {"old"}, "Transfer-Encoding": {"chunked"}, "Expect": {"100-continue"},
		"Accept-Encoding": {"gzip, br;q=0.5, compress, zstd;q=0.1"},
	}
	tests := map[string]struct {
		request *traffic.Request
		want    string
	}{
		"headers": {
			&traffic.Request{Method: "GET", URL: "/a", Host: "old", Header: plain},
			"GET /a HTTP/1.1\r\nHost: ADDR\r\nAccept-Encoding: gzip, br;q=0.5, zstd;q=0.1\r\nX-A: 1\r\nX-A: 2\r\n\r\n",
		},
		"exact target": {
			get(`/a%2Fb/./..//c;d="|"?x=%20&&y=+[]#z`),
			"GET " + `/a%2Fb/./..//c;d="|"?x=%20&&y=+[]#z` + " HTTP/1.1\r\nHost: ADDR\r\n\r\n",
		},
		"absolute target": {get("http://prod.example/a?b"), "GET /a?b HTTP/1.1\r\nHost: ADDR\r\n\r\n"},
		"bare host":       {get("https://prod.example"), "GET / HTTP/1.1\r\nHost: ADDR\r\n\r\n"},
		"two slashes":     {get("//a%2Fb?"), "GET //a%2Fb? HTTP/1.1\r\nHost: ADDR\r\n\r\n"},
		"asterisk": {
			&traffic.Request{Method: "OPTIONS", URL: "*"}, "OPTIONS * HTTP/1.1\r\nHost: ADDR\r\n\r\n",
		},
		"user agent": {
			&traffic.Request{Method: "GET", URL: "/", Header: http.Header{"User-Agent": {"app/1"}}},
			"GET / HTTP/1.1\r\nHost: ADDR\r\nUser-Agent: app/1\r\n\r\n",
		},
		"body of its length": {
			&traffic.Request{
				Method: "PATCH", URL: "/", Body: []byte("hello"), Header: http.Header{"Content-Length": {"2"}},
			},
			"PATCH / HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 5\r\n\r\n",
		},
		"no body": {
			&traffic.Request{Method: "POST", URL: "/"},
			"POST / HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 0\r\n\r\n",
		},
		"get with a body": {
			&traffic.Request{Method: "GET", URL: "/", Body: []byte("x")},
			"GET / HTTP/1.1\r\nHost: ADDR\r\nContent-Length: 1\r\n\r\n",
		},
		"unknown method": {&traffic.Request{Method: "PURGE", URL: "/"}, "PURGE / HTTP/1.1\r\nHost: ADDR\r\n\r\n"},
		"lower-case names": {
			&traffic.Request{Method: "GET", URL: "/", Header: http.Header{"x-a": {"1"}, "host": {"h"}}},
			"GET / HTTP/1.1\r\nHost: ADDR\r\nX-A: 1\r\n\r\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			url, received := raw(t, ok)
			if _, err := senderTo(t, url, HTTPOptions{}).Send(t.Context(), test.request); err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(test.want, "ADDR", strings.TrimPrefix(url, "http://"))
			if diff := cmp.Diff(want, <-received); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSendKeepsHostAndBasePath(t *testing.T) {
	s, server := target(t, HTTPOptions{}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, r.Host, r.RequestURI)
	})
	tests := map[string]struct {
		base string
		keep bool
		want string
	}{
		"target's": {server.URL, false, s.base.Host + "/a?b"},
		"recorded": {server.URL, true, "old.example/a?b"},
		"below":    {server.URL + "/v1/", false, s.base.Host + "/v1/a?b"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := senderTo(t, test.base, HTTPOptions{KeepHost: test.keep})
			got, err := s.Send(t.Context(), &traffic.Request{Method: "GET", URL: "/a?b", Host: "old.example"})
			if err != nil || string(got.Body) != test.want {
				t.Errorf("got %v, %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestSendCodedBodies(t *testing.T) {
	s, _ := target(t, HTTPOptions{}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		coding := r.Header.Get("Content-Encoding")
		if coding == "gzip" {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			body, _ = io.ReadAll(z)
		}
		_, _ = fmt.Fprintf(w, "%s:%s", coding, body)
	})
	tests := map[string]struct{ coding, body, want string }{
		"coded again":   {"gzip", "hello", "gzip:hello"},
		"left plain":    {"zstd", "hello", ":hello"},
		"brotli":        {"br", "hello", ":hello"},
		"two codings":   {"gzip, zstd", "hello", ":hello"},
		"one unknown":   {"gzip, x", "hello", "gzip, x:hello"},
		"no body":       {"GZIP", "", "GZIP:"},
		"none":          {"", "hello", ":hello"},
		"still deflate": {"compress", "\x1f\x9d", "compress:\x1f\x9d"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := &traffic.Request{Method: "POST", URL: "/", Body: []byte(test.body), Header: http.Header{}}
			if test.coding != "" {
				r.Header.Set("Content-Encoding", test.coding)
			}
			got, err := s.Send(t.Context(), r)
			if err != nil || string(got.Body) != test.want {
				t.Errorf("got %v, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestRefusedConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	_ = listener.Close()
	if _, err := senderTo(t, url, HTTPOptions{}).Send(t.Context(), get("/")); Classify(err) != TransportError {
		t.Errorf("got %v", err)
	}
}

func TestTimeouts(t *testing.T) {
	release := make(chan struct{})
	s, _ := target(t, HTTPOptions{Timeout: 30 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	for _, path := range []string{"/header", "/body"} {
		_, err := s.Send(t.Context(), get(path))
		if !errors.Is(err, ErrTimeout) || Classify(err) != TimedOut || !strings.Contains(err.Error(), "(30ms)") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestCancelledIsNotATimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, _ := target(t, HTTPOptions{Timeout: time.Minute}, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := s.Send(ctx, get("/")); errors.Is(err, ErrTimeout) || Classify(err) != Aborted {
		t.Errorf("got %v", err)
	}
}

func TestRedirectsAndCookiesAreLeftAlone(t *testing.T) {
	var n atomic.Int32
	s, _ := target(t, HTTPOptions{}, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		if r.Header.Get("Cookie") != "" {
			t.Error("a cookie came back")
		}
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	for range 2 {
		got, err := s.Send(t.Context(), get("/"))
		if err != nil || got.Status != 302 || got.Header.Get("Location") != "/elsewhere" {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	if n.Load() != 2 {
		t.Errorf("%d requests arrived", n.Load())
	}
}

// A request that the server drops is sent once, though net/http would send a GET again.
func TestDroppedRequestIsNotSentAgain(t *testing.T) {
	tests := map[string]*traffic.Request{
		"GET":  get("/"),
		"HEAD": {Method: "HEAD", URL: "/"},
		"POST": {Method: "POST", URL: "/", Body: []byte("x")},
		"POST with a key": {
			Method: "POST", URL: "/", Body: []byte("x"), Header: http.Header{"Idempotency-Key": {"k"}},
		},
		"empty POST with a key": {Method: "POST", URL: "/", Header: http.Header{"Idempotency-Key": {"k"}}},
		"DELETE":                {Method: "DELETE", URL: "/"},
	}
	for name, request := range tests {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int32
			s, _ := target(t, HTTPOptions{}, func(_ http.ResponseWriter, r *http.Request) {
				if request.Header != nil && r.Header.Get("Idempotency-Key") != "k" {
					t.Error("the key is lost")
				}
				if n.Add(1) == 2 {
					panic(http.ErrAbortHandler)
				}
			})
			var ends []Bucket
			for range 3 {
				_, err := s.Send(t.Context(), request)
				ends = append(ends, Classify(err))
			}
			if diff := cmp.Diff([]Bucket{Answered, TransportError, Answered}, ends); diff != "" || n.Load() != 3 {
				t.Errorf("%d requests arrived, ends (-want +got):\n%s", n.Load(), diff)
			}
		})
	}
}

// An idle connection that the server had closed is not the request's fault.
func TestStaleConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{}, 2)
	var served sync.WaitGroup
	served.Go(func() {
		for range 2 {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
			_ = c.Close()
			closed <- struct{}{}
		}
	})
	defer served.Wait()
	defer l.Close()
	s := senderTo(t, "http://"+l.Addr().String(), HTTPOptions{})
	for range 2 {
		if _, err := s.Send(t.Context(), get("/")); err != nil {
			t.Error(err)
		}
		<-closed
		time.Sleep(2 * brief) // it is the pause that makes the sender look
	}
}

func TestConnectionsAreReused(t *testing.T) {
	const sessions = 5
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, strings.Repeat("x", 10000))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	p := Player{
		Sender: senderTo(t, server.URL, HTTPOptions{Connections: sessions}),
		Pacing: Pacing{Scale: Max(), Concurrency: sessions},
	}
	one := strings.TrimSpace(strings.Repeat("0 ", 40))
	set := setOf(t, one, one, one, one, one, one, one, one, one, one)
	var got results
	if err := p.Play(t.Context(), Of(set), Hooks{OnResult: got.add}.Follow); err != nil {
		t.Fatal(err)
	}
	if counts := got.buckets(t, set); counts[Answered] != 400 {
		t.Errorf("buckets %v", counts)
	}
	// A connection that is being opened when another becomes free is kept beside it.
	if n := opened.Load(); n < 1 || n > 2*sessions {
		t.Errorf("%d connections for 400 requests of %d sessions at a time", n, sessions)
	}
}

func TestNewHTTPSenderRefuses(t *testing.T) {
	for _, base := range []string{"", "localhost:80", "ftp://h", "http://", "http://h:x", "/path"} {
		_, err := NewHTTPSender(base, HTTPOptions{})
		if err == nil || !strings.Contains(err.Error(), "target URL") {
			t.Errorf("%q: %v", base, err)
		}
	}
}

package replay

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// serveRaw hands each connection, with its number from 0, to a function and closes it after that.
func serveRaw(t *testing.T, serve func(n int, c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				serve(n, c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		group.Wait()
	})
	return "http://" + l.Addr().String()
}

const noContent = "HTTP/1.1 204 No Content\r\n\r\n"

// answerAll answers requests until the connection ends.
func answerAll(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(c, noContent)
	}
}

// A large request, too, goes to another connection if the server has closed the one at hand.
func TestStaleConnectionForALargeRequest(t *testing.T) {
	closed := make(chan struct{})
	url := serveRaw(t, func(n int, c net.Conn) {
		if n > 0 {
			answerAll(c)
			return
		}
		_, _ = http.ReadRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, noContent)
		_ = c.Close()
		close(closed)
	})
	s := senderTo(t, url, HTTPOptions{})
	if _, err := s.Send(t.Context(), get("/")); err != nil {
		t.Fatal(err)
	}
	<-closed
	time.Sleep(2 * brief) // it is the pause that makes the sender look
	large := &traffic.Request{Method: "PUT", URL: "/", Body: make([]byte, 4*aside)}
	if _, err := s.Send(t.Context(), large); err != nil {
		t.Error(err)
	}
}

// A server that closes every connection at once is asked once, not for ever.
func TestConnectionClosedAtOnce(t *testing.T) {
	var mu sync.Mutex
	opened := 0
	url := serveRaw(t, func(int, net.Conn) {
		mu.Lock()
		defer mu.Unlock()
		opened++
	})
	_, err := senderTo(t, url, HTTPOptions{}).Send(t.Context(), get("/"))
	if Classify(err) != TransportError {
		t.Errorf("got %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if opened > 1 {
		t.Errorf("%d connections for one request", opened)
	}
}

// One watch and one deadline serve many requests; they end the last of them as they would the first.
func TestBoundsOfAReusedConnection(t *testing.T) {
	const timeout = 200 * time.Millisecond
	tests := map[string]struct {
		options HTTPOptions
		cancel  bool
		want    Bucket
	}{
		"timeout":           {HTTPOptions{Timeout: timeout}, false, TimedOut},
		"stopped":           {HTTPOptions{}, true, Aborted},
		"stopped in time":   {HTTPOptions{Timeout: time.Minute}, true, Aborted},
		"stopped or timely": {HTTPOptions{Timeout: timeout}, true, Aborted},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			silent := make(chan struct{})
			url := serveRaw(t, func(_ int, c net.Conn) {
				in := bufio.NewReader(c)
				for range 3 {
					_, _ = http.ReadRequest(in)
					_, _ = io.WriteString(c, noContent)
				}
				_, _ = http.ReadRequest(in)
				if test.cancel {
					cancel()
				}
				<-silent
			})
			defer close(silent)
			s := senderTo(t, url, test.options)
			for range 3 {
				if _, err := s.Send(ctx, get("/")); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			_, err := s.Send(ctx, get("/"))
			if Classify(err) != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if took := time.Since(began); !test.cancel && took < timeout {
				t.Errorf("timed out after %s, before %s", took, timeout)
			}
		})
	}
}

// What was watched by a context that has ended is not used with another one.
func TestConnectionOutlivesNoContext(t *testing.T) {
	s := senderTo(t, serveRaw(t, func(_ int, c net.Conn) { answerAll(c) }), HTTPOptions{Timeout: time.Minute})
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		for range 2 {
			if _, err := s.Send(ctx, get("/")); err != nil {
				t.Error(err)
			}
		}
		cancel()
		if _, err := s.Send(ctx, get("/")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v after the end", err)
		}
	}
}

package replay

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// A header line, such as a cookie or a policy, may be longer than the read buffer.
func TestLongHeaderLine(t *testing.T) {
	long := strings.Repeat("x", 3*readSize)
	url, _ := raw(t, "HTTP/1.1 204 No Content\r\nX-Long: "+long+"\r\nX-Next: 1\r\n\r\n")
	got, err := senderTo(t, url, HTTPOptions{}).Send(t.Context(), get("/"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Header.Get("X-Long") != long || got.Header.Get("X-Next") != "1" {
		t.Errorf("X-Long has %d bytes, X-Next %q", len(got.Header.Get("X-Long")), got.Header.Get("X-Next"))
	}
}

func TestHeadIsBounded(t *testing.T) {
	for name, head := range map[string]string{
		"one line":   "X-Long: " + strings.Repeat("x", maxHead+1),
		"many lines": strings.Repeat("X-A: "+strings.Repeat("x", 1000)+"\r\n", maxHead/1000+1),
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := raw(t, "HTTP/1.1 204 No Content\r\n"+head+"\r\n\r\n")
			_, err := senderTo(t, url, HTTPOptions{}).Send(t.Context(), get("/"))
			if err == nil || !strings.Contains(err.Error(), "larger than") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A server that streams its answer while the request still comes must not be waited for in vain.
func TestAnswerWhileTheRequestIsSent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	s := senderTo(t, server.URL, HTTPOptions{Timeout: 10 * time.Second})
	body := bytes.Repeat([]byte("0123456789abcdef"), 2<<20)
	for range 2 {
		got, err := s.Send(t.Context(), &traffic.Request{Method: "POST", URL: "/", Body: body})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Body, body) {
			t.Fatalf("%d bytes came back, want %d", len(got.Body), len(body))
		}
	}
}

// A server may refuse a large request before it has read it; the answer counts.
func TestEarlyAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	release := make(chan struct{})
	served := make(chan struct{})
	go func() {
		defer close(served)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = http.ReadRequest(bufio.NewReader(c))
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		<-release
	}()
	s := senderTo(t, "http://"+l.Addr().String(), HTTPOptions{Timeout: 10 * time.Second})
	got, err := s.Send(t.Context(), &traffic.Request{Method: "PUT", URL: "/", Body: make([]byte, 32<<20)})
	close(release)
	<-served
	if err != nil || got.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What would end up as another request line or header is not sent.
func TestUnsendableTokens(t *testing.T) {
	for name, r := range map[string]*traffic.Request{
		"method":      {Method: "GET / HTTP/1.1\r\nX-A: 1\r\n", URL: "/"},
		"no method":   {URL: "/"},
		"header name": {Method: "GET", URL: "/", Header: http.Header{"X-A: 1\r\nX-B": {"2"}}},
		"empty name":  {Method: "GET", URL: "/", Header: http.Header{"": {"2"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Sendable(&traffic.Record{Request: r}); !errors.Is(err, ErrUnsendable) {
				t.Errorf("got %v", err)
			}
		})
	}
}

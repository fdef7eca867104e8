package difftest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Request is sent as it stands; Host, Connection and Content-Length are added where they are missing.
type Request struct {
	Method, Target string
	Header         [][2]string
	Body           string
}

// String is the request as a person writes it down.
func (r *Request) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", r.Method, r.Target)
	for _, h := range r.Header {
		fmt.Fprintf(&b, " | %s: %s", h[0], h[1])
	}
	if r.Body != "" {
		fmt.Fprintf(&b, " | body %q", r.Body)
	}
	return b.String()
}

// Answer is what came back. Broken stands for an answer that ended before its end or never began.
type Answer struct {
	Matched bool
	Status  int
	Reason  string
	Header  http.Header
	Body    string
	Broken  bool
}

// String is the answer in one line.
func (a *Answer) String() string {
	switch {
	case a.Broken:
		return "broken connection"
	case !a.Matched:
		return "no stub matches"
	}
	return fmt.Sprintf("%d %s %v %q", a.Status, a.Reason, a.Header, a.Body)
}

const answerTimeout = 15 * time.Second

// client sends each request on a connection of its own: Jetty, which WireMock stands on, remembers
// header values of a connection without regard to case.
type client struct{ addr string }

// do sends a request; matched tells an answer of a stub from one of the engine itself.
func (c *client) do(ctx context.Context, r *Request, matched func(*http.Response) bool) (*Answer, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.Write(r.bytes(c.addr)); err != nil {
		return &Answer{Broken: true}, nil
	}
	a, err := read(conn, r, matched)
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return nil, fmt.Errorf("waiting for %s: %w", r, err)
	case err != nil:
		return &Answer{Broken: true}, nil
	}
	return a, nil
}

func (c *client) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // thousands of connections must leave no port waiting
	}
	return conn, conn.SetDeadline(time.Now().Add(answerTimeout))
}

func read(conn net.Conn, r *Request, matched func(*http.Response) bool) (*Answer, error) {
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: r.Method})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	_, reason, _ := strings.Cut(resp.Status, " ")
	return &Answer{
		Matched: matched(resp), Status: resp.StatusCode, Reason: reason, Header: resp.Header, Body: string(body),
	}, nil
}

func (r *Request) bytes(host string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Method, r.Target)
	if !r.has("Host") {
		fmt.Fprintf(&b, "Host: %s\r\n", host)
	}
	for _, h := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	if (r.Body != "" || r.Method == "POST" || r.Method == "PUT") && !r.has("Transfer-Encoding") {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	b.WriteString("\r\n")
	b.WriteString(r.Body)
	return b.Bytes()
}

func (r *Request) has(name string) bool {
	for _, h := range r.Header {
		if strings.EqualFold(h[0], name) {
			return true
		}
	}
	return false
}

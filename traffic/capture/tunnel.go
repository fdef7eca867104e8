package capture

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// tunnel is a connection that a client has asked for with CONNECT.
type tunnel struct {
	// host is what the client named, without the port; address has the port.
	host, address string
	connection    string // the name of the client's connection
	scheme        string
	again         func(context.Context) (net.Conn, error) // another connection to the upstream
	transport     *http.Transport
	served        atomic.Bool // a request has come through
	conns         []net.Conn  // what is to be closed with it; Forward.mu
}

// link is a connection whose first bytes were looked at.
type link struct {
	net.Conn
	in *bufio.Reader
}

func newLink(c net.Conn) *link { return &link{c, bufio.NewReader(c)} }

func (l *link) Read(b []byte) (int, error) { return l.in.Read(b) }

// connect serves CONNECT. Nothing is said to the client until its upstream is there.
func (f *Forward) connect(w http.ResponseWriter, r *http.Request) {
	t := &tunnel{address: withPort(r.Host, "443"), connection: connectionOf(r)}
	t.host, _, _ = net.SplitHostPort(t.address)
	upstream, err := dial(r.Context(), "tcp", t.address)
	if err != nil {
		f.Tracker.failed(fmt.Errorf("%s: %w", t.address, err))
		refuse(w, t.address, err)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		upstream.Close()
		refuse(w, t.address, err)
		return
	}
	client := &link{conn, rw.Reader}
	if !f.hold(t, conn, upstream) {
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection Established\r\n\r\n"); err != nil {
		f.drop(t)
		return
	}
	ctx := context.WithoutCancel(r.Context()) // the client is looked after here from now on
	f.running.Go(func() { f.speak(ctx, t, client, newLink(upstream)) })
}

// speak finds out what is spoken in a tunnel.
func (f *Forward) speak(ctx context.Context, t *tunnel, client, upstream *link) {
	if f.own(t.address) {
		f.splice(t, client, upstream)
		return
	}
	if reason := f.passes(t.host); reason != "" {
		f.pass(t, client, upstream, reason)
		return
	}
	switch speaker := firstToSpeak(client, upstream); {
	case speaker != client && silent(upstream): // nothing was said that could be recorded
		f.splice(t, client, upstream)
	case speaker != client:
		f.pass(t, client, upstream, "no HTTP: the server speaks first")
	case silent(client):
		f.drop(t)
	case opens(client, "\x16"):
		f.intercept(ctx, t, client, upstream)
	case opens(client, methods()...):
		t.scheme = "http"
		t.again = func(ctx context.Context) (net.Conn, error) { return dial(ctx, "tcp", t.address) }
		f.enter(t, client, upstream)
	default:
		f.pass(t, client, upstream, "neither HTTP nor TLS")
	}
}

// methods are how requests of HTTP/1.1 begin.
func methods() []string {
	return []string{"GET ", "POST ", "PUT ", "DELETE ", "HEAD ", "OPTIONS ", "PATCH ", "TRACE ", "PROPFIND ", "REPORT "}
}

// opens tells whether what comes in begins with one of the texts. It waits for as many bytes as it takes
// to tell.
func opens(l *link, texts ...string) bool {
	for n := 1; len(texts) > 0; n++ {
		head, err := l.in.Peek(n)
		if err != nil {
			return false
		}
		texts = slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return text[n-1] != head[n-1] })
		if slices.ContainsFunc(texts, func(text string) bool { return len(text) == n }) {
			return true
		}
	}
	return false
}

// silent tells whether a side has ended without having said anything.
func silent(l *link) bool {
	_, err := l.in.Peek(1)
	return err != nil
}

// firstToSpeak waits until one side sends something, or ends.
func firstToSpeak(a, b *link) *link {
	heard := make(chan *link, 2)
	var listening sync.WaitGroup
	for _, l := range []*link{a, b} {
		listening.Go(func() {
			_, _ = l.in.Peek(1) // an error comes back with the next read
			heard <- l
		})
	}
	first := <-heard
	for _, l := range []*link{a, b} {
		if l != first {
			_ = l.SetReadDeadline(time.Unix(1, 0)) // ends the peeking
		}
	}
	listening.Wait()
	for _, l := range []*link{a, b} {
		if l != first {
			_ = l.SetReadDeadline(time.Time{})
			if l.in.Buffered() == 0 {
				l.in.Reset(l.Conn) // forgets that the time was over
			}
		}
	}
	return first
}

// pass lets a tunnel through unrecorded.
func (f *Forward) pass(t *tunnel, client, upstream *link, reason string) {
	f.Tracker.tunnelled(t.host, reason)
	f.splice(t, client, upstream)
}

// splice copies both ways until both sides have ended.
func (f *Forward) splice(t *tunnel, client, upstream *link) {
	defer f.drop(t)
	var there sync.WaitGroup
	there.Go(func() { pour(upstream.Conn, client) })
	pour(client.Conn, upstream)
	there.Wait()
}

// pour copies to the end of one side and passes the end on. Where that fails, both ways end.
func pour(to net.Conn, from *link) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err != nil || !ok || half.CloseWrite() != nil {
		to.Close()
		from.Close()
	}
}

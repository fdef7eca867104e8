package capture

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
)

// entrance is the listener of the server that serves what comes out of tunnels.
type entrance struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newEntrance() *entrance {
	return &entrance{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept waits for the next connection.
func (e *entrance) Accept() (net.Conn, error) {
	select {
	case c := <-e.conns:
		return c, nil
	case <-e.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (e *entrance) Close() error {
	e.once.Do(func() { close(e.closed) })
	return nil
}

// Addr is of no network.
func (e *entrance) Addr() net.Addr { return &net.UnixAddr{Name: "tunnel"} }

// put hands a connection over; false means that nobody takes it any more.
func (e *entrance) put(c net.Conn) bool {
	select {
	case e.conns <- c:
		return true
	case <-e.closed:
		return false
	}
}

// hold notes connections that end with a tunnel; false means that all has ended already, and so have they.
func (f *Forward) hold(t *tunnel, conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	t.conns = append(t.conns, conns...)
	if f.closed {
		t.close()
		return false
	}
	f.open[t] = struct{}{}
	return true
}

// drop ends a tunnel.
func (f *Forward) drop(t *tunnel) {
	f.mu.Lock()
	delete(f.open, t)
	t.close()
	f.mu.Unlock()
	if t.transport != nil {
		t.transport.CloseIdleConnections()
	}
}

func (t *tunnel) close() {
	for _, c := range t.conns {
		c.Close()
	}
}

// enter has a tunnel served as HTTP. The first connection to the upstream is the one that is there.
func (f *Forward) enter(t *tunnel, client, upstream net.Conn) {
	spare := make(chan net.Conn, 1)
	spare <- upstream
	t.transport = newTransport()
	t.transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case c := <-spare:
			return c, nil
		default:
			return t.again(ctx)
		}
	}
	t.transport.DialTLSContext = t.transport.DialContext
	f.mu.Lock()
	f.tunnels[client] = t
	f.mu.Unlock()
	if !f.entrance.put(client) {
		f.left(client)
	}
}

type tunnelKey struct{}

// inside tells the requests of a connection which tunnel they come through.
func (f *Forward) inside(ctx context.Context, c net.Conn) context.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	return context.WithValue(ctx, tunnelKey{}, f.tunnels[c])
}

// serveWithin serves a request that came through a tunnel.
func (f *Forward) serveWithin(w http.ResponseWriter, r *http.Request) {
	f.running.Add(1) // an upgraded one is on its own
	defer f.running.Done()
	t := r.Context().Value(tunnelKey{}).(*tunnel)
	if !t.served.Swap(true) {
		f.trusted(t.host)
	}
	x := f.arrived(r, r.Host, r.RequestURI, t.connection)
	defer x.end()
	f.carry(w, r, trip{x, t.transport, func(pr *httputil.ProxyRequest) {
		pr.Out.URL.Scheme, pr.Out.URL.Host, pr.Out.Host = t.scheme, t.address, pr.In.Host
	}})
	if x.switched { // an upgraded connection is nobody's but the tunnel's
		f.drop(t)
	}
}

// passing is told how the connections from tunnels fare.
func (f *Forward) passing(c net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		f.running.Add(1)
	case http.StateHijacked: // the upgraded tunnel is dropped by the one who serves it
		f.mu.Lock()
		delete(f.tunnels, c)
		f.mu.Unlock()
		f.running.Done()
	case http.StateClosed:
		f.left(c)
		f.running.Done()
	}
}

// left drops the tunnel of a connection that has ended.
func (f *Forward) left(c net.Conn) {
	f.mu.Lock()
	t := f.tunnels[c]
	delete(f.tunnels, c)
	f.mu.Unlock()
	f.drop(t)
	if t.scheme == "https" && !t.served.Load() {
		f.suspect(t.host)
	}
}

// trusted notes that clients go along with the certificate for a host.
func (f *Forward) trusted(host string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.suspects) < maxOpaque {
		f.suspects[host] = -1
	}
}

// suspect notes that a client has ended a tunnel to a host once it has seen the certificate, which is how
// some refuse it. The second time, unless a request to it has ever come through, the host is passed through
// from then on.
func (f *Forward) suspect(host string) {
	const reason = "the client goes away when it sees the recording's certificate"
	f.mu.Lock()
	n, known := f.suspects[host]
	ending := f.ending // then it is the proxy that goes away
	if n >= 0 && (known || len(f.suspects) < maxOpaque) && !ending {
		f.suspects[host]++
	}
	f.mu.Unlock()
	if n != 1 || ending {
		return
	}
	f.Tracker.tunnelled(host, reason+", two connections failed")
	f.obscure(host, reason)
}

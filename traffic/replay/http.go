package replay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// HTTPSender sends recorded requests to one base URL over HTTP/1.1, on its own connections. It does
// not follow redirects, keeps no cookies, uses no proxy and never sends a request twice.
type HTTPSender struct {
	base      *url.URL
	options   HTTPOptions
	transport *http.Transport
}

// HTTPOptions are the settings of an [HTTPSender].
type HTTPOptions struct {
	// Timeout bounds one request, from sending to the last byte of the answer; 0 is no bound.
	Timeout time.Duration
	// Connections is how many idle connections are kept; below 1 counts as 1.
	Connections int
	// KeepHost sends the recorded Host header instead of the target's.
	KeepHost bool
}

// NewHTTPSender sends to base, such as http://127.0.0.1:8080; a path in it goes before every recorded
// path.
func NewHTTPSender(base string, o HTTPOptions) (*HTTPSender, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("target URL %q: %w", base, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("target URL is %q: expected http://host:port", base)
	}
	return &HTTPSender{base: u, options: o, transport: newTransport(max(1, o.Connections))}, nil
}

func newTransport(connections int) *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 2 * connections,
		IdleConnTimeout:     idleTimeout,
		DisableCompression:  true,
		Protocols:           onlyHTTP1(),
	}
}

// idleTimeout is below the keep-alive timeout of common servers (2 s to 75 s), so that a pause in the
// traffic does not end in a request on a connection that the server is just closing.
const idleTimeout = time.Second

func onlyHTTP1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

// Close closes idle connections.
func (s *HTTPSender) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// Send implements [Sender]. A body that ends early is an error, as is one above [MaxBody].
func (s *HTTPSender) Send(ctx context.Context, r *traffic.Request) (*traffic.Response, error) {
	bounded := ctx
	if s.options.Timeout > 0 {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, s.options.Timeout)
		defer cancel()
	}
	response, err := s.exchange(bounded, r)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%s %s: %w (%s)", r.Method, r.URL, ErrTimeout, s.options.Timeout)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL, err)
	}
	return response, nil
}

func (s *HTTPSender) exchange(ctx context.Context, r *traffic.Request) (*traffic.Response, error) {
	answer, err := s.roundTrip(ctx, r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return incoming(answer)
}

// roundTrip tries again, on another connection, only where the server had closed an idle connection
// before it could have seen the request.
func (s *HTTPSender) roundTrip(ctx context.Context, r *traffic.Request) (*http.Response, error) {
	for {
		var seen connection
		out, err := s.outgoing(httptrace.WithClientTrace(ctx, seen.trace()), r)
		if err != nil {
			return nil, err
		}
		answer, err := s.transport.RoundTrip(out)
		if err == nil || !seen.stale(err) || ctx.Err() != nil {
			return answer, err
		}
	}
}

// connection is what was seen of the connection that a request went out on.
type connection struct {
	reused bool
	wrote  atomic.Bool // set by the goroutine that writes, which may outlive RoundTrip
}

func (c *connection) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn:      func(i httptrace.GotConnInfo) { c.reused = i.Reused },
		WroteHeaders: func() { c.wrote.Store(true) },
	}
}

// stale tells whether an idle connection turned out to be closed. net/http keeps the error for a
// connection closed while idle to itself, so its text has to do.
func (c *connection) stale(err error) bool {
	const closedIdle = "http: server closed idle connection"
	for e := err; e != nil; e = errors.Unwrap(e) {
		if e.Error() == closedIdle {
			return c.reused
		}
	}
	return c.reused && !c.wrote.Load()
}

package replay

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// HTTPSender sends recorded requests to one base URL over HTTP/1.1, on its own connections and with
// its own framing: what goes out is what was recorded, and nothing is sent twice. It does not follow
// redirects, keeps no cookies and uses no proxy.
type HTTPSender struct {
	base    *url.URL
	addr    string // host:port
	prefix  string // path before every recorded path
	options HTTPOptions

	mu     sync.Mutex
	idle   []*wire // the one used last is at the end
	closed bool
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
	return &HTTPSender{base: u, addr: address(u), prefix: basePath(u), options: o}, nil
}

func address(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// idleTimeout is below the keep-alive timeout of common servers (2 s to 75 s), so that a pause in the
// traffic does not end in a request on a connection that the server is just closing.
const idleTimeout = time.Second

// brief is how long a connection is used again without a look at whether the server has closed it. In so
// short a time the news of a closing has hardly come, and looking for it costs as much as reading.
const brief = 50 * time.Microsecond

// Close closes idle connections; those in use are closed after their answer.
func (s *HTTPSender) Close() error {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.mu.Unlock()
	var errs []error
	for _, w := range idle {
		errs = append(errs, w.close())
	}
	return errors.Join(errs...)
}

// Send implements [Sender]. A body that ends early is an error, as is one above [MaxBody].
func (s *HTTPSender) Send(ctx context.Context, r *traffic.Request) (*traffic.Response, error) {
	response, err := s.exchange(ctx, r)
	switch {
	case err == nil:
		return response, nil
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("%s %s: %w (%s)", r.Method, r.URL, ErrTimeout, s.options.Timeout)
	}
	return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL, err)
}

func (s *HTTPSender) exchange(ctx context.Context, r *traffic.Request) (*traffic.Response, error) {
	for {
		now := time.Now()
		w, err := s.take(ctx, now)
		if err != nil {
			return nil, err
		}
		response, err := w.exchange(s, r)
		if err == nil && w.reusable {
			s.put(w)
			return response, nil
		}
		_ = w.close() // what there is to know about the connection stands in err
		if !errors.Is(err, errStale) {
			return response, err
		}
	}
}

// take finds an idle connection or opens one, and bounds what it is used for by ctx and the timeout.
func (s *HTTPSender) take(ctx context.Context, now time.Time) (*wire, error) {
	for {
		w := s.pop()
		if w == nil {
			return s.dial(ctx, now)
		}
		idle := now.Sub(w.since)
		w.rested = idle > brief
		switch {
		case idle < idleTimeout && w.bound(ctx, now, s.options.Timeout):
			return w, nil
		case ctx.Err() != nil:
			_ = w.close()
			return nil, ctx.Err()
		}
		_ = w.close() // it is of no use any more
	}
}

func (s *HTTPSender) pop() *wire {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.idle)
	if n == 0 {
		return nil
	}
	w := s.idle[n-1]
	s.idle = s.idle[:n-1]
	return w
}

// put keeps a connection for the next request.
func (s *HTTPSender) put(w *wire) {
	w.since = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.idle) >= 2*max(1, s.options.Connections) {
		_ = w.close() // there are enough
		return
	}
	s.idle = append(s.idle, w)
}

func (s *HTTPSender) dial(ctx context.Context, now time.Time) (*wire, error) {
	dialer := &net.Dialer{KeepAlive: 30 * time.Second}
	if s.options.Timeout > 0 {
		dialer.Deadline = now.Add(s.options.Timeout)
	}
	var conn net.Conn
	var err error
	if s.base.Scheme == "https" {
		secure := tls.Dialer{NetDialer: dialer, Config: &tls.Config{NextProtos: []string{"http/1.1"}}}
		conn, err = secure.DialContext(ctx, "tcp", s.addr)
	} else {
		conn, err = dialer.DialContext(ctx, "tcp", s.addr)
	}
	if err != nil {
		return nil, err
	}
	w := newWire(conn)
	if !w.bound(ctx, now, s.options.Timeout) {
		_ = w.close() // what there is to know about the connection stands in err
		return nil, cmp.Or(ctx.Err(), net.ErrClosed)
	}
	return w, nil
}

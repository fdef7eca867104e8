package embedded

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic/coding"
)

// upstream is a service that answers in place of the stubs.
type upstream struct {
	base   *url.URL
	prefix string      // taken from the path before it is asked
	header http.Header // set on each request
	remove []string    // headers that are not passed on
}

// hopByHop are the headers of one connection (RFC 9110 section 7.6.1).
func hopByHop() []string {
	return []string{
		"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade",
	}
}

// pass lets another service answer; e is the stub that says so, or nil.
func (s *Server) pass(ctx context.Context, x *exchange, e *entry, to *upstream) {
	event := &Event{Proxied: true}
	if e != nil {
		event.Stub = e.stub
	} else {
		x.attempt.hitProxy()
	}
	out, err := s.fetch(ctx, x, to)
	if err != nil {
		text := fmt.Sprintf("the service behind this mock did not answer: %v\n", err)
		out = &reply{code: http.StatusBadGateway, header: plainText(), body: []byte(text)}
	}
	event.Status, event.Header = out.code, out.header
	event.Body, _ = decoded(out.body, out.header)
	if e != nil {
		event.Delay = s.settings.Load().wait(e.stub.Response, s.random)
	}
	s.log(x, event)
	s.notify(ctx, x, e)
	if !sleep(ctx, event.Delay) {
		panic(http.ErrAbortHandler)
	}
	x.attempt.took(s.now().Sub(x.begin))
	write(x.w, x.r, out)
}

func plainText() http.Header { return http.Header{"Content-Type": {"text/plain; charset=utf-8"}} }

// fetch asks the service, without following redirects.
func (s *Server) fetch(ctx context.Context, x *exchange, to *upstream) (*reply, error) {
	req, err := to.request(ctx, x)
	if err != nil {
		return nil, err
	}
	resp, err := s.hooks.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading its answer: %w", err)
	case len(body) > maxBody:
		return nil, fmt.Errorf("its answer is larger than %d bytes", maxBody)
	}
	h := maps.Clone(resp.Header)
	for _, name := range hopByHop() {
		h.Del(name)
	}
	h.Del("Content-Length")
	return &reply{code: resp.StatusCode, header: h, body: body}, nil
}

// request is the one that the service gets: the body as it was decoded, the headers of this connection
// taken off.
func (u *upstream) request(ctx context.Context, x *exchange) (*http.Request, error) {
	target := x.req.URL
	if i := strings.Index(target, "://"); i >= 0 && !strings.HasPrefix(target, "/") {
		target = (&url.URL{Path: x.r.URL.Path, RawPath: x.r.URL.RawPath, RawQuery: x.r.URL.RawQuery}).String()
	}
	address := strings.TrimSuffix(u.base.String(), "/") + strings.TrimPrefix(target, u.prefix)
	req, err := http.NewRequestWithContext(ctx, x.req.Method, address, bytes.NewReader(x.req.Body))
	if err != nil {
		return nil, err
	}
	req.Header = x.req.Header.Clone()
	for _, name := range slices.Concat(hopByHop(), u.remove) {
		req.Header.Del(name)
	}
	if _, known, _ := coding.Undo(req.Header["Content-Encoding"], nil, 0); known {
		req.Header.Del("Content-Encoding") // the body is decoded
	}
	maps.Copy(req.Header, u.header)
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header.Set("User-Agent", "") // keeps net/http from naming itself
	}
	return req, nil
}

// newTransport asks services and webhooks: what it gets is passed on as it is.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, addr)
		},
		DisableCompression:    true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
	}
}

package capture

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Transport records what is sent through base (nil means [http.DefaultTransport]) and what is answered. A request
// whose context comes from a handler behind [Middleware] becomes the child of what that handler was asked,
// and is recorded if that is. One without such a context is told apart by its trace headers, and where
// everything is recorded also by time, as a proxy does.
//
// The record is complete when the body of the response is read to its end or closed. A body that is closed
// before is marked as missing. Where base retries a request, the last try is recorded.
func Transport(r *Recorder, base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{recorder: r, base: base}
}

type transport struct {
	recorder *Recorder
	base     http.RoundTripper
}

// CloseIdleConnections passes on what [http.Client.CloseIdleConnections] asks for.
func (t *transport) CloseIdleConnections() {
	if closer, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(q *http.Request) (*http.Response, error) {
	now := t.recorder.outbound.Clock()
	from := t.recorder.cause(now, q)
	if !from.taken {
		t.recorder.unsampled.Add(1)
		return t.base.RoundTrip(q)
	}
	x := t.recorder.outbound.open(now, from, t.recorder.request(q))
	sent := q.WithContext(q.Context()) // a copy: a request belongs to its caller
	sent.Body = x.takeRequest(q.Body, q.ContentLength)
	if q.GetBody != nil {
		sent.GetBody = func() (io.ReadCloser, error) {
			body, err := q.GetBody()
			if err != nil {
				return nil, err
			}
			if x.request != nil {
				x.request.take() // gives back what it has claimed
			}
			return x.takeRequest(body, q.ContentLength), nil
		}
	}
	res, err := t.base.RoundTrip(sent)
	if err != nil {
		x.fail(err)
		x.end()
		return res, err
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		x.upgraded()
		x.end()
		return res, nil
	}
	t.follow(x, res, q.Method)
	return res, nil
}

// follow ends the exchange when the body of the response ends.
func (t *transport) follow(x *exchange, res *http.Response, method string) {
	x.answered(res.StatusCode, res.Header)
	length := res.ContentLength
	if res.Body == nil || method == http.MethodHead {
		length = 0
	}
	x.takeResponse(res.Body, length)
	if length == 0 {
		x.end()
		return
	}
	res.Body = &following{ReadCloser: res.Body, exchange: x}
}

// request is what is recorded of the head of a request.
func (r *Recorder) request(q *http.Request) request {
	host := q.Host
	if host == "" {
		host = q.URL.Host
	}
	return request{
		service: r.service(q), method: q.Method, url: q.URL.RequestURI(), host: host, header: q.Header,
	}
}

// service is who answers a request: the name that was given for its host, else the host.
func (r *Recorder) service(q *http.Request) string {
	if name := r.names[strings.ToLower(q.URL.Host)]; name != "" {
		return name
	}
	if name := r.names[strings.ToLower(q.URL.Hostname())]; name != "" {
		return name
	}
	return q.URL.Hostname()
}

// cause finds out whether a request is to be recorded, and for which inbound one.
func (r *Recorder) cause(now time.Time, q *http.Request) origin {
	tracker := r.outbound.Tracker
	switch x, tied := q.Context().Value(inboundKey{}).(*exchange); {
	case tied:
		return tracker.caused(now, x.id)
	case r.sample.skip == 0:
		return tracker.begin(arrival{at: now, direction: traffic.Outbound, header: q.Header})
	}
	if parent := tracker.sharing(q.Header); parent != "" {
		return tracker.caused(now, parent)
	}
	// A handler that was not sampled has its server in the context all the same.
	if q.Context().Value(http.ServerContextKey) != nil || !r.sample.Take(q.Header, "") {
		return origin{}
	}
	return tracker.caused(now, "")
}

// caused is the origin of an outbound request whose cause is known; "" is none.
func (t *Tracker) caused(at time.Time, parent string) origin {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq++
	if parent == "" {
		t.health.Unprompted++
	}
	return origin{id: newID(at, t.seq), parent: parent, taken: true}
}

// sharing is the id of the only request in flight that has a key in common with the header.
func (t *Tracker) sharing(h http.Header) string {
	found := keysOf(h)
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.keyed(found); f != nil {
		return f.id
	}
	return ""
}

// following is the body of a response that ends an exchange. It may be closed while a Read waits.
type following struct {
	io.ReadCloser
	*exchange

	mu   sync.Mutex
	over bool // the exchange has ended
}

// Read ends the exchange with the last byte, or with an error.
func (f *following) Read(b []byte) (int, error) {
	n, err := f.ReadCloser.Read(b)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return n, err
	}
	if f.response.pass(b[:n], err == io.EOF) && !f.landed {
		f.finished()
	}
	if err != nil {
		if err != io.EOF {
			f.fail(err)
		}
		f.over = true
		f.end()
	}
	return n, err
}

// Close ends the exchange where the body was not read to its end. A decoder stops behind the last brace
// of a document: it is whole.
func (f *following) Close() error {
	err := f.ReadCloser.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return err
	}
	f.over = true
	if !f.landed {
		f.finished()
	}
	if f.response.whole() || documented(f.record.Response.Header, f.response.start()) {
		f.response.pass(nil, true)
	} else {
		f.response.cut()
	}
	f.end()
	return err
}

// documented tells whether a body is a whole JSON document.
func documented(h http.Header, body []byte) bool {
	media, _, _ := strings.Cut(first(h, "Content-Type"), ";")
	body = bytes.TrimSpace(body)
	return strings.EqualFold(strings.TrimSpace(media), "application/json") && len(body) > 0 &&
		(body[0] == '{' || body[0] == '[') && len(h["Content-Encoding"]) == 0 && json.Valid(body)
}

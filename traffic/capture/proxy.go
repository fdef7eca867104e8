package capture

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Options say what a [Proxy] stands in front of and where its records go.
type Options struct {
	// Name is the service that answers: the service under test, or an upstream.
	Name      string
	Direction traffic.Direction
	// Target is where requests are sent on to, with the path as a prefix where it has one.
	Target *url.URL
	Sink   Sink
	// Tracker is shared by all proxies of one recording.
	Tracker *Tracker
	// MaxBody is the longest body that is kept, in bytes, decoded or not; 0 means DefaultMaxBody.
	MaxBody int64
	// Redact names headers whose values are recorded as REDACTED.
	Redact []string
	// Clock tells the time of records; nil means time.Now.
	Clock Clock
}

// DefaultMaxBody is the longest body that is kept: 10 MiB.
const DefaultMaxBody = 10 << 20

const redacted = "REDACTED"

// Proxy is a reverse proxy that records the exchanges passing through it. It streams: neither side waits
// for the recording. Each record is handed to the sink after the last byte of its response.
//
// Nothing is added to what passes: no X-Forwarded headers, no Via. The Host of inbound requests is kept;
// outbound requests get the target's, which is also what their records hold. A client whose
// upstream refuses gets 502.
type Proxy struct {
	Options
	transport *http.Transport
	quiet     *log.Logger
}

var _ http.Handler = (*Proxy)(nil)

// NewProxy checks the options and returns the proxy.
func NewProxy(o Options) (*Proxy, error) {
	switch {
	case o.Target == nil || o.Target.Host == "" || o.Target.Scheme != "http" && o.Target.Scheme != "https":
		return nil, fmt.Errorf("proxy for %s: the target must be an http or https URL, not %q", o.Name, o.Target)
	case o.Direction != traffic.Inbound && o.Direction != traffic.Outbound:
		return nil, fmt.Errorf("proxy for %s: no direction %q", o.Name, o.Direction)
	case o.Sink == nil || o.Tracker == nil:
		return nil, fmt.Errorf("proxy for %s: it needs a sink and a tracker", o.Name)
	}
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.Redact = slices.Clone(o.Redact)
	return &Proxy{Options: o, transport: newTransport(), quiet: log.New(io.Discard, "", 0)}, nil
}

// newTransport leaves codings alone and waits as long as the client does.
func newTransport() *http.Transport {
	return &http.Transport{
		DisableCompression:    true,
		MaxIdleConnsPerHost:   256,
		IdleConnTimeout:       30 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// Close drops the idle connections to the target. The proxy stays usable.
func (p *Proxy) Close() { p.transport.CloseIdleConnections() }

// ServeHTTP passes one exchange through and records it.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.WithContext(r.Context()) // a copy, as its body is wrapped
	x := p.begin(r)
	// Deferred, as an answer that breaks off ends in a panic which the server is to see.
	defer x.end()
	forward := httputil.ReverseProxy{
		Transport:      p.transport,
		Rewrite:        p.rewrite,
		ModifyResponse: x.answered,
		ErrorHandler:   x.refused,
		ErrorLog:       p.quiet,
		FlushInterval:  -1,
	}
	forward.ServeHTTP(w, r)
}

// rewrite points the request at the target and takes back what the reverse proxy changed on its own.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	r.SetURL(p.Target)
	if p.Direction == traffic.Inbound {
		r.Out.Host = r.In.Host
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
}

// exchange is one request on its way through a proxy.
type exchange struct {
	proxy    *Proxy
	record   *traffic.Record
	request  *tee // nil where the request has no body
	response *tee // nil until the upstream has answered
	began    time.Time
	// settled is true where there is nothing to record: refused or upgraded.
	settled bool
}

func (p *Proxy) begin(r *http.Request) *exchange {
	now := p.Clock()
	id, parent := p.Tracker.begin(now, p.Direction, r.Header)
	x := &exchange{proxy: p, began: now}
	x.record = &traffic.Record{
		ID: id, Parent: parent, Time: now, Direction: p.Direction, Service: p.Name, Protocol: traffic.HTTP,
		Request: &traffic.Request{
			Method: r.Method, URL: r.RequestURI, Host: r.Host, Header: p.header(r.Header),
		},
	}
	if p.Direction == traffic.Outbound {
		x.record.Request.Host = p.Target.Host
	}
	if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		x.request = newTee(r.Body, r.ContentLength, p.MaxBody)
		r.Body = x.request
	}
	return x
}

// answered is called with the head of the upstream's response.
func (x *exchange) answered(res *http.Response) error {
	if res.StatusCode == http.StatusSwitchingProtocols {
		x.settled = true
		x.proxy.Tracker.count(func(h *Health) { h.Upgraded++ })
		return nil
	}
	x.record.Response = &traffic.Response{Status: res.StatusCode, Header: x.proxy.header(res.Header)}
	length := res.ContentLength
	if res.Body == http.NoBody {
		length = 0
	}
	x.response = newTee(res.Body, length, x.proxy.MaxBody)
	x.response.done = x.finished
	if length == 0 {
		x.finished()
	}
	res.Body = x.response
	return nil
}

// finished is called when the upstream's last byte is there. The client has not got it yet, so that an
// inbound request has left those in flight before the client can send the next.
func (x *exchange) finished() {
	x.record.Duration = x.proxy.Clock().Sub(x.began)
	x.proxy.Tracker.end(x.record.ID)
	x.response.done = nil
}

// refused is called where the upstream cannot be reached, breaks off before it has answered, or the
// client has gone.
func (x *exchange) refused(w http.ResponseWriter, _ *http.Request, err error) {
	x.settled = true
	x.failed(err)
	http.Error(w, "headgate record: "+x.proxy.Name+" does not answer: "+err.Error(), http.StatusBadGateway)
}

func (x *exchange) failed(err error) {
	r := x.record.Request
	x.proxy.Tracker.failed(fmt.Errorf("%s: %s %s: %w", x.proxy.Name, r.Method, r.URL, err))
}

// errBrokenOff is why an exchange with half a response is not recorded.
var errBrokenOff = errors.New("the response broke off, or the client went away")

// end completes the record and hands it on.
func (x *exchange) end() {
	p := x.proxy
	p.Tracker.end(x.record.ID)
	switch {
	case x.settled:
		return
	case x.response == nil || !x.response.whole():
		x.failed(errBrokenOff)
		return
	}
	var missing int64
	if x.request != nil {
		missing += p.keep(x.request, x.record.Request.Header, &x.record.Request.Body)
	}
	missing += p.keep(x.response, x.record.Response.Header, &x.record.Response.Body)
	p.Tracker.handedOn(p.Direction, p.Sink.Put(x.record), missing)
}

// keep stores a body decoded. Where it is not whole it stores none, marks the message and returns 1.
func (p *Proxy) keep(t *tee, h http.Header, into *[]byte) (missing int64) {
	body, seen, ok := t.taken()
	if ok {
		decoded, err := decode(body, h, p.MaxBody)
		if err == nil {
			*into = decoded
			return 0
		}
	}
	h.Set(TruncatedHeader, strconv.FormatInt(seen, 10))
	return 1
}

// header is what is recorded of a header: all that concerns the exchange and not the connection, with
// the values of redacted fields replaced.
func (p *Proxy) header(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range connectionHeaders(h) {
		h.Del(name)
	}
	for _, name := range p.Redact {
		values := h.Values(name)
		for i := range values {
			values[i] = redacted
		}
	}
	return h
}

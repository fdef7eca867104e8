package capture

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Options say what a [Proxy] stands in front of and where its records go.
type Options struct {
	Tap

	// Target is where requests are sent on to, with the path as a prefix where it has one.
	Target *url.URL
	// Roots are who is trusted to sign the certificate of the target; nil means those of the system.
	Roots *x509.CertPool
}

// Proxy is a reverse proxy that records the exchanges passing through it. It streams: neither side waits
// for the recording. Each record is handed to the sink after the last byte of its response.
//
// Nothing is added to what passes: no X-Forwarded headers, no Via. The Host of inbound requests is kept;
// outbound requests get the target's, which is also what their records hold. A client whose
// upstream refuses gets 502 with a header [FailedHeader].
type Proxy struct {
	Options
	transport *http.Transport
	courier
}

var _ http.Handler = (*Proxy)(nil)

// NewProxy checks the options and returns the proxy.
func NewProxy(o Options) (*Proxy, error) {
	if o.Target == nil || o.Target.Host == "" || o.Target.Scheme != "http" && o.Target.Scheme != "https" {
		return nil, fmt.Errorf("proxy for %s: the target must be an http or https URL, not %q", o.Name, o.Target)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	transport := newTransport()
	transport.DialContext = dial
	transport.TLSClientConfig = &tls.Config{RootCAs: o.Roots}
	return &Proxy{Options: o, transport: transport, courier: newCourier()}, nil
}

// maxHeader is how long the head of a response may be, in bytes, as net/http has it for requests.
const maxHeader = http.DefaultMaxHeaderBytes

// newTransport leaves codings alone and waits as long as the client does.
func newTransport() *http.Transport {
	return &http.Transport{
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// Close drops the idle connections to the target. The proxy stays usable.
func (p *Proxy) Close() { p.transport.CloseIdleConnections() }

// ServeHTTP passes one exchange through and records it.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if p.Direction == traffic.Outbound {
		host = p.Target.Host
	}
	x := p.begin(request{
		method: r.Method, url: r.RequestURI, host: host, header: r.Header, connection: connectionOf(r),
		steady: true,
	})
	// Deferred, as an answer that breaks off ends in a panic which the server is to see.
	defer x.end()
	p.carry(w, r, trip{x, p.transport, p.rewrite})
}

// rewrite points the request at the target.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	r.SetURL(p.Target)
	if p.Direction == traffic.Inbound {
		r.Out.Host = r.In.Host
	}
}

// FailedHeader stands in the 502 that a client gets where its request could not be sent on; its value says
// why.
const FailedHeader = "X-Headgate-Record-Failed"

// courier carries exchanges to where they go and back.
type courier struct {
	quiet   *log.Logger
	buffers *buffers
}

func newCourier() courier {
	return courier{quiet: log.New(io.Discard, "", 0), buffers: &buffers{}}
}

// trip is one exchange, how it is sent on, and what changes in its request.
type trip struct {
	*exchange

	transport http.RoundTripper
	rewrite   func(*httputil.ProxyRequest)
}

func (c courier) carry(w http.ResponseWriter, r *http.Request, t trip) {
	// The server would close a request's body with the head of the response, which breaks off both where the
	// last of it is still being read. Other protocols than HTTP/1 do not know this and need not.
	_ = http.NewResponseController(w).EnableFullDuplex()
	if t.takeRequest(r.Body, r.ContentLength); t.request != nil {
		r = r.WithContext(r.Context()) // a copy
		r.Body = t.request
	}
	forward := httputil.ReverseProxy{
		Transport: t.transport,
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL.RawQuery = pr.In.URL.RawQuery
			t.rewrite(pr)
			Unchanged(pr)
		},
		ModifyResponse: t.response,
		ErrorHandler:   t.refused,
		ErrorLog:       c.quiet,
		FlushInterval:  -1,
		BufferPool:     c.buffers,
	}
	forward.ServeHTTP(w, r)
}

// response is called with the head of the upstream's response.
func (t trip) response(res *http.Response) error {
	if res.StatusCode == http.StatusSwitchingProtocols {
		t.upgraded()
		return nil
	}
	t.answered(res.StatusCode, res.Header)
	res.Body = t.takeResponse(res.Body, res.ContentLength)
	return nil
}

// refused is called where the upstream cannot be reached, breaks off before it has answered, or the
// client has gone.
func (t trip) refused(w http.ResponseWriter, _ *http.Request, err error) {
	t.fail(err)
	refuse(w, t.service(), err)
}

func refuse(w http.ResponseWriter, name string, err error) {
	w.Header().Set(FailedHeader, oneLine(err.Error()))
	http.Error(w, "headgate record: "+name+" does not answer: "+err.Error(), http.StatusBadGateway)
}

// buffers are those that bodies pass through.
type buffers struct{ pool sync.Pool }

const bufferSize = 32 << 10

// Get is a buffer of a fixed size.
func (b *buffers) Get() []byte {
	if buf, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return buf[:]
	}
	return make([]byte, bufferSize)
}

// Put takes a buffer back.
func (b *buffers) Put(buf []byte) {
	if len(buf) == bufferSize {
		b.pool.Put((*[bufferSize]byte)(buf))
	}
}

// oneLine makes text fit for a header.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return ' '
		}
		return c
	}, text)
}

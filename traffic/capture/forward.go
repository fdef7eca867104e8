package capture

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"time"
)

// ForwardOptions say how a [Forward] records.
type ForwardOptions struct {
	// Tap is where records go. Its Name is not used: who answers is told by the host.
	Tap

	// Names lead from a host, with or without its port and in lower case, to the service that answers there.
	// A host without one is a service of its own.
	Names map[string]string
	// Authority signs the certificates of TLS interception; without one TLS is passed through unrecorded.
	Authority *Authority
	// Pass are hosts whose TLS is passed through, such as pay.example.com or *.example.com.
	Pass []string
	// Roots are who is trusted to sign the certificates of upstreams; nil means those of the system.
	Roots *x509.CertPool
	// Own tells whether an address is one of the recording's own proxies, which are not recorded twice; nil
	// means that there are none.
	Own func(address string) bool
}

// Forward is an HTTP proxy, as HTTP_PROXY names one, that records the exchanges passing through it, those
// within TLS included. It needs [Connections.Name] in its server.
//
// What cannot be recorded is passed through and counted by host: TLS whose upstream asks for the client's
// certificate or is not trusted, what is no HTTP, and hosts whose recording certificate the client has refused
// once. Where an upstream cannot be reached the client gets 502 with a header [FailedHeader]. HTTP/2 is
// spoken where client and upstream both do.
type Forward struct {
	ForwardOptions
	courier
	transport *http.Transport
	within    *http.Server // serves what comes out of tunnels
	entrance  *entrance

	mu       sync.Mutex
	tunnels  map[net.Conn]*tunnel // by the connection that within serves
	open     map[*tunnel]struct{} // what is to be closed in the end
	opaque   map[string]string    // hosts that cannot be recorded, and why
	suspects map[string]int       // hosts from whose tunnels no request has come yet, and how many of them
	ending   bool                 // Close was called
	closed   bool                 // nothing more is let in
	running  sync.WaitGroup
}

var _ http.Handler = (*Forward)(nil)

// NewForward checks the options and returns the proxy, which must be closed.
func NewForward(o ForwardOptions) (*Forward, error) {
	o.Name = "forward proxy"
	if err := o.check(); err != nil {
		return nil, err
	}
	f := &Forward{
		ForwardOptions: o, courier: newCourier(), transport: newTransport(), entrance: newEntrance(),
		tunnels: map[net.Conn]*tunnel{}, open: map[*tunnel]struct{}{}, opaque: map[string]string{},
		suspects: map[string]int{},
	}
	f.transport.DialContext = dial
	f.transport.TLSClientConfig = &tls.Config{RootCAs: o.Roots}
	f.within = &http.Server{
		Handler: http.HandlerFunc(f.serveWithin), ErrorLog: f.quiet,
		ReadHeaderTimeout: time.Minute, IdleTimeout: 5 * time.Minute,
		ConnContext: f.inside, ConnState: f.passing, DisableGeneralOptionsHandler: true,
	}
	f.running.Go(func() { _ = f.within.Serve(f.entrance) }) // ends with Close only
	return f, nil
}

// closeTime is how long requests that are under way may take when the proxy is closed.
const closeTime = 2 * time.Second

// Close ends all tunnels, recorded or not, and waits for them.
func (f *Forward) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	f.mu.Lock()
	f.ending = true
	f.mu.Unlock()
	_ = f.within.Shutdown(ctx) // what is not done in time is closed below
	f.mu.Lock()
	f.closed = true
	for t := range f.open {
		t.close()
	}
	f.mu.Unlock()
	f.within.Close()
	f.running.Wait()
	f.transport.CloseIdleConnections()
}

// ServeHTTP passes one request or one tunnel through.
func (f *Forward) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		f.connect(w, r)
	case r.URL.IsAbs() && (r.URL.Scheme == "http" || r.URL.Scheme == "https"):
		f.forward(w, r)
	default:
		http.Error(w, "headgate record: this is a proxy: name it in HTTP_PROXY and HTTPS_PROXY", http.StatusBadRequest)
	}
}

// forward serves a request in absolute form.
func (f *Forward) forward(w http.ResponseWriter, r *http.Request) {
	x := f.arrived(r, r.URL.Host, originForm(r.RequestURI), connectionOf(r))
	defer x.end()
	f.carry(w, r, trip{x, f.transport, func(pr *httputil.ProxyRequest) { pr.Out.Host = pr.In.Host }})
}

// arrived begins an exchange with a host, unless a proxy of the recording's own stands there.
func (f *Forward) arrived(r *http.Request, host, target, connection string) *exchange {
	if f.own(withPort(host, "80")) {
		return &exchange{tap: &f.Tap, landed: true}
	}
	return f.begin(request{
		service: f.service(host), method: r.Method, url: target, host: host, header: r.Header,
		connection: connection, steady: true,
	})
}

func (f *Forward) own(address string) bool { return f.Own != nil && f.Own(address) }

// service names who answers at a host.
func (f *Forward) service(host string) string {
	host = strings.ToLower(host)
	if name, ok := f.Names[host]; ok {
		return name
	}
	bare, port, err := net.SplitHostPort(host)
	if err != nil {
		return host
	}
	if name, ok := f.Names[bare]; ok {
		return name
	}
	if port == "80" || port == "443" {
		return bare
	}
	return host
}

// originForm takes scheme and authority off a URL and leaves the rest as it was sent.
func originForm(target string) string {
	_, rest, ok := strings.Cut(target, "://")
	if !ok {
		return target
	}
	i := strings.IndexAny(rest, "/?#")
	switch {
	case i < 0:
		return "/"
	case rest[i] != '/':
		return "/" + rest[i:]
	}
	return rest[i:]
}

func withPort(host, port string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// errLoop is why a request for the proxy itself is refused.
var errLoop = errors.New("the request would come back to this proxy")

// dialTime is how long a connection to an upstream may take.
const dialTime = 30 * time.Second

// dial connects to an upstream, which must not be the address that the request came in by.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if own, ok := ctx.Value(http.LocalAddrContextKey).(net.Addr); ok && own.String() == conn.RemoteAddr().String() {
		conn.Close()
		return nil, errLoop
	}
	return conn, nil
}

// maxOpaque bounds the hosts that are known to be opaque; beyond it they are tried anew.
const maxOpaque = 1000

// obscure notes that a host cannot be recorded.
func (f *Forward) obscure(host, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.opaque) < maxOpaque {
		f.opaque[host] = reason
	}
}

// passes says why TLS with a host is not intercepted; "" means that it is.
func (f *Forward) passes(host string) string {
	if f.Authority == nil {
		return "TLS is not intercepted"
	}
	for _, pattern := range f.Pass {
		if matchHost(pattern, host) {
			return "not to be intercepted"
		}
	}
	if f.Authority.Expired(time.Now()) {
		return "the recording's certificates are good for 24 hours and have expired"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opaque[host]
}

// matchHost tells whether a host is meant by a pattern: *.example.com means all below it.
func matchHost(pattern, host string) bool {
	pattern, host = strings.ToLower(pattern), strings.ToLower(host)
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, suffix)
	}
	return pattern == host
}

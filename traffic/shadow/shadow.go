// Package shadow serves a primary service and shows a candidate the same requests, to compare what both
// answer.
//
// # What the clients notice
//
// Nothing is waited for: a client gets the primary's answer as it comes, and its request is put into a queue when
// that answer is complete. What the queue, the memory or the limit of a body has no room for is shed, and
// counted by its reason. The candidate cannot slow the primary down, whatever it does.
//
// # What the candidate gets
//
// The same method, target, headers and body, with the Host of the client, which may be given a suffix, and
// the header X-Headgate-Shadow: 1. Each request is sent once: nothing is tried again. By default only GET,
// HEAD and OPTIONS are mirrored, since a mirrored POST changes what the candidate stores, and what is
// behind it.
//
// # What is compared
//
// The answers of the primary and the candidate, by the rules of [compare]. Values that every answer issues
// anew, such as ids and times, differ and need a rule. With a secondary, a second instance of the primary's
// build, what differs between those two is noise and is told apart.
package shadow

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/headgate-dev/headgate/traffic/capture"
	"github.com/headgate-dev/headgate/traffic/compare"
)

// Header marks mirrored requests. One that comes in with it is not mirrored again.
const Header = "X-Headgate-Shadow"

// The defaults of Options.
const (
	DefaultInFlight = 32
	DefaultMaxBody  = 1 << 20
	DefaultTimeout  = 10 * time.Second
	DefaultMemory   = 64 << 20
)

// waitingEach is how many requests may wait for each one that may be in flight.
const waitingEach = 8

// Options say whom a [Proxy] serves and shows.
type Options struct {
	Primary, Candidate *url.URL
	// Secondary is a second instance of the primary's build; nil is none.
	Secondary *url.URL
	// Sampler says which requests are mirrored; the zero value takes all.
	Sampler capture.Sampler
	// Unsafe mirrors all methods. The requests of one client connection are then mirrored in their order.
	Unsafe bool
	// Suffix goes behind the host name of mirrored requests, before its port: with -shadow api.example.com
	// becomes api.example.com-shadow.
	Suffix string
	// InFlight is how many requests are mirrored at a time; eight times as many may wait.
	InFlight int
	// MaxBody is the longest body of a request or answer that is mirrored, in bytes, and Memory how many
	// bytes all bodies together may take that wait or are being copied.
	MaxBody, Memory int64
	// Timeout bounds a mirrored request, from sending to the last byte of its answer.
	Timeout time.Duration
	// Comparer compares the answers; nil compares bodies strictly and no headers.
	Comparer *compare.Comparer
	// Diffs takes a JSON line for each difference; nil takes none.
	Diffs io.Writer
	// Clock tells the time; nil means time.Now.
	Clock func() time.Time
}

// Proxy is a reverse proxy in front of the primary. Nothing is added to what passes, and the clients' Host
// is kept. A client gets 502 where the primary does not answer.
type Proxy struct {
	options   Options
	transport *http.Transport
	quiet     *log.Logger
	memory    budget
	mirror    *mirror
	ledger    *ledger
}

var _ http.Handler = (*Proxy)(nil)

// New checks the options and starts what mirrors. The proxy is to be closed.
func New(o Options) (*Proxy, error) {
	for _, of := range []struct {
		name string
		url  *url.URL
		need bool
	}{{"primary", o.Primary, true}, {"candidate", o.Candidate, true}, {"secondary", o.Secondary, false}} {
		if of.url == nil && !of.need {
			continue
		}
		if of.url == nil || of.url.Host == "" || of.url.Scheme != "http" && of.url.Scheme != "https" {
			return nil, fmt.Errorf("%s: expected an http or https URL, found %q", of.name, of.url)
		}
	}
	o.InFlight = cmp.Or(max(0, o.InFlight), DefaultInFlight)
	o.MaxBody = cmp.Or(max(0, o.MaxBody), DefaultMaxBody)
	o.Memory = cmp.Or(max(0, o.Memory), DefaultMemory)
	o.Timeout = cmp.Or(max(0, o.Timeout), DefaultTimeout)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Comparer == nil {
		var err error
		if o.Comparer, err = compare.New(compare.DefaultConfig()); err != nil {
			return nil, err
		}
	}
	p := &Proxy{
		options: o, quiet: log.New(io.Discard, "", 0),
		transport: &http.Transport{
			DisableCompression: true, MaxIdleConnsPerHost: 256, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second, ExpectContinueTimeout: time.Second,
		},
		ledger: newLedger(o),
	}
	p.memory.free.Store(o.Memory)
	var err error
	p.mirror, err = newMirror(o, p.ledger, &p.memory)
	return p, err
}

// ServeHTTP serves one request from the primary, and has it mirrored.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.WithContext(r.Context()) // a copy, as its body is wrapped
	x := p.begin(r)
	if x.upgrade {
		p.ledger.passed(x)
	}
	// Deferred, as an answer that breaks off ends in a panic which the server is to see.
	defer x.end()
	// The server would close a request's body with the head of the answer, which breaks off both where the last
	// of it is still being read. Other protocols than HTTP/1 do not know this and need not.
	_ = http.NewResponseController(w).EnableFullDuplex()
	forward := httputil.ReverseProxy{
		Transport: p.transport, Rewrite: p.rewrite, ModifyResponse: x.answered, ErrorHandler: x.refused,
		ErrorLog: p.quiet, FlushInterval: -1,
	}
	forward.ServeHTTP(w, r)
}

// rewrite points the request at the primary.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	r.SetURL(p.options.Primary)
	r.Out.Host = r.In.Host
	capture.Unchanged(r)
}

// Report tells how things stand.
func (p *Proxy) Report() *Report {
	r := p.ledger.report()
	r.Waiting = p.mirror.waiting()
	return r
}

// Close waits until what is in the queue has been mirrored, or for ctx: what is left then is shed. It
// returns the first error of writing differences. The clients' requests must have ended.
func (p *Proxy) Close(ctx context.Context) error {
	p.mirror.close(ctx)
	p.transport.CloseIdleConnections()
	return p.ledger.diffs.flush()
}

package shadow

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// exchange is one request on its way to the primary and back.
type exchange struct {
	proxy *Proxy
	began time.Time
	// skip says why the request is not mirrored; "" is: so far it is.
	skip Reason
	// upgrade is a connection that may stay open for long: it is accounted for at its beginning.
	upgrade bool

	key     string // of the client connection
	request *traffic.Request
	sent    *body // nil where the request has no body
	answer  *traffic.Response
	got     *body // nil until the primary has answered
	// cost is what mirroring has added to the request so far.
	cost time.Duration
}

func (p *Proxy) begin(r *http.Request) *exchange {
	x := &exchange{proxy: p, began: p.options.Clock()}
	defer x.charge(x.began)
	if x.skip = p.leftOut(r); x.skip != "" {
		x.upgrade = x.skip == Upgrade
		return x
	}
	x.key = r.RemoteAddr
	x.request = &traffic.Request{Method: r.Method, URL: r.RequestURI, Host: r.Host, Header: r.Header.Clone()}
	if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		x.sent = p.copying(r.Body, r.ContentLength)
		r.Body = x.sent
	}
	return x
}

// leftOut says why a request is not mirrored, as far as its head tells.
func (p *Proxy) leftOut(r *http.Request) Reason {
	key := ""
	if p.options.Unsafe {
		key = r.RemoteAddr
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	switch {
	case r.Method == http.MethodConnect || r.Header.Get("Upgrade") != "":
		return Upgrade
	case r.Header.Get(Header) != "":
		return Again
	case !safe && !p.options.Unsafe:
		return Method
	case !p.options.Sampler.Take(r.Header, key):
		return Unsampled
	case r.ContentLength > p.options.MaxBody:
		return TooLarge
	}
	return ""
}

// answered is called with the head of the primary's answer.
func (x *exchange) answered(res *http.Response) error {
	defer x.charge(x.proxy.options.Clock())
	switch {
	case x.skip != "":
		return nil
	case strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream"):
		x.skip = Stream
	case res.ContentLength > x.proxy.options.MaxBody && res.Request.Method != http.MethodHead:
		x.skip = TooLarge
	}
	if x.skip != "" {
		return nil
	}
	x.answer = &traffic.Response{Status: res.StatusCode, Header: res.Header.Clone()}
	length := res.ContentLength
	if res.Body == http.NoBody {
		length = 0
	}
	x.got = x.proxy.copying(res.Body, length)
	x.got.at = x.proxy.options.Clock()
	res.Body = x.got
	return nil
}

// refused is called where the primary cannot be reached, breaks off before it has answered, or the client
// has gone.
func (x *exchange) refused(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		x.skip = Broken
		return
	}
	x.skip = Refused
	x.proxy.ledger.primaryFailed(err)
	http.Error(w, "headgate shadow: the primary does not answer: "+err.Error(), http.StatusBadGateway)
}

// charge adds what has passed since to what mirroring costs the client.
func (x *exchange) charge(since time.Time) { x.cost += x.proxy.options.Clock().Sub(since) }

func (p *Proxy) copying(from io.ReadCloser, length int64) *body {
	return &body{
		ReadCloser: from, max: p.options.MaxBody, memory: &p.memory, length: length, clock: p.options.Clock,
	}
}

// end takes what was copied and hands it to the mirror. Whatever happens, the request is accounted for.
func (x *exchange) end() {
	if x.upgrade {
		return
	}
	p := x.proxy
	began := p.options.Clock()
	j := x.job()
	if x.skip == "" {
		j.latency = x.latency()
		x.skip = p.mirror.offer(j)
	}
	if x.skip != "" {
		p.memory.give(j.held)
	}
	x.charge(began)
	p.ledger.passed(x)
}

// job is what the mirror needs, as far as there is something to mirror.
func (x *exchange) job() *job {
	j := &job{at: x.began, key: x.key, request: x.request, primary: x.answer}
	take := func(b *body, into *[]byte) {
		if b == nil {
			return
		}
		_, cost := b.last()
		x.cost += cost
		copied, why := b.taken()
		if x.skip == "" {
			x.skip = why
		}
		*into = copied
		j.held += int64(cap(copied))
	}
	var sent, got []byte
	take(x.sent, &sent)
	take(x.got, &got)
	if x.skip == "" && x.got == nil {
		x.skip = Broken
	}
	if x.skip == "" {
		j.request.Body, j.primary.Body = sent, got
	}
	return j
}

// latency is from when the primary had the whole request to when it had sent all of its answer. A client
// that reads slowly makes it longer where the answer is long.
func (x *exchange) latency() time.Duration {
	from := x.began
	if x.sent != nil {
		if at, _ := x.sent.last(); at.After(from) {
			from = at
		}
	}
	until, _ := x.got.last()
	return until.Sub(from)
}

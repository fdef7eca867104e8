package capture

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// request is what a tap knows when a request arrives.
type request struct {
	// service is who answers, where it is not the tap's.
	service string
	// url is the target as it was sent, in origin form.
	method, url, host string
	header            http.Header
	connection        string
	// steady tells that nobody changes the headers of request and response until the exchange ends, so that
	// they need not be copied: they are the record's then.
	steady bool
}

// exchange is one request on its way through a tap. Where it is not sampled its record is nil and
// nothing is copied.
type exchange struct {
	tap      *Tap
	id       string
	began    time.Time
	record   *traffic.Record
	request  *tee // nil where the request has no body
	response *tee // nil until there is an answer
	// settled is true where there is nothing more to record: refused, failed or upgraded; landed where
	// it no longer counts as in flight; switched where the connection was upgraded.
	settled, landed, switched bool
	steady                    bool // as in request
}

// begin notes that a request has arrived. end must be called.
func (t *Tap) begin(r request) *exchange {
	now := t.Clock()
	return t.open(now, t.Tracker.begin(arrival{now, t.Direction, r.header, r.connection, t.Sample}), r)
}

// open is begin for a request whose origin is known.
func (t *Tap) open(now time.Time, from origin, r request) *exchange {
	x := &exchange{tap: t, id: from.id, began: now, steady: r.steady}
	if !from.taken {
		return x
	}
	x.record = &traffic.Record{
		ID: from.id, Parent: from.parent, Time: now, Direction: t.Direction, Service: t.Name,
		Protocol: traffic.HTTP, Connection: r.connection,
		Request: &traffic.Request{
			Method: r.method, URL: t.Redact.target(r.url), Host: r.host, Header: x.header(r.header),
		},
	}
	if r.service != "" {
		x.record.Service = r.service
	}
	return x
}

// takeRequest wraps the body of the request, whose announced length is -1 where there is none.
func (x *exchange) takeRequest(body io.ReadCloser, length int64) io.ReadCloser {
	if x.record == nil || length == 0 || body == nil || body == http.NoBody {
		return body
	}
	x.request = x.tee(body, length)
	return x.request
}

func (x *exchange) tee(body io.ReadCloser, length int64) *tee {
	return &tee{ReadCloser: body, length: length, max: x.tap.MaxBody, budget: &x.tap.Tracker.copies}
}

// answered notes the head of the response.
func (x *exchange) answered(status int, h http.Header) {
	if x.record != nil {
		x.record.Response = &traffic.Response{Status: status, Header: x.header(h)}
	}
}

// takeResponse wraps the body of the response. With its last byte the exchange is finished.
func (x *exchange) takeResponse(body io.ReadCloser, length int64) io.ReadCloser {
	if body == nil || body == http.NoBody {
		body, length = http.NoBody, 0
	}
	x.response = x.tee(body, length)
	x.response.done = x.finished
	if x.record == nil {
		x.response.max = -1
	}
	if length == 0 {
		x.finished()
		x.response.done = nil
	}
	return x.response
}

// finished is called when the last byte of the response is there. The client has not got it yet, so that an
// inbound request has left those in flight before the client can send the next.
func (x *exchange) finished() {
	if x.record != nil {
		x.record.Duration = x.tap.Clock().Sub(x.began)
	}
	x.land()
}

func (x *exchange) land() {
	if !x.landed && x.tap.Direction == traffic.Inbound {
		x.tap.Tracker.end(x.id)
	}
	x.landed = true
}

// upgraded notes that the connection became something else: what passes is not recorded.
func (x *exchange) upgraded() {
	x.settled, x.switched = true, true
	x.land()
	x.tap.Tracker.count(func(h *Health) { h.Upgraded++ })
}

// fail notes why the exchange did not come to its end.
func (x *exchange) fail(err error) {
	x.settled = true
	what := ""
	if x.record != nil {
		what = ": " + x.record.Request.Method + " " + x.record.Request.URL
	}
	x.tap.Tracker.failed(fmt.Errorf("%s%s: %w", x.service(), what, err))
}

// service is who was to answer.
func (x *exchange) service() string {
	if x.record != nil {
		return x.record.Service
	}
	return x.tap.Name
}

// errBrokenOff is why an exchange with half a response is not recorded.
var errBrokenOff = errors.New("the response broke off, or the client went away")

// end completes the record and hands it on.
func (x *exchange) end() {
	x.land()
	switch {
	case x.settled:
	case x.response == nil || !x.response.whole():
		x.fail(errBrokenOff)
	case x.record != nil:
		x.handOn()
		return
	}
	for _, t := range []*tee{x.request, x.response} {
		t.take() // gives back what it has claimed
	}
}

// handOn gives the record to the sink. What takes time is done by a sink that can, beside the traffic: the
// client may still wait for the end of its answer.
func (x *exchange) handOn() {
	r := x.record
	if x.steady {
		x.tap.clean(r.Request.Header)
		x.tap.clean(r.Response.Header)
	}
	sent, got := x.request.take(), x.response.take()
	finish := func() {
		missing := x.tap.keep(sent, &r.Request.Header, &r.Request.Body) +
			x.tap.keep(got, &r.Response.Header, &r.Response.Body)
		x.tap.Tracker.count(func(h *Health) { h.Truncated += missing })
	}
	if later, ok := x.tap.Sink.(finisher); ok {
		size := sizeOf(r) + int64(len(sent.body)+len(got.body))
		x.tap.Tracker.handedOn(r, later.put(entry{r, size, finish}))
		return
	}
	finish()
	x.tap.Tracker.handedOn(r, x.tap.Sink.Put(r))
}

// header is what is recorded of a header. Where it may change meanwhile it is copied.
func (x *exchange) header(h http.Header) http.Header {
	if x.steady && h != nil {
		return h
	}
	if h = h.Clone(); h == nil {
		h = http.Header{}
	}
	x.tap.clean(h)
	return h
}

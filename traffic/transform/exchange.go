package transform

import (
	"github.com/headgate-dev/headgate/traffic"
)

// exchange is a record while it is changed.
type exchange struct {
	*traffic.Record

	request, response message
	list              [2]*message
}

func (x *exchange) open(r *traffic.Record) {
	x.Record, x.list = r, [2]*message{}
	if q := r.Request; q != nil {
		x.request.open(&q.Header, &q.Body)
		x.request.Request, x.list[0] = q, &x.request
	}
	if a := r.Response; a != nil {
		x.response.open(&a.Header, &a.Body)
		x.list[1] = &x.response
	}
}

func (x *exchange) close() {
	for _, m := range x.list {
		if m != nil {
			m.close()
		}
	}
}

// messages visits the sides that are there.
func (x *exchange) messages(in Side) func(yield func(*message) bool) {
	return func(yield func(*message) bool) {
		if m := x.list[0]; m != nil && in != Response && !yield(m) {
			return
		}
		if m := x.list[1]; m != nil && in != Request {
			yield(m)
		}
	}
}

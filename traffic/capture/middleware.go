package capture

import (
	"context"
	"errors"
	"net/http"
)

// inboundKey is that of the exchange that a handler's context belongs to.
type inboundKey struct{}

// Middleware records what the handlers behind it are asked and what they answer, in the form of the proxies:
// bodies decoded, longer ones left out and marked. A handler gets the same request with a body that
// is copied while it reads, and a [http.ResponseWriter] with the features of the one below: Flush,
// Hijack, Push, and [http.ResponseController]. A body that the handler does not read to its end is
// marked as missing. Panics pass through. Requests that are not sampled are passed on untouched.
//
// It belongs outside of what changes bodies, such as compression, and of what answers in place of the handlers.
func Middleware(r *Recorder) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if !r.sample.Take(q.Header, q.RemoteAddr) {
				r.unsampled.Add(1)
				next.ServeHTTP(w, q)
				return
			}
			r.serve(next, w, q)
		})
	}
}

// Why the exchanges of handlers are not recorded.
var (
	errPanicked   = errors.New("the handler panicked")
	errClientGone = errors.New("the client went away")
)

// serve records one exchange.
func (r *Recorder) serve(next http.Handler, w http.ResponseWriter, q *http.Request) {
	url := q.RequestURI
	if url == "" {
		url = q.URL.RequestURI()
	}
	x := r.inbound.begin(request{
		method: q.Method, url: url, host: q.Host, header: q.Header, connection: connectionOf(q),
	})
	defer x.end()
	own := q.WithContext(context.WithValue(q.Context(), inboundKey{}, x))
	own.Body = x.takeRequest(q.Body, q.ContentLength)
	a := &answer{ResponseWriter: w, exchange: x, method: q.Method}
	done := false
	defer func() { // without recover, so that the panic keeps its place
		giveBack(q, own)
		a.ended(q.Context(), done)
	}()
	next.ServeHTTP(a.featured(), own)
	done = true
}

// giveBack sets what handlers leave in a request and others look for afterwards: the router's pattern, and the
// forms whose temporary files the server removes.
func giveBack(q, own *http.Request) {
	q.Pattern = own.Pattern
	if q.MultipartForm == nil {
		q.MultipartForm = own.MultipartForm
	}
}

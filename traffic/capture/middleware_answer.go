package capture

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
)

// answer is the response of a handler on its way out. Its body is copied with the same bounds as that of a
// proxy, within exchange.response.
type answer struct {
	http.ResponseWriter
	*exchange

	method string
	began  bool // the head is written
}

// WriteHeader notes the head of the answer. Those of interim answers (1xx) are not recorded.
func (a *answer) WriteHeader(status int) {
	a.head(status)
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) head(status int) {
	if a.began || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	a.began = true
	if status == http.StatusSwitchingProtocols {
		a.upgraded()
		return
	}
	a.answered(status, a.Header())
	a.response = a.tee(nil, -1)
}

// Write passes the body on and copies it. The answer to HEAD has none, whatever is written.
func (a *answer) Write(b []byte) (int, error) {
	a.head(http.StatusOK)
	n, err := a.ResponseWriter.Write(b)
	a.copied(b[:n])
	return n, err
}

// WriteString is Write.
func (a *answer) WriteString(s string) (int, error) {
	a.head(http.StatusOK)
	n, err := io.WriteString(a.ResponseWriter, s)
	a.copied([]byte(s[:n]))
	return n, err
}

func (a *answer) copied(b []byte) {
	if a.response != nil && a.method != http.MethodHead {
		a.response.pass(b, false)
	}
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// ended notes how the handler has ended.
func (a *answer) ended(ctx context.Context, whole bool) {
	switch {
	case a.settled:
	case !whole:
		a.fail(errPanicked)
	case ctx.Err() != nil:
		a.fail(errClientGone)
	default:
		a.head(http.StatusOK)
		a.response.pass(nil, true)
		a.finished()
		a.sniff()
	}
}

// sniff adds the media type that net/http tells the client where the handler does not.
func (a *answer) sniff() {
	h := a.record.Response.Header
	_, typed := h["Content-Type"]
	if _, coded := h["Content-Encoding"]; typed || coded || a.method == http.MethodHead {
		return
	}
	if start := a.response.start(); len(start) > 0 {
		h.Set("Content-Type", http.DetectContentType(start))
	}
}

// featured is the answer with those of the optional interfaces that can be had below it.
func (a *answer) featured() http.ResponseWriter {
	flush, canFlush := reach[http.Flusher](a.ResponseWriter)
	_, canHijack := reach[http.Hijacker](a.ResponseWriter)
	push, canPush := a.ResponseWriter.(http.Pusher)
	f := flusher{a, flush}
	switch {
	case canFlush && canHijack:
		return struct {
			*answer
			flusher
			hijack
		}{a, f, hijack{a}}
	case canFlush && canPush:
		return struct {
			*answer
			flusher
			http.Pusher
		}{a, f, push}
	case canFlush:
		return struct {
			*answer
			flusher
		}{a, f}
	case canHijack:
		return struct {
			*answer
			hijack
		}{a, hijack{a}}
	}
	return a
}

// reach looks for a feature of a writer, or of those that it wraps.
func reach[T any](w http.ResponseWriter) (found T, ok bool) {
	for w != nil {
		if found, ok = any(w).(T); ok {
			return found, true
		}
		inner, wraps := w.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			break
		}
		w = inner.Unwrap()
	}
	return found, false
}

// flusher passes on what is written so far.
type flusher struct {
	of   *answer
	next http.Flusher
}

// Flush begins the answer.
func (f flusher) Flush() {
	f.of.head(http.StatusOK)
	f.next.Flush()
}

// FlushError is Flush for [http.ResponseController].
func (f flusher) FlushError() error {
	f.of.head(http.StatusOK)
	return http.NewResponseController(f.of.ResponseWriter).Flush()
}

// hijack lets the handler take over the connection; what passes is not recorded any more.
type hijack struct{ of *answer }

// Hijack counts the exchange as upgraded.
func (h hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.of.ResponseWriter).Hijack()
	if err == nil && !h.of.settled {
		h.of.upgraded()
	}
	return conn, rw, err
}

// start is what is copied of a body so far.
func (t *tee) start() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.copy
}

// cut ends a body that nobody wants to its end: its record marks it as missing.
func (t *tee) cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.giveUp()
	t.ended = true
}

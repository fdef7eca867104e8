package embedded

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

// exchange is one request on its way to an answer.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	begin   time.Time
	attempt *attempt
	req     *traffic.Request
}

// ServeHTTP answers one request. It counts the request before it answers, so that whoever has an answer
// finds it in the journal.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.active.RLock()
	defer s.active.RUnlock()
	if s.admin != nil && isAdmin(r.URL.Path) {
		s.admin.ServeHTTP(w, r)
		return
	}
	x := &exchange{w: w, r: r, begin: s.now(), attempt: s.attempt.Load()}
	body, err := s.readBody(w, r)
	x.req = &traffic.Request{Method: r.Method, URL: r.RequestURI, Host: r.Host, Header: r.Header, Body: body}
	switch {
	case errors.Is(err, errTooLarge):
		report := x.attempt.missed(x.req, x.begin, func() []mocks.Near { return nil })
		s.log(x, &Event{Status: http.StatusRequestEntityTooLarge})
		writeMiss(w, http.StatusRequestEntityTooLarge, err.Error(), report)
		return
	case err != nil:
		panic(http.ErrAbortHandler) // the client went away, or is too slow, before it had asked
	}
	if to := s.recording.Load(); to != nil {
		s.pass(r.Context(), x, nil, to)
		return
	}
	s.find(r.Context(), x)
}

func isAdmin(path string) bool {
	rest, ok := strings.CutPrefix(path, "/__admin")
	return ok && (rest == "" || rest[0] == '/')
}

// find answers from the stubs.
func (s *Server) find(ctx context.Context, x *exchange) {
	view := s.view(x)
	index := s.stubs.snapshot()
	e := index.lookup(view, x.attempt)
	if e == nil {
		report := x.attempt.missed(x.req, x.begin, func() []mocks.Near { return index.near().nearest(view) })
		s.log(x, &Event{Status: s.miss})
		s.writeMiss(x.w, report)
		return
	}
	x.attempt.hit(e)
	switch {
	case e.plain && s.settings.Load().undelayed():
		s.answerPlain(x, e)
	case e.proxied():
		s.passStub(ctx, x, e)
	default:
		s.answer(ctx, x, e)
	}
}

// answerPlain writes an answer that is ready.
func (s *Server) answerPlain(x *exchange, e *entry) {
	event := &Event{Stub: e.stub, Status: e.reply.code, Header: e.reply.header, Body: e.reply.body}
	s.log(x, event)
	x.attempt.took(event.Took)
	write(x.w, x.r, &e.reply)
}

// answer writes what the stub says, after its delay.
func (s *Server) answer(ctx context.Context, x *exchange, e *entry) {
	out, err := s.render(ctx, x, e)
	if err != nil {
		out = brokenTemplate(err)
	}
	delay := s.settings.Load().wait(e.stub.Response, s.random)
	event := &Event{Stub: e.stub, Delay: delay, Status: out.code, Header: out.header, Body: out.body}
	if e.fault() != mocks.NoFault {
		event.Status, event.Header, event.Body = 0, nil, nil
	}
	s.log(x, event)
	s.notify(ctx, x, e)
	if !sleep(ctx, delay) {
		panic(http.ErrAbortHandler) // no half-hearted 200 for a request that was given up
	}
	x.attempt.took(s.now().Sub(x.begin))
	if fault := e.fault(); fault != mocks.NoFault {
		breakConnection(x.w, fault)
		return
	}
	write(x.w, x.r, out)
}

// log remembers the request with what is known about its answer.
func (s *Server) log(x *exchange, e *Event) {
	e.Time, e.Client, e.Proto, e.Request = x.begin, x.r.RemoteAddr, x.r.Proto, x.req
	e.Took = s.now().Sub(x.begin)
	s.events.add(e)
}

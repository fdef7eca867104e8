package embedded

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headgate-dev/headgate/mocks"
)

func (e *entry) proxied() bool { return e.stub.Response.BaseURL != "" }

func (e *entry) fault() mocks.Fault { return e.stub.Response.Fault }

// dynamic tells whether the answer has to be made for each request.
func dynamic(r *mocks.Response) bool {
	return r.Templated() || r.BodyFileName != "" && r.Payload() == nil
}

// View is the request as stubs and patterns see it. It may be used by one goroutine.
func (e *Event) View() *mocks.Request {
	r := mocks.NewRequest(e.Request)
	r.ClientIP = hostOf(e.Client)
	return r
}

func (s *Server) view(x *exchange) *mocks.Request {
	r := mocks.NewRequest(x.req)
	r.ClientIP = hostOf(x.r.RemoteAddr)
	return r
}

// hostOf is an address without its port.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

// context is what the templates of a stub may look at.
func (s *Server) context(x *exchange, e *entry) mocks.RenderContext {
	r := s.view(x)
	r.ID = uuid.NewString()
	return mocks.RenderContext{Request: r, Pattern: e.stub.Request, Now: s.now(), Random: s.random}
}

// render is the answer to one request.
func (s *Server) render(ctx context.Context, x *exchange, e *entry) (*reply, error) {
	if !e.dynamic {
		return &e.reply, nil
	}
	rendered, err := e.stub.Response.Render(ctx, s.context(x, e))
	if err != nil {
		return nil, err
	}
	out := e.reply
	out.code, out.body, out.header = rendered.Status, rendered.Body, headerOf(rendered.Headers)
	out.fields = nil
	return &out, nil
}

func headerOf(from map[string]mocks.Values) http.Header {
	h := make(http.Header, len(from))
	for name, values := range from {
		name = http.CanonicalHeaderKey(name)
		h[name] = append(h[name], values...)
	}
	return h
}

func brokenTemplate(err error) *reply {
	text := fmt.Sprintf("the answer could not be made: %v\n", err)
	return &reply{code: http.StatusInternalServerError, header: plainText(), body: []byte(text)}
}

// passStub lets the service that a stub names answer.
func (s *Server) passStub(ctx context.Context, x *exchange, e *entry) {
	to, err := s.upstreamOf(ctx, x, e)
	if err != nil {
		out := brokenTemplate(err)
		s.log(x, &Event{Stub: e.stub, Status: out.code, Header: out.header, Body: out.body})
		write(x.w, x.r, out)
		return
	}
	s.pass(ctx, x, e, to)
}

func (s *Server) upstreamOf(ctx context.Context, x *exchange, e *entry) (*upstream, error) {
	p := e.stub.Response.Proxy
	if e.stub.Response.Templated() {
		rendered, err := e.stub.Response.Render(ctx, s.context(x, e))
		if err != nil {
			return nil, err
		}
		p = rendered.Proxy
	}
	base, err := url.Parse(p.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("proxyBaseUrl: expected an http or https URL, got %q", p.BaseURL)
	}
	to := &upstream{base: base, prefix: p.PrefixToRemove, header: headerOf(p.AddHeaders)}
	for _, name := range p.RemoveHeaders {
		to.remove = append(to.remove, http.CanonicalHeaderKey(name))
	}
	return to, nil
}

// notify sends the webhooks of the stub that answers; e is nil where none does.
func (s *Server) notify(ctx context.Context, x *exchange, e *entry) {
	if e == nil || len(e.webhooks) == 0 {
		return
	}
	about := s.context(x, e)
	for _, w := range e.webhooks {
		s.hooks.call(ctx, hook{e.stub.Label(), w.Wait(s.random), func(ctx context.Context) (*http.Request, error) {
			return webhookRequest(ctx, w, about)
		}})
	}
}

func webhookRequest(ctx context.Context, w *mocks.Webhook, about mocks.RenderContext) (*http.Request, error) {
	again := *about.Request // each webhook renders in its own goroutine
	about.Request = &again
	out, err := w.Render(ctx, about)
	if err != nil {
		return nil, err
	}
	body := out.Base64Body
	if out.Body != "" {
		body = []byte(out.Body)
	}
	method := strings.ToUpper(cmp.Or(out.Method, http.MethodGet))
	req, err := http.NewRequestWithContext(ctx, method, out.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = headerOf(out.Headers)
	return req, nil
}

// sleep waits and tells whether it could wait to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

package silentgreen_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// service is the service under test: it plays its script, one request after another.
type service struct {
	upstream string
	client   http.Client

	mu     sync.Mutex
	script map[string][]exchange
}

// serve starts a service that behaves like the exchanges; the last of those for one request repeats.
func serve(t *testing.T, now []exchange, upstream string) *httptest.Server {
	t.Helper()
	transport := &http.Transport{}
	s := &service{upstream: upstream, client: http.Client{Transport: transport}, script: map[string][]exchange{}}
	for _, x := range now {
		key := x.method + " " + x.url
		s.script[key] = append(s.script[key], x)
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return server
}

func (s *service) next(r *http.Request) (exchange, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.Method + " " + r.URL.RequestURI()
	list := s.script[key]
	if len(list) == 0 {
		return exchange{}, false
	}
	if len(list) > 1 {
		s.script[key] = list[1:]
	}
	return list[0], true
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, ok := s.next(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	for _, call := range x.calls {
		status, body, err := s.call(r, call)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		if x.relays {
			x.status, x.answer = status, body
		}
	}
	if x.acts != nil {
		x.acts(w, r)
		return
	}
	for name, values := range x.answerHeader {
		w.Header()[name] = values
	}
	w.WriteHeader(x.status)
	_, _ = io.WriteString(w, x.answer)
}

// call makes a call to the dependency.
func (s *service) call(r *http.Request, x exchange) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(r.Context(), x.method, s.upstream+x.url, strings.NewReader(x.body))
	if err != nil {
		return 0, "", err
	}
	req.Header = x.header.Clone()
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("calling the dependency: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// cut answers with fewer bytes than announced and closes the connection.
func cut(w http.ResponseWriter, _ *http.Request) {
	raw(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{\"id\":1,")
}

// unframed answers in the way of HTTP/1.0, where the end of the connection is the end of the body.
func unframed(w http.ResponseWriter, _ *http.Request) {
	raw(w, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"id\":1,\"name\":\"An")
}

// unfinished sends a chunk and never the last one.
func unfinished(w http.ResponseWriter, _ *http.Request) {
	raw(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"+
		"8\r\n{\"id\":1,\r\n")
}

func raw(w http.ResponseWriter, text string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, text)
	_ = conn.Close()
}

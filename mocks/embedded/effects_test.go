package embedded_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

func TestFaults(t *testing.T) {
	s := open(t, embedded.Provider{}, `{"mappings": [
		{"request": {"url": "/EMPTY_RESPONSE"}, "response": {"fault": "EMPTY_RESPONSE"}},
		{"request": {"url": "/MALFORMED_RESPONSE_CHUNK"}, "response": {"fault": "MALFORMED_RESPONSE_CHUNK"}},
		{"request": {"url": "/RANDOM_DATA_THEN_CLOSE"}, "response": {"fault": "RANDOM_DATA_THEN_CLOSE"}},
		{"request": {"url": "/CONNECTION_RESET_BY_PEER"}, "response": {"fault": "CONNECTION_RESET_BY_PEER"}}]}`)
	tests := map[mocks.Fault]func(status int, err error) bool{
		mocks.EmptyResponse: func(_ int, err error) bool { return errors.Is(err, io.EOF) },
		mocks.MalformedResponseChunk: func(status int, err error) bool {
			return status == 200 && err != nil
		},
		mocks.RandomDataThenClose: func(_ int, err error) bool {
			return err != nil && strings.Contains(err.Error(), "malformed HTTP")
		},
		mocks.ConnectionResetByPeer: func(_ int, err error) bool { return errors.Is(err, syscall.ECONNRESET) },
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, fault := range mocks.Faults() {
		t.Run(string(fault), func(t *testing.T) {
			status := 0
			resp, err := client.Do(request(t, "GET", s.URL()+"/"+string(fault), nil))
			if err == nil {
				status = resp.StatusCode
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			if !tests[fault](status, err) {
				t.Errorf("got %d, %v", status, err)
			}
		})
	}
	if j := s.Journal(); j.Matched != 4 {
		t.Errorf("counted %d, want 4", j.Matched)
	}
}

func TestProxy(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Header.Get("X-Added")+","+r.Header.Get("X-Secret")+","+r.Host)
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" "+string(body))
	}))
	defer upstream.Close()
	mapping := `{"request": {"urlPathPattern": "/api/.*"}, "response": {"proxyBaseUrl": "` + upstream.URL + `/base",
		"proxyUrlPrefixToRemove": "/api", "additionalProxyRequestHeaders": {"X-Added": "yes"},
		"removeProxyRequestHeaders": ["x-secret"]}}`
	s := open(t, embedded.Provider{Proxy: true}, mapping)
	req := request(t, "POST", s.URL()+"/api/orders?x=1", strings.NewReader("body"))
	req.Header.Set("X-Secret", "hush")
	resp, body := do(t, req)
	host := strings.TrimPrefix(upstream.URL, "http://")
	if resp.StatusCode != http.StatusTeapot || body != "POST /base/orders?x=1 body" ||
		resp.Header.Get("X-Seen") != "yes,,"+host {
		t.Errorf("got %d %q %v", resp.StatusCode, body, resp.Header)
	}
	events, _ := s.Events()
	if len(events) != 1 || !events[0].Proxied || events[0].Status != http.StatusTeapot {
		t.Errorf("logged %+v", events)
	}
	upstream.Close()
	if resp, body := do(t, request(t, "GET", s.URL()+"/api/x", nil)); resp.StatusCode != 502 {
		t.Errorf("a service that is gone: %d %s", resp.StatusCode, body)
	}
}

// The mock of a run never calls a live service: the stub is refused by name before anything is served.
func TestProxyIsRefusedInARun(t *testing.T) {
	stubs := parse(t, `{"name": "live one", "request": {}, "response": {"proxyBaseUrl": "http://127.0.0.1:9"}}`)
	_, err := embedded.Provider{}.Start(t.Context(), &mocks.Plan{Name: "pay", Stubs: stubs})
	if err == nil || !strings.Contains(err.Error(), "live one") || !strings.Contains(err.Error(), "pay") {
		t.Errorf("got %v", err)
	}
	s := open(t, embedded.Provider{}, "")
	if err := s.Record(&url.URL{Scheme: "http", Host: "127.0.0.1:9"}); !errors.Is(err, embedded.ErrProxyRefused) {
		t.Errorf("recording: %v", err)
	}
}

func TestTemplates(t *testing.T) {
	s := open(t, embedded.Provider{}, `{"mappings": [
		{"request": {"urlPathTemplate": "/u/{id}"}, "response": {"transformers": ["response-template"],
		 "headers": {"X-Id": "{{request.path.id}}"}, "body": "{{request.method}} {{request.query.q}}"}},
		{"request": {"url": "/plain"}, "response": {"body": "{{request.method}}"}}]}`)
	resp, body := do(t, request(t, "GET", s.URL()+"/u/42?q=x", nil))
	if body != "GET x" || resp.Header.Get("X-Id") != "42" {
		t.Errorf("got %q %v", body, resp.Header)
	}
	if got := text(t, s, "/plain"); got != "{{request.method}}" {
		t.Errorf("what is no template was rendered: %q", got)
	}
}

// syncBuffer may be written to by several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestWebhooks(t *testing.T) {
	told := make(chan string, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told <- r.Method + " " + r.URL.Path + " " + r.Header.Get("X-A") + " " + string(body)
	}))
	defer upstream.Close()
	var log syncBuffer
	s := open(t, embedded.Provider{Logger: slog.New(slog.NewTextHandler(&log, nil))}, `{"mappings": [
		{"request": {"url": "/now"}, "response": {}, "serveEventListeners": [{"name": "webhook", "parameters":
		 {"method": "PUT", "url": "`+upstream.URL+`/hook", "headers": {"X-A": "b"},
		  "body": "{{originalRequest.body}}"}}]},
		{"request": {"url": "/later"}, "response": {}, "serveEventListeners": [{"name": "webhook", "parameters":
		 {"url": "`+upstream.URL+`/hook", "delay": {"type": "fixed", "milliseconds": 3600000}}}]},
		{"name": "nobody there", "request": {"url": "/lost"}, "response": {}, "serveEventListeners": [
		 {"name": "webhook", "parameters": {"url": "http://127.0.0.1:1/"}}]}]}`)
	do(t, request(t, "POST", s.URL()+"/now", strings.NewReader("payload")))
	if got := <-told; got != "PUT /hook b payload" {
		t.Errorf("got %q", got)
	}
	for range 100 { // more than are allowed at a time
		text(t, s, "/later")
	}
	text(t, s, "/lost")
	if err := s.Close(); err != nil { // cancels those that wait, and waits for all
		t.Fatal(err)
	}
	for _, part := range []string{"too many", "webhook sent"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("no %q in the log:\n%s", part, log.String())
		}
	}
}

// raw sends bytes and reads one answer.
func raw(t *testing.T, s mocks.Server, text string) (*http.Response, string) {
	t.Helper()
	conn := dial(t, s)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func dial(t *testing.T, s mocks.Server) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

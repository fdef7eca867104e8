package embedded_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

func TestOddRequests(t *testing.T) {
	s := open(t, embedded.Provider{}, `{"mappings": [
		{"request": {"url": "/a?x=1"}, "response": {"body": "ok"}},
		{"request": {"url": "/two", "headers": {"X-A": {"hasExactly": [{"equalTo": "1"}, {"equalTo": "2"}]}}},
		 "response": {"body": "two"}},
		{"request": {"url": "/b", "bodyPatterns": [{"equalTo": "hello"}]}, "response": {"body": "chunks"}}]}`)
	tests := map[string]struct {
		request string
		status  int
		body    string
	}{
		"absolute form": {"GET http://pay.example/a?x=1 HTTP/1.1\r\nHost: pay.example\r\n\r\n", 200, "ok"},
		"HTTP/1.0":      {"GET /a?x=1 HTTP/1.0\r\n\r\n", 200, "ok"},
		"no path":       {"GET http://pay.example HTTP/1.1\r\nHost: pay.example\r\n\r\n", 404, ""},
		"asterisk":      {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 200, ""},
		"duplicate headers": {
			"GET /two HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\n\r\n", 200, "two",
		},
		"one header of two": {"GET /two HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n\r\n", 404, ""},
		"chunks with a trailer": {
			"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n" +
				"3\r\nhel\r\n2\r\nlo\r\n0\r\nX-T: 1\r\n\r\n", 200, "chunks",
		},
		"duplicate Host":    {"GET /a?x=1 HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, ""},
		"no Host":           {"GET /a?x=1 HTTP/1.1\r\n\r\n", 400, ""},
		"two lengths":       {"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhe", 400, ""},
		"no HTTP":           {"hello there\r\n\r\n", 400, ""},
		"a space in a path": {"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},
		"a broken escape":   {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},
		"much header": {
			"GET /a?x=1 HTTP/1.1\r\nHost: x\r\nX-Big: " + strings.Repeat("x", 1<<20+8192) + "\r\n\r\n", 431, "",
		},
		"header below the limit": {
			"GET /a?x=1 HTTP/1.1\r\nHost: x\r\nX-Big: " + strings.Repeat("x", 1<<20-8192) + "\r\n\r\n", 200, "ok",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resp, body := raw(t, s, tt.request)
			if resp.StatusCode != tt.status || tt.body != "" && body != tt.body {
				t.Errorf("got %d %.200q, want %d %q", resp.StatusCode, body, tt.status, tt.body)
			}
		})
	}
	if got := text(t, s, "/a?x=1"); got != "ok" {
		t.Errorf("afterwards it answers %q", got)
	}
}

func TestHugeBodies(t *testing.T) {
	s := open(t, embedded.Provider{}, `{"mappings": [
		{"request": {"url": "/in", "bodyPatterns": [{"contains": "needle"}]}, "response": {"body": "found"}}]}`)
	big := append(bytes.Repeat([]byte("hay "), 50<<20/4), "needle"...)
	resp, body := do(t, request(t, "POST", s.URL()+"/in", bytes.NewReader(big)))
	if resp.StatusCode != 200 || body != "found" {
		t.Errorf("50 MB in: got %d %.100q", resp.StatusCode, body)
	}
	resp, _ = do(t, request(t, "POST", s.URL()+"/out", bytes.NewReader(big)))
	if resp.StatusCode != 404 {
		t.Errorf("50 MB that nothing matches: got %d", resp.StatusCode)
	}
	events, _ := s.Events()
	for _, e := range events {
		if len(e.Request.Body) > 16<<20 {
			t.Errorf("the log keeps %d bytes of one body", len(e.Request.Body))
		}
	}
	stub := parse(t, `{"request": {"url": "/big"}, "response": {"body": "`+strings.Repeat("y", 50<<20)+`"}}`)
	if err := s.Add(stub...); err != nil {
		t.Fatal(err)
	}
	if got := text(t, s, "/big"); len(got) != 50<<20 {
		t.Errorf("50 MB out: got %d bytes", len(got))
	}
}

func TestSlowClients(t *testing.T) {
	s := open(t, embedded.Provider{Patience: 100 * time.Millisecond}, `{"request": {"url": "/a"}, "response": {}}`)
	for name, start := range map[string]string{
		"nothing at all":  "",
		"half a header":   "GET /a HTTP/1.1\r\nHost: x\r\nX-A",
		"half a body":     "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
		"half of a chunk": "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, s)
			if _, err := io.WriteString(conn, start); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(conn)
			if err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("the connection was not ended: %v", err)
			}
			if bytes.HasPrefix(rest, []byte("HTTP/1.1 200")) {
				t.Errorf("it was answered: %q", rest)
			}
		})
	}
}

// A client that leaves in the middle of a large answer costs nothing but itself.
func TestClientLeavesMidAnswer(t *testing.T) {
	s := open(t, embedded.Provider{}, `{"mappings": [
		{"request": {"url": "/big"}, "response": {"body": "`+strings.Repeat("y", 8<<20)+`"}},
		{"request": {"url": "/drip"}, "response": {"body": "abcdef",
		 "chunkedDribbleDelay": {"numberOfChunks": 6, "totalDuration": 60000}}},
		{"request": {"url": "/a"}, "response": {"body": "x"}}]}`)
	text(t, s, "/a")
	before := runtime.NumGoroutine()
	for range 20 {
		for _, target := range []string{"/big", "/drip"} {
			conn := dial(t, s)
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target)
			if target == "/big" {
				if _, err := io.ReadFull(conn, make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
			}
			conn.Close()
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before+2 && time.Now().Before(deadline) {
		text(t, s, "/a")
	}
	if now := runtime.NumGoroutine(); now > before+2 {
		t.Errorf("%d goroutines, %d before", now, before)
	}
}

func TestManyStubs(t *testing.T) {
	if testing.Short() {
		t.Skip("100,000 stubs")
	}
	const n = 100_000
	var b strings.Builder
	b.WriteString(`{"mappings": [`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id": "s%d", "request": {"method": "GET", "url": "/items/%d"}, "response": {"body": "%d"}}`,
			i, i, i)
	}
	b.WriteString(`]}`)
	s := open(t, embedded.Provider{}, b.String())
	for _, i := range []int{0, 4711, n - 1} {
		if got := text(t, s, fmt.Sprintf("/items/%d", i)); got != strconv.Itoa(i) {
			t.Errorf("stub %d answers %q", i, got)
		}
	}
	if got := text(t, s, "/items/none"); got != "miss" {
		t.Errorf("a miss answers %q", got)
	}
	if !s.Remove("s4711") || text(t, s, "/items/4711") != "miss" || text(t, s, "/items/4712") != "4712" {
		t.Error("one of many was not removed")
	}
}

func TestTableOfDifferences(t *testing.T) {
	s := open(t, embedded.Provider{Table: true}, `{"mappings": [
		{"name": "charge a card", "request": {"method": "POST", "urlPath": "/charges",
		 "queryParameters": {"mode": {"equalTo": "live"}}, "headers": {"X-Tenant": {"equalTo": "acme"}},
		 "bodyPatterns": [{"equalToJson": {"amount": 20, "currency": "EUR"}}]}, "response": {}},
		{"name": "other", "request": {"method": "GET", "url": "/other"}, "response": {}}]}`)
	req := request(t, http.MethodPost, s.URL()+"/charges?mode=test", strings.NewReader(`{"currency":"EUR","amount":21}`))
	req.Header.Set("X-Tenant", "acme")
	resp, body := do(t, req)
	if resp.StatusCode != 404 || resp.Header.Get(mocks.MissHeader) != "1" {
		t.Errorf("got %d %v", resp.StatusCode, resp.Header)
	}
	lines := map[string]bool{} // each part of a line, and whether that line is marked
	for part, marked := range map[string]bool{
		"charge a card": false, "POST": false, "mode: live": true, "X-Tenant: acme": false,
		`"amount": 20`: true, `"currency": "EUR"`: false, "$.amount: 20": true,
	} {
		found := false
		for line := range strings.Lines(body) {
			if strings.HasPrefix(strings.TrimSpace(line), part) {
				found, lines[part] = true, strings.Contains(line, "<<<")
			}
		}
		if !found || lines[part] != marked {
			t.Errorf("line %q: found %t, marked %t, want marked %t, in\n%s", part, found, lines[part], marked, body)
		}
	}
	if empty := open(t, embedded.Provider{Table: true}, ""); !strings.Contains(
		func() string { _, b := do(t, request(t, "GET", empty.URL()+"/a", nil)); return b }(), "No stub matches GET /a") {
		t.Error("a server without stubs does not say so")
	}
}

// TestClientGoesAway: a client that closes its connection in the middle of an answer harms nobody else, and its
// request is counted.
func TestClientGoesAway(t *testing.T) {
	s := open(t, embedded.Provider{}, `{"mappings": [
		{"request": {"url": "/big"}, "response": {"body": "`+strings.Repeat("y", 8<<20)+`"}},
		{"request": {"url": "/slow"}, "response": {"body": "yyyy", "chunkedDribbleDelay":
			{"numberOfChunks": 4, "totalDuration": 600000}}},
		{"request": {"url": "/a"}, "response": {"body": "ok"}}]}`)
	for _, target := range []string{"/big", "/slow"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target)
		if target == "/big" {
			if _, err := io.ReadFull(conn, make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
	resp, err := http.Get(s.URL() + "/a")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
}

// TestBigMiss: the report on a body of many megabytes is short, and soon there.
func TestBigMiss(t *testing.T) {
	s := open(t, embedded.Provider{Table: true}, `{"mappings": [{"request": {"method": "POST", "url": "/b",
		"bodyPatterns": [{"equalToJson": {"a": 1}}]}, "response": {}}]}`)
	for _, body := range []string{
		`{"a":"` + strings.Repeat("x", 20<<20) + `"}`, `{"a":` + strings.Repeat("[", 20<<20), strings.Repeat("y\n", 10<<20),
	} {
		began := time.Now()
		resp, err := http.Post(s.URL()+"/b", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		report, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusNotFound || len(report) > 256<<10 {
			t.Errorf("%d, a report of %d bytes, %v", resp.StatusCode, len(report), err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %s", took)
		}
	}
}

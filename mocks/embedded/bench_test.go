package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
	"github.com/headgate-dev/headgate/mocks/mockstest"
	"github.com/headgate-dev/headgate/traffic"
)

// chargeBody is a JSON body of about 300 bytes.
func chargeBody(i int) string {
	return fmt.Sprintf(`{"order":"ord_%d","amount":%d,"currency":"EUR","note":%q}`, i, 100+i, strings.Repeat("n", 230))
}

// wire is a client that costs as little as it can: one connection, one request over and over.
type wire struct {
	conn    net.Conn
	request []byte
	answer  []byte // of the length that each answer has
}

func newWire(b *testing.B, base, method, target, body string) *wire {
	b.Helper()
	conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n", method, target)
	if body != "" {
		head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	w := &wire{conn: conn, request: []byte(head + "\r\n" + body)}
	if _, err := conn.Write(w.request); err != nil {
		b.Fatal(err)
	}
	var seen strings.Builder
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &seen)), nil)
	if err != nil || resp.StatusCode != http.StatusCreated {
		b.Fatal(resp, err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		b.Fatal(err)
	}
	resp.Body.Close()
	w.answer = make([]byte, seen.Len())
	return w
}

// run sends n requests and tells how long that took.
func (w *wire) run(b *testing.B, n int) time.Duration {
	b.Helper()
	begin := time.Now()
	for range n {
		if _, err := w.conn.Write(w.request); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(w.conn, w.answer); err != nil {
			b.Fatal(err)
		}
	}
	if !strings.HasPrefix(string(w.answer), "HTTP/1.1 201") {
		b.Fatalf("got %q", w.answer)
	}
	return time.Since(begin)
}

// bareMap is what the embedded mock is measured by: a map behind net/http.
func bareMap(b *testing.B, n int, key func(i int) string) string {
	b.Helper()
	answers := make(map[string]string, n)
	for i := range n {
		answers[key(i)] = `{"id": 1}`
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		answer, ok := answers[r.Method+" "+r.RequestURI+" "+string(body)]
		if err != nil || !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, answer)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

func recorded(b *testing.B, n int, method string, target, body func(i int) string) string {
	b.Helper()
	records := make([]*traffic.Record, n)
	for i := range records {
		records[i] = mockstest.Record("", method, target(i), body(i), 201, `{"id": 1}`)
	}
	rec, err := mocks.FromTraffic(records, mocks.DefaultMatch())
	if err != nil {
		b.Fatal(err)
	}
	s, err := embedded.Provider{}.Start(context.WithoutCancel(b.Context()), &mocks.Plan{Name: "bench", Stubs: rec.Stubs})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s.URL()
}

// BenchmarkHits sends the same requests to both in turns; the metric is the share of the bare map's rate that
// the mock reaches.
func BenchmarkHits(b *testing.B) {
	none := func(int) string { return "" }
	kinds := map[string]struct {
		method       string
		target, body func(i int) string
	}{
		"GET":  {"GET", func(i int) string { return fmt.Sprintf("/items/%d?page=%d", i, i%7) }, none},
		"POST": {"POST", func(int) string { return "/charges" }, chargeBody},
	}
	for _, kind := range []string{"GET", "POST"} {
		k := kinds[kind]
		for _, n := range []int{10, 1000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d stubs", kind, n), func(b *testing.B) {
				bare := newWire(b, bareMap(b, n, func(i int) string { return k.method + " " + k.target(i) + " " + k.body(i) }),
					k.method, k.target(n-1), k.body(n-1))
				mock := newWire(b, recorded(b, n, k.method, k.target, k.body), k.method, k.target(n-1), k.body(n-1))
				var bareTime, mockTime time.Duration
				const block = 200
				for b.Loop() {
					bareTime += bare.run(b, block)
					mockTime += mock.run(b, block)
				}
				b.ReportMetric(bareTime.Seconds()/mockTime.Seconds(), "x-bare")
				b.ReportMetric(mockTime.Seconds()/float64(b.N*block)*1e6, "us/hit")
			})
		}
	}
}

// BenchmarkMiss is a whole miss over HTTP, report and all; each request is another one.
func BenchmarkMiss(b *testing.B) {
	url := recorded(b, 10_000, "POST", func(int) string { return "/charges" }, chargeBody)
	i := 0
	for b.Loop() {
		i++
		resp, err := http.Post(url+"/charges", "application/json", strings.NewReader(chargeBody(-1-i)))
		if err != nil || resp.StatusCode != mocks.DefaultMissStatus {
			b.Fatal(resp, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

// BenchmarkStart parses and serves 10,000 mappings.
func BenchmarkStart(b *testing.B) {
	list := make([]string, 10_000)
	for i := range list {
		list[i] = fmt.Sprintf(`{"request": {"method": "POST", "url": "/charges", "bodyPatterns": [{"equalToJson": %s}]},
			"response": {"status": 201, "jsonBody": {"id": %d}}}`, chargeBody(i), i)
	}
	data := []byte(`{"mappings": [` + strings.Join(list, ",") + `]}`)
	for b.Loop() {
		stubs, err := mocks.ParseStubs("bench.json", data)
		if err != nil {
			b.Fatal(err)
		}
		s, err := embedded.Provider{}.Start(b.Context(), &mocks.Plan{Name: "bench", Stubs: stubs})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

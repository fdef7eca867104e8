package capture

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// answer300 is a handler like those of small services: it answers with 300 bytes of JSON.
func answer300() http.Handler {
	body := make([]byte, 300)
	for i := range body {
		body[i] = ' '
	}
	copy(body, `{"status":"paid"`)
	body[299] = '}'
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}

// manyClients makes every request one of another connection, as whole connections are sampled.
func manyClients(next http.Handler) http.Handler {
	names := make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprintf("10.0.0.1:%d", 10_000+i)
	}
	n := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		r.RemoteAddr = names[n%len(names)]
		next.ServeHTTP(w, r)
	})
}

// contenders are the handler without and with a recorder around it, at several shares.
func contenders(b *testing.B) map[string]http.Handler {
	b.Helper()
	list := map[string]http.Handler{"plain": manyClients(answer300())}
	for name, share := range map[string]float64{"0%": 0, "1%": 0.01, "100%": 1} {
		sample, err := NewSampler(share)
		if err != nil {
			b.Fatal(err)
		}
		r, err := NewRecorder(RecorderOptions{Service: "bench", Dir: b.TempDir(), Sample: sample})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { r.Close() })
		list["recorded "+name] = manyClients(Middleware(r)(answer300()))
	}
	return list
}

// idle is a writer that does nothing.
type idle struct{ header http.Header }

func (w *idle) Header() http.Header         { return w.header }
func (w *idle) Write(b []byte) (int, error) { return len(b), nil }
func (w *idle) WriteHeader(int)             {}

func BenchmarkMiddlewareDirect(b *testing.B) {
	list := contenders(b)
	for _, name := range []string{"plain", "recorded 0%", "recorded 1%", "recorded 100%"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			q := httptest.NewRequest("GET", "/orders/7", nil)
			q.Header.Set("Accept", "application/json")
			q.Header.Set("User-Agent", "bench")
			w := &idle{http.Header{}}
			for b.Loop() {
				list[name].ServeHTTP(w, q)
			}
		})
	}
}

func BenchmarkMiddlewareLoopback(b *testing.B) {
	list := contenders(b)
	for _, name := range []string{"plain", "recorded 0%", "recorded 1%", "recorded 100%"} {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(list[name])
			defer server.Close()
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			ask := []byte("GET /orders/7 HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n")
			for b.Loop() {
				if _, err := conn.Write(ask); err != nil {
					b.Fatal(err)
				}
				res, err := http.ReadResponse(in, nil)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, res.Body)
			}
		})
	}
}

package capture

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

// BenchmarkProxy compares the recording proxy with net/http's own: the client and the upstream are part of what
// is measured.
func BenchmarkProxy(b *testing.B) {
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"ord_1","status":"paid"}`)
	}))
	defer back.Close()
	target, _ := url.Parse(back.URL)
	b.Run("relay", func(b *testing.B) {
		transport := newTransport()
		defer transport.CloseIdleConnections()
		run(b, &httputil.ReverseProxy{
			Transport: transport, FlushInterval: -1, BufferPool: &buffers{},
			Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		})
	})
	b.Run("record", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "out.jsonl"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		w := NewWriter(f, 0)
		defer w.Close()
		p, err := NewProxy(Options{
			Tap:    Tap{Name: "orders", Direction: traffic.Inbound, Sink: w, Tracker: NewTracker()},
			Target: target,
		})
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		run(b, p)
	})
}

func run(b *testing.B, h http.Handler) {
	b.Helper()
	front := httptest.NewServer(h)
	defer front.Close()
	client := front.Client()
	b.ReportAllocs()
	for b.Loop() {
		res, err := client.Get(front.URL + "/orders/1?limit=20")
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}

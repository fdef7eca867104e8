package recording

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/session"
)

// BenchmarkLoad reads a capture and arranges it, as a run does; one op is a record.
func BenchmarkLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "captured.jsonl")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := jsonl.NewWriter(f)
	for i := range b.N {
		r := &traffic.Record{
			ID: fmt.Sprintf("r%07d", i), Time: time.Unix(1000, int64(i)), Direction: traffic.Inbound, Protocol: traffic.HTTP,
			Session: fmt.Sprint("s", i%64),
			Request: &traffic.Request{
				Method: http.MethodPost, URL: "/orders", Header: http.Header{"Content-Type": {"application/json"}},
				Body: []byte(fmt.Sprintf(`{"customer":"c-%06d","lines":[{"article":"a%04d","count":1}]}`, i, i%977)),
			},
			Response: &traffic.Response{
				Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
				Body: []byte(`{"id":"ord_261120abcdefghij","status":"paid","items":[{"sku":"sku-1001","qty":1,"price":29.90}]}`),
			},
		}
		if err := w.Write(r); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	correlator, err := correlate.New(correlate.DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	r, err := New(Options{Select: session.DefaultSelect(), Correlator: correlator})
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Read(b.Context(), []string{path}); err != nil {
		b.Fatal(err)
	}
	if err := r.Arrange(); err != nil {
		b.Fatal(err)
	}
	if r.Len() != b.N {
		b.Fatalf("%d of %d records", r.Len(), b.N)
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}

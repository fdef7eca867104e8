package embedded_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
	"github.com/headgate-dev/headgate/mocks/mockstest"
	"github.com/headgate-dev/headgate/traffic"
)

func chargeBody(i int) string {
	return fmt.Sprintf(`{"order": "ord_%d", "amount": %d, "currency": "EUR"}`, i, 100+i)
}

// hit sends one POST over and over.
func hit(b *testing.B, url, body string) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for b.Loop() {
		resp, err := client.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 201 {
			b.Fatal(resp.StatusCode, err)
		}
		_ = resp.Body.Close()
	}
}

func BenchmarkHits(b *testing.B) {
	for _, n := range []int{10, 10_000, 100_000} {
		b.Run(fmt.Sprintf("%d stubs", n), func(b *testing.B) {
			records := make([]*traffic.Record, n)
			for i := range records {
				records[i] = mockstest.Record("", "POST", "/charges", chargeBody(i), 201, `{"id": 1}`)
			}
			rec, err := mocks.FromTraffic(records, mocks.DefaultMatch())
			if err != nil {
				b.Fatal(err)
			}
			s, err := embedded.Provider{}.Start(b.Context(), &mocks.Plan{Name: "bench", Stubs: rec.Stubs})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			hit(b, s.URL()+"/charges", chargeBody(n-1))
		})
	}
}

// BenchmarkBareMap is what BenchmarkHits is measured by.
func BenchmarkBareMap(b *testing.B) {
	answers := map[string]string{"POST /charges " + chargeBody(1): `{"id": 1}`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer := answers[r.Method+" "+r.URL.Path+" "+string(body)]
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	hit(b, server.URL+"/charges", chargeBody(1))
}

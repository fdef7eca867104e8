package safety_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/safety"
)

func BenchmarkScan(b *testing.B) {
	var items []string
	for i := range 40 {
		items = append(items, fmt.Sprintf(`{"id":"ord_%08x","sku":"A-%d","name":"A thing of number %d","price":12.%d,`+
			`"created_at":"2026-11-01T08:30:00Z","tags":["red","large"],"in_stock":true}`, i*7919, i, i, i))
	}
	text := `{"items":[` + strings.Join(items, ",") + `],"next":null,"total":40}`
	for name, r := range map[string]*traffic.Record{
		"json": body(asJSON, text), "text": body(asText, text),
		"finds": body(asJSON, strings.ReplaceAll(text, "A thing", "bob@corp.com")),
	} {
		b.Run(name, func(b *testing.B) {
			s, n := safety.NewScanner(), 0
			b.SetBytes(int64(len(r.Request.Body)))
			b.ReportAllocs()
			for b.Loop() {
				s.Scan(r, func(safety.Finding) { n++ })
			}
		})
	}
}

package gor

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func BenchmarkRead(b *testing.B) {
	body := `{"name": "` + strings.Repeat("x", 280) + `"}`
	var file strings.Builder
	for i := range 20_000 {
		file.WriteString(record(fmt.Sprintf("1 %024x %d 5", i, 1700000000000000000+i), fmt.Sprintf(
			"POST /orders/%d HTTP/1.1\r\nHost: h\r\nUser-Agent: bench\r\nContent-Length: %d\r\n\r\n%s", i, len(body), body)))
		file.WriteString(record(fmt.Sprintf("2 %024x %d 5", i, 1700000000000900000+i), fmt.Sprintf(
			"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)))
	}
	text := file.String()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r := NewReader("bench", strings.NewReader(text))
		for {
			if _, err := r.Read(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

package replay

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

// looped reads the same bytes again and again.
type looped struct {
	net.Conn

	text []byte
	at   int
}

func (l *looped) Read(b []byte) (int, error) {
	n := copy(b, l.text[l.at:])
	l.at = (l.at + n) % len(l.text)
	return n, nil
}

func BenchmarkAnswer(b *testing.B) {
	text := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Fri, 20 Nov 2026 20:00:00 GMT\r\n" +
		"X-Request-Id: 7f1c7c3e9d2f0a1b\r\nContent-Length: 300\r\n\r\n" + strings.Repeat("x", 300)
	w := &wire{in: bufio.NewReaderSize(&looped{text: []byte(text)}, readSize)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.answer(http.MethodGet); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	s, err := NewHTTPSender("http://127.0.0.1:8080/base", HTTPOptions{})
	if err != nil {
		b.Fatal(err)
	}
	r := &traffic.Request{
		Method: "POST", URL: "/orders/17?limit=20", Body: bytes.Repeat([]byte("x"), 300), Header: http.Header{
			"Accept": {"application/json"}, "User-Agent": {"bench/1"}, "Content-Type": {"application/json"},
			"X-Request-Id": {"7f1c7c3e9d2f0a1b"}, "Accept-Encoding": {"gzip"},
		},
	}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		if out, err = s.appendRequest(out[:0], r); err != nil {
			b.Fatal(err)
		}
	}
	_, _ = io.Discard.Write(out)
}

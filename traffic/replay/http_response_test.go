package replay

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// coded writes body with every coding in turn.
func coded(t *testing.T, body []byte, codings ...string) []byte {
	t.Helper()
	out := body
	for _, coding := range codings {
		var b bytes.Buffer
		var w io.WriteCloser
		switch coding {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "zlib":
			w = zlib.NewWriter(&b)
		case "flate":
			w, _ = flate.NewWriter(&b, 5)
		case "zstd":
			w, _ = zstd.NewWriter(&b)
		case "br":
			w = brotli.NewWriter(&b)
		}
		if _, err := w.Write(out); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out = b.Bytes()
	}
	return out
}

func TestAnswersAreDecoded(t *testing.T) {
	const text = "a text that is long enough to be worth it"
	zipped := coded(t, []byte(text), "gzip")
	tests := map[string]struct {
		header string
		body   []byte
		want   string
		err    string
	}{
		"plain":         {"", []byte(text), text, ""},
		"gzip":          {"gzip", zipped, text, ""},
		"upper case":    {"GZIP", zipped, text, ""},
		"deflate, zlib": {"deflate", coded(t, []byte(text), "zlib"), text, ""},
		"deflate, bare": {"deflate", coded(t, []byte(text), "flate"), text, ""},
		"zstd":          {"zstd", coded(t, []byte(text), "zstd"), text, ""},
		"brotli":        {"br", coded(t, []byte(text), "br"), text, ""},
		"two codings":   {"zstd, gzip", coded(t, []byte(text), "zstd", "gzip"), text, ""},
		"identity":      {"identity", []byte(text), text, ""},
		"unknown":       {"compress", []byte(text), text, ""},
		"empty":         {"gzip", nil, "", ""},
		"not gzip":      {"gzip", []byte(text), "", "decoding the body of a 200 response: gzip: "},
		"cut gzip":      {"gzip", zipped[:len(zipped)-9], "", "of a 200 response: gzip: unexpected EOF"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, _ := target(t, HTTPOptions{}, func(w http.ResponseWriter, _ *http.Request) {
				if test.header != "" {
					w.Header().Set("Content-Encoding", test.header)
				}
				_, _ = w.Write(test.body)
			})
			got, err := s.Send(t.Context(), get("/"))
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || Classify(err) != TransportError {
					t.Errorf("got %v, want %q", err, test.err)
				}
				return
			}
			if err != nil || string(got.Body) != test.want || got.Header.Get("Content-Encoding") != test.header {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestBodyBounds(t *testing.T) {
	chunk := make([]byte, 1<<20)
	write := func(w io.Writer, n int) {
		for range n >> 20 {
			_, _ = w.Write(chunk)
		}
		_, _ = w.Write(chunk[:n&(1<<20-1)])
	}
	s, _ := target(t, HTTPOptions{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fits":
			write(w, MaxBody)
		case "/large":
			write(w, MaxBody+1)
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z, _ := gzip.NewWriterLevel(w, 1)
			write(z, MaxBody+1)
			_ = z.Close()
		}
	})
	if got, err := s.Send(t.Context(), get("/fits")); err != nil || len(got.Body) != MaxBody {
		t.Errorf("at the bound: %v", err)
	}
	for _, path := range []string{"/large", "/bomb"} {
		_, err := s.Send(t.Context(), get(path))
		if !errors.Is(err, ErrTooLarge) || Classify(err) != TransportError {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestBrokenAnswers(t *testing.T) {
	tests := map[string]struct{ answer, want string }{
		"short body": {
			"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
			"reading the body of a 200 response after 4 bytes: unexpected EOF",
		},
		"short chunk":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "unexpected EOF"},
		"no last chunk": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "unexpected EOF"},
		"nothing":       {"", "EOF"},
		"half a header": {"HTTP/1.1 200 OK\r\nA: ", "unexpected EOF"},
		"not HTTP":      {"hello\r\n\r\n", "malformed HTTP response"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			url, received := raw(t, test.answer)
			_, err := senderTo(t, url, HTTPOptions{}).Send(t.Context(), get("/x"))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "GET /x: ") {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if Classify(err) != TransportError || len(received) != 1 {
				t.Errorf("%s, sent %d times", Classify(err), len(received))
			}
		})
	}
}

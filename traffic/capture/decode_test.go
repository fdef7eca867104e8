package capture

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/headgate-dev/headgate/traffic/coding"
)

func coded(b []byte, coder func(io.Writer) io.WriteCloser) []byte {
	var out bytes.Buffer
	w := coder(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func gzipped(b []byte) []byte {
	return coded(b, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func zipped(b []byte) []byte {
	return coded(b, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
}

func deflated(b []byte) []byte {
	return coded(b, func(w io.Writer) io.WriteCloser {
		f, _ := flate.NewWriter(w, flate.DefaultCompression)
		return f
	})
}

func zstandard(b []byte) []byte {
	return coded(b, func(w io.Writer) io.WriteCloser {
		z, _ := zstd.NewWriter(w)
		return z
	})
}

func brotlied(b []byte) []byte {
	return coded(b, func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) })
}

func TestDecode(t *testing.T) {
	text := []byte("hello, hello, hello")
	cases := map[string]struct {
		codings []string
		body    []byte
		want    []byte
		err     error
	}{
		"none":          {nil, text, text, nil},
		"identity":      {[]string{"identity"}, text, text, nil},
		"gzip":          {[]string{"GZIP"}, gzipped(text), text, nil},
		"deflate":       {[]string{"deflate"}, zipped(text), text, nil},
		"raw deflate":   {[]string{"deflate"}, deflated(text), text, nil},
		"zstd":          {[]string{"zstd"}, zstandard(text), text, nil},
		"two in a list": {[]string{"gzip, zstd"}, zstandard(gzipped(text)), text, nil},
		"two fields":    {[]string{"zstd", "gzip"}, gzipped(zstandard(text)), text, nil},
		"brotli":        {[]string{"br"}, brotlied(text), text, nil},
		"unknown":       {[]string{"compress"}, []byte{1, 2, 3}, []byte{1, 2, 3}, nil},
		"not coded":     {[]string{"gzip"}, text, text, nil},
		"cut":           {[]string{"gzip"}, gzipped(text)[:15], gzipped(text)[:15], nil},
		"empty":         {[]string{"gzip"}, nil, nil, nil},
		"bomb":          {[]string{"gzip"}, gzipped(make([]byte, 1<<20)), nil, coding.ErrTooLarge},
		"zstd bomb":     {[]string{"zstd"}, zstandard(make([]byte, 1<<20)), nil, coding.ErrTooLarge},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, clear, err := decode(c.body, http.Header{"Content-Encoding": c.codings}, 1000)
			if unclear := name == "unknown" || name == "not coded" || name == "cut"; clear == (unclear || err != nil) {
				t.Errorf("clear is %t", clear)
			}
			if !errors.Is(err, c.err) || !bytes.Equal(got, c.want) {
				t.Errorf("got %q, %v; want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	text := []byte("hello, hello, hello")
	f.Add("gzip", gzipped(text))
	f.Add("deflate", deflated(text))
	f.Add("zstd, gzip", gzipped(zstandard(text)))
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		got, _, err := decode(body, http.Header{"Content-Encoding": {name}}, 10_000)
		if err != nil && !errors.Is(err, coding.ErrTooLarge) {
			t.Errorf("error is %v", err)
		}
		if len(got) > max(10_000, len(body)) {
			t.Errorf("%d bytes decoded to %d", len(body), len(got))
		}
	})
}

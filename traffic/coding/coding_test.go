package coding

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// coded applies codings in order.
func coded(t *testing.T, text string, list ...string) []byte {
	t.Helper()
	body := []byte(text)
	for _, coding := range list {
		var out bytes.Buffer
		var w io.WriteCloser
		switch coding {
		case "gzip":
			w = gzip.NewWriter(&out)
		case "zlib":
			w = zlib.NewWriter(&out)
		case "br":
			w = brotli.NewWriter(&out)
		case "zstd":
			w, _ = zstd.NewWriter(&out)
		case "raw":
			w, _ = flate.NewWriter(&out, flate.BestSpeed)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		body = out.Bytes()
	}
	return body
}

func TestUndo(t *testing.T) {
	const text = `{"a": "hello, hello, hello, hello"}`
	cases := map[string]struct {
		header []string
		body   []byte
		want   string
		known  bool
	}{
		"none":          {nil, []byte(text), text, true},
		"identity":      {[]string{"identity"}, []byte(text), text, true},
		"gzip":          {[]string{"GZip"}, coded(t, text, "gzip"), text, true},
		"deflate, zlib": {[]string{"deflate"}, coded(t, text, "zlib"), text, true},
		"deflate, raw":  {[]string{"deflate"}, coded(t, text, "raw"), text, true},
		"brotli":        {[]string{"br"}, coded(t, text, "br"), text, true},
		"zstd":          {[]string{"zstd"}, coded(t, text, "zstd"), text, true},
		"two":           {[]string{"gzip, br"}, coded(t, text, "gzip", "br"), text, true},
		"two headers":   {[]string{"zstd", "gzip"}, coded(t, text, "zstd", "gzip"), text, true},
		"unknown":       {[]string{"compress"}, []byte("xyz"), "xyz", false},
		"empty":         {[]string{"gzip"}, nil, "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, known, err := Undo(c.header, c.body, 1<<20)
			if err != nil || string(got) != c.want || known != c.known {
				t.Errorf("got %q, %v, %v", got, known, err)
			}
		})
	}
}

func TestUndoRefuses(t *testing.T) {
	bomb := strings.Repeat("0", 1<<20)
	for _, coding := range []string{"gzip", "br", "zstd"} {
		if _, _, err := Undo([]string{coding}, coded(t, bomb, coding), 1<<16); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s bomb: %v", coding, err)
		}
		cut := coded(t, "hello, hello, hello, hello", coding)
		if _, _, err := Undo([]string{coding}, cut[:len(cut)-3], 1<<16); err == nil {
			t.Errorf("%s cut off: no error", coding)
		}
	}
	if _, _, err := Undo([]string{"deflate"}, coded(t, bomb, "zlib"), 1<<16); !errors.Is(err, ErrTooLarge) {
		t.Errorf("deflate bomb: %v", err)
	}
	if _, _, err := Undo([]string{"gzip"}, []byte("plain"), 1<<16); err == nil {
		t.Error("plain text as gzip: no error")
	}
}

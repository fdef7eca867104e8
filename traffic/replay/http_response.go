package replay

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// MaxBody is the largest response body that is taken, in bytes, as sent and as decoded.
const MaxBody = 64 << 20

// The first bytes of compressed data.
const (
	gzipMagic = "\x1f\x8b"
	zstdMagic = "\x28\xb5\x2f\xfd"
)

// codings are the content codings that can be undone.
func codings() []string { return []string{"gzip", "x-gzip", "deflate", "zstd", "identity"} }

// decodable keeps the parts of an Accept-Encoding whose coding can be undone.
func decodable(values []string) string {
	var kept []string
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		part = strings.TrimSpace(part)
		coding, _, _ := strings.Cut(part, ";")
		if slices.Contains(codings(), strings.ToLower(strings.TrimSpace(coding))) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ", ")
}

// bounded reads to the end; on an error it also returns what came before it.
func bounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if err == nil && len(b) > MaxBody {
		return b, ErrTooLarge
	}
	return b, err
}

// decoded undoes the codings in the order opposite to that in which they were applied. A coding that
// is not known leaves the bytes as they are.
func decoded(h http.Header, body []byte) ([]byte, error) {
	coded := h["Content-Encoding"]
	switch {
	case len(body) == 0:
		return nil, nil
	case len(coded) == 0:
		return body, nil
	}
	list := strings.Split(strings.Join(coded, ","), ",")
	slices.Reverse(list)
	for _, coding := range list {
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "" && !slices.Contains(codings(), coding) {
			return body, nil
		}
		var err error
		if body, err = undo(coding, body); err != nil {
			return nil, fmt.Errorf("%s: %w", coding, err)
		}
	}
	return body, nil
}

func undo(coding string, body []byte) ([]byte, error) {
	in := bytes.NewReader(body)
	switch coding {
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		return bounded(z)
	case "zstd":
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(4*MaxBody))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return bounded(z)
	case "deflate":
		return inflate(body)
	}
	return body, nil
}

// inflate takes both forms that are sent as "deflate": in a zlib wrapper, as the standard says, and
// without.
func inflate(body []byte) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(body))
	if errors.Is(err, zlib.ErrHeader) {
		return bounded(flate.NewReader(bytes.NewReader(body)))
	}
	if err != nil {
		return nil, err
	}
	return bounded(z)
}

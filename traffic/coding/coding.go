// Package coding undoes HTTP content codings (RFC 9110, section 8.4.1) within bounds.
package coding

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// ErrTooLarge is wrapped where a body is larger than the limit once it is decoded.
var ErrTooLarge = errors.New("the decoded body is too large")

// Known lists the codings that can be undone, in lower case.
func Known() []string { return []string{"gzip", "x-gzip", "deflate", "zstd", "br", "identity"} }

// List takes the values of a Content-Encoding header apart, in the order of application, in lower case.
func List(values []string) []string {
	var list []string
	for _, value := range values {
		for coding := range strings.SplitSeq(value, ",") {
			if coding = strings.ToLower(strings.TrimSpace(coding)); coding != "" {
				list = append(list, coding)
			}
		}
	}
	return list
}

// Undo decodes a body that was coded as its Content-Encoding header says. A coding that is not [Known]
// leaves the body as it is and is no error: ok is false. limit bounds the decoded body, in bytes.
func Undo(contentEncoding []string, body []byte, limit int) (plain []byte, ok bool, err error) {
	list := List(contentEncoding)
	for _, coding := range list {
		if !slices.Contains(Known(), coding) {
			return body, false, nil
		}
	}
	if len(body) == 0 {
		return body, true, nil
	}
	for _, coding := range slices.Backward(list) {
		if body, err = undo(coding, body, limit); err != nil {
			return nil, false, fmt.Errorf("%s: %w", coding, err)
		}
	}
	return body, true, nil
}

// maxWindow is the largest zstd window: what RFC 9659 allows for HTTP.
const maxWindow = 8 << 20

func undo(coding string, body []byte, limit int) ([]byte, error) {
	in := bytes.NewReader(body)
	switch coding {
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		return bounded(z, limit)
	case "zstd":
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return bounded(z, limit)
	case "br":
		return bounded(brotli.NewReader(in), limit)
	case "deflate":
		return inflate(body, limit)
	}
	return body, nil
}

// inflate takes both forms that are sent as "deflate": in a zlib wrapper, as the standard says, and
// without.
func inflate(body []byte, limit int) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(body))
	if errors.Is(err, zlib.ErrHeader) {
		return bounded(flate.NewReader(bytes.NewReader(body)), limit)
	}
	if err != nil {
		return nil, err
	}
	return bounded(z, limit)
}

func bounded(r io.Reader, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err == nil && len(b) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return b, err
}

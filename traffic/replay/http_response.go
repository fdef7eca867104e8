package replay

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/traffic/coding"
)

// MaxBody is the largest response body that is taken, in bytes, as sent and as decoded.
const MaxBody = 64 << 20

// The first bytes of compressed data.
const (
	gzipMagic = "\x1f\x8b"
	zstdMagic = "\x28\xb5\x2f\xfd"
)

// decodable keeps the parts of an Accept-Encoding whose coding can be undone.
func decodable(values []string) string {
	var kept []string
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		part = strings.TrimSpace(part)
		name, _, _ := strings.Cut(part, ";")
		if slices.Contains(coding.Known(), strings.ToLower(strings.TrimSpace(name))) {
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

// decoded undoes the codings of a body. One that is not known leaves the bytes as they are.
func decoded(h http.Header, body []byte) ([]byte, error) {
	coded := h["Content-Encoding"]
	switch {
	case len(body) == 0:
		return nil, nil
	case len(coded) == 0:
		return body, nil
	}
	plain, _, err := coding.Undo(coded, body, MaxBody)
	if errors.Is(err, coding.ErrTooLarge) {
		return nil, ErrTooLarge
	}
	return plain, err
}

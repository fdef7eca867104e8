package capture

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// errTooLong says that a body is longer than the limit once it is decoded.
var errTooLong = errors.New("the decoded body is longer than the limit")

// decode undoes the content codings of a body. A coding that is not known, and a body that is not coded
// as its header says, are left as they are. The only error is errTooLong.
func decode(body []byte, h http.Header, limit int64) ([]byte, error) {
	codings := strings.Split(strings.Join(h.Values("Content-Encoding"), ","), ",")
	for _, coding := range slices.Backward(codings) {
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding == "" || coding == "identity" || len(body) == 0 {
			continue
		}
		decoded, err := undo(coding, body, limit)
		if errors.Is(err, errTooLong) {
			return nil, err
		}
		if err != nil {
			return body, nil
		}
		body = decoded
	}
	return body, nil
}

func undo(coding string, body []byte, limit int64) ([]byte, error) {
	switch coding {
	case "gzip", "x-gzip":
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return readAll(r, limit)
	case "deflate":
		return inflate(body, limit)
	case "zstd":
		r, err := zstd.NewReader(bytes.NewReader(body),
			zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return readAll(r, limit)
	}
	return nil, errors.ErrUnsupported
}

// inflate takes zlib data, which RFC 9110 means by deflate, and the raw data that some send instead.
func inflate(body []byte, limit int64) ([]byte, error) {
	if r, err := zlib.NewReader(bytes.NewReader(body)); err == nil {
		decoded, err := readAll(r, limit)
		if err == nil || errors.Is(err, errTooLong) {
			return decoded, err
		}
	}
	return readAll(flate.NewReader(bytes.NewReader(body)), limit)
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(b)) > limit {
		return nil, errTooLong
	}
	return b, err
}

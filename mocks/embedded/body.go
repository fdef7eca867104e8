package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/headgate-dev/headgate/traffic/coding"
)

// maxBody bounds a body, before and after decoding.
const maxBody = 64 << 20

var errTooLarge = errors.New("the request body is larger than 64 MiB")

// readBody reads and decodes a body. Whatever is not coded as it says stays as it came.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(s.patience)) // a writer without deadlines has none to keep
	body, err := readAll(http.MaxBytesReader(w, r.Body, maxBody), r.ContentLength)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, fmt.Errorf("reading the request body: %w", err)
	}
	_ = control.SetReadDeadline(time.Time{})
	body, ok := decoded(body, r.Header)
	if !ok {
		return nil, errTooLarge
	}
	return body, nil
}

// readAll reads to the end, into one piece where the length is known and not absurd.
func readAll(r io.Reader, length int64) ([]byte, error) {
	if length < 0 || length > maxBody {
		return io.ReadAll(r)
	}
	b := bytes.NewBuffer(make([]byte, 0, length+bytes.MinRead))
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// decoded undoes what captures undo, so that a request is what was recorded of it; ok is false where the
// result is too large.
func decoded(body []byte, h http.Header) (out []byte, ok bool) {
	codings := h["Content-Encoding"]
	if len(codings) == 0 {
		return body, true
	}
	plain, _, err := coding.Undo(codings, body, maxBody)
	switch {
	case errors.Is(err, coding.ErrTooLarge):
		return nil, false
	case err != nil:
		return body, true
	}
	return plain, true
}

package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
)

// answer is a response as it came over the wire, its body not decoded yet.
type answer struct {
	status     int
	header     http.Header
	body       []byte
	persistent bool // the server keeps the connection open
}

// maxHead bounds the head of a response.
const maxHead = 1 << 20

var errHeadTooLarge = fmt.Errorf("it is larger than %d bytes", maxHead)

// answer reads the response to a request of the given method (RFC 9112). Interim responses are passed
// over.
func (w *wire) answer(method string) (answer, error) {
	for {
		a, err := w.head()
		if err != nil {
			return a, err
		}
		if a.status == http.StatusSwitchingProtocols {
			return a, errors.New("the server switched protocols unasked")
		}
		if a.status < 200 {
			continue
		}
		if err := w.body(&a, method); err != nil {
			return a, fmt.Errorf("reading the body of a %d response after %d bytes: %w", a.status, len(a.body), err)
		}
		return a, nil
	}
}

// head reads status line and header.
func (w *wire) head() (a answer, err error) {
	line, err := w.line()
	if errors.Is(err, io.EOF) {
		return a, fmt.Errorf("the server closed the connection without an answer: %w", io.ErrUnexpectedEOF)
	}
	if err != nil {
		return a, fmt.Errorf("reading the response: %w", err)
	}
	if a, err = statusLine(line); err != nil {
		return a, err
	}
	if a.header, err = w.header(); err != nil {
		return a, fmt.Errorf("reading the response head: %w", err)
	}
	options := a.header["Connection"]
	a.persistent = a.persistent && !hasToken(options, "close") || hasToken(options, "keep-alive")
	return a, nil
}

// statusLine reads "HTTP/1.1 200 OK"; the reason may be missing.
func statusLine(line []byte) (answer, error) {
	version, rest, _ := bytes.Cut(line, []byte(" "))
	code, _, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	status, err := strconv.Atoi(string(code))
	latest := string(version) == "HTTP/1.1"
	if !latest && string(version) != "HTTP/1.0" || err != nil || len(code) != 3 || status < 100 {
		return answer{}, fmt.Errorf("malformed HTTP response: it begins with %.60q", line)
	}
	return answer{status: status, persistent: latest}, nil
}

// body reads the body by the rules of RFC 9112, section 6.3.
func (w *wire) body(a *answer, method string) (err error) {
	length, chunked := a.header["Content-Length"], hasToken(a.header["Transfer-Encoding"], "chunked")
	switch {
	case method == http.MethodHead || a.status == http.StatusNoContent || a.status == http.StatusNotModified:
		return nil
	case chunked:
		if len(length) > 0 {
			a.persistent = false
		}
		if a.body, err = bounded(httputil.NewChunkedReader(w.in)); err != nil {
			return err
		}
		_, err = w.header() // trailers
		return err
	case len(length) > 0:
		n, err := contentLength(length)
		if err != nil {
			return err
		}
		a.body, err = w.exactly(n)
		return err
	}
	a.persistent = false
	a.body, err = bounded(w.in)
	return err
}

// exactly reads n bytes. Memory is taken as the bytes come, as a header can promise anything.
func (w *wire) exactly(n int64) ([]byte, error) {
	const trusted = 1 << 20
	switch {
	case n == 0:
		return nil, nil
	case n > MaxBody:
		return nil, ErrTooLarge
	case n <= trusted:
		b := make([]byte, n)
		got, err := io.ReadFull(w.in, b)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return b[:got], err
	}
	b, err := bounded(io.LimitReader(w.in, n))
	if err == nil && int64(len(b)) < n {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

func contentLength(values []string) (int64, error) {
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("malformed Content-Length %.40q", values[0])
	}
	for _, v := range values[1:] {
		if v != values[0] {
			return 0, fmt.Errorf("two lengths, %.40q and %.40q", values[0], v)
		}
	}
	return n, nil
}

// hasToken tells whether a comma-separated header names a token.
func hasToken(values []string, token string) bool {
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

package http1

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// framing tells how the end of a body is found.
type framing struct {
	chunked, toEnd bool
	length         int
	err            error
}

// message is a message whose body is being read.
type message struct {
	header http.Header
	final  bool
}

// framed is the framing of a request, and of a response that says its length.
func framed(h http.Header) framing {
	for _, value := range h["Transfer-Encoding"] {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), "chunked") {
				return framing{chunked: true}
			}
		}
	}
	values := h["Content-Length"]
	if len(values) == 0 {
		return framing{}
	}
	n, err := strconv.Atoi(values[0])
	if err != nil || n < 0 {
		return framing{err: fmt.Errorf("malformed Content-Length %.40q", values[0])}
	}
	return framing{length: n}
}

// responseFraming follows RFC 9112, section 6.3.
func responseFraming(status int, method string, h http.Header) framing {
	bodiless := method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified ||
		status == http.StatusSwitchingProtocols || method == http.MethodConnect && status/100 == 2
	if bodiless {
		return framing{}
	}
	f := framed(h)
	f.toEnd = !f.chunked && len(h["Content-Length"]) == 0
	return f
}

// body takes the body from the start of b, decoded, and returns what follows it.
func (m message) body(b []byte, f framing) (body, rest []byte, err error) {
	switch {
	case f.err != nil:
		return nil, nil, f.err
	case f.chunked:
		body, rest, err = unchunk(b)
	case f.toEnd && !m.final:
		return nil, nil, ErrIncomplete
	case f.toEnd:
		body, rest = b, nil
	case f.length > len(b):
		err = ErrIncomplete
	default:
		body, rest = b[:f.length], b[f.length:]
	}
	if errors.Is(err, ErrIncomplete) && m.final {
		m.header.Set(traffic.TruncatedHeader, strconv.Itoa(len(b)))
		return nil, nil, nil
	}
	if err != nil || len(body) == 0 {
		return nil, rest, err
	}
	if len(body) > MaxBody {
		return nil, nil, fmt.Errorf("the body is longer than %d bytes", MaxBody)
	}
	plain, err := Decode(m.header, body)
	if err != nil {
		m.header.Set(traffic.TruncatedHeader, strconv.Itoa(len(body)))
		return nil, rest, err
	}
	return bytes.Clone(plain), rest, nil
}

// unchunk undoes the chunked transfer coding (RFC 9112, section 7.1).
func unchunk(b []byte) (body, rest []byte, err error) {
	for {
		line, after, ok := cutLine(b)
		if !ok {
			return nil, nil, incompleteChunk(b)
		}
		size, err := chunkSize(line)
		switch {
		case err != nil:
			return nil, nil, err
		case size == 0:
			rest, err = trailers(after)
			return body, rest, err
		case size+1 > len(after):
			return nil, nil, ErrIncomplete
		}
		body = append(body, after[:size]...)
		end, next, ok := cutLine(after[size:])
		if !ok {
			return nil, nil, ErrIncomplete
		}
		if len(end) != 0 {
			return nil, nil, fmt.Errorf("a chunk of %d bytes is followed by %.20q", size, end)
		}
		b = next
	}
}

// maxSizeLine bounds the line that says how long a chunk is.
const maxSizeLine = 4096

func incompleteChunk(b []byte) error {
	begun := len(b) == 0 || b[0] == '\r' || strings.IndexByte("0123456789abcdefABCDEF", b[0]) >= 0
	if len(b) > maxSizeLine || !begun {
		return fmt.Errorf("malformed chunk: it begins with %.40q", b)
	}
	return ErrIncomplete
}

func chunkSize(line []byte) (int, error) {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	size, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 31)
	if err != nil {
		return 0, fmt.Errorf("malformed chunk size %.40q", line)
	}
	return int(size), nil
}

// trailers passes over the trailer section.
func trailers(b []byte) ([]byte, error) {
	for {
		line, rest, ok := cutLine(b)
		if !ok {
			return nil, ErrIncomplete
		}
		if len(line) == 0 {
			return rest, nil
		}
		b = rest
	}
}

package http1

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Framing finds the end of a body in bytes that come in pieces (RFC 9112, section 6). The zero value is
// that of a message without a body.
type Framing struct {
	chunked, toEnd bool
	// left is what is missing of the body, or of the chunk that has begun.
	left int
	part part
}

// part is what comes next in a chunked body.
type part int

const (
	chunkHead part = iota
	chunkData
	chunkEnd
	trailer
	nothing
)

// ToEnd tells that the body goes on to the end of the connection.
func (f *Framing) ToEnd() bool { return f.toEnd }

// Advance goes over the bytes that follow those it has gone over before and returns how many of them it
// took; what it left must come again, with more behind it. done tells that the body ends there. An error
// means that the body is malformed, and its end cannot be found.
func (f *Framing) Advance(b []byte) (n int, done bool, err error) {
	switch {
	case f.toEnd:
		return len(b), false, nil
	case !f.chunked:
		n = min(f.left, len(b))
		f.left -= n
		return n, f.left == 0, nil
	}
	for f.part != nothing {
		taken, err := f.chunked1(b[n:])
		if err != nil || taken == 0 {
			return n, false, err
		}
		n += taken
	}
	return n, true, nil
}

// chunked1 goes over one part of a chunked body; nothing is taken where there is too little of it.
func (f *Framing) chunked1(b []byte) (taken int, err error) {
	switch f.part {
	case chunkData:
		taken = min(f.left, len(b))
		if f.left -= taken; f.left == 0 {
			f.part = chunkEnd
		}
		return taken, nil
	case chunkEnd:
		taken, err = lineEnd(b)
		if taken > 0 {
			f.part = chunkHead
		}
		return taken, err
	}
	line, rest, ok := cutLine(b)
	switch {
	case f.part == chunkHead && !ok:
		return 0, unfinishedChunk(b)
	case f.part == chunkHead:
		f.left, err = chunkSize(line)
		if f.part = chunkData; f.left == 0 {
			f.part = trailer
		}
	case !ok && len(b) > MaxHead:
		return 0, fmt.Errorf("its trailer is longer than %d bytes", MaxHead)
	case len(line) == 0 && ok:
		f.part = nothing
	}
	return len(b) - len(rest), err
}

// lineEnd is the length of the line end at the start of b, and 0 where there is too little.
func lineEnd(b []byte) (int, error) {
	switch {
	case len(b) > 0 && b[0] == '\n':
		return 1, nil
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2, nil
	case len(b) == 0 || len(b) == 1 && b[0] == '\r':
		return 0, nil
	}
	return 0, fmt.Errorf("a chunk is followed by %.20q", b[:min(len(b), 20)])
}

// maxSizeLine bounds the line that says how long a chunk is.
const maxSizeLine = 4096

// unfinishedChunk tells whether b could be the start of a chunk.
func unfinishedChunk(b []byte) error {
	begun := len(b) == 0 || b[0] == '\r' || strings.IndexByte(" \t0123456789abcdefABCDEF", b[0]) >= 0
	if len(b) > maxSizeLine || !begun {
		return fmt.Errorf("malformed chunk: it begins with %.40q", b[:min(len(b), 40)])
	}
	return nil
}

func chunkSize(line []byte) (int, error) {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	size, err := strconv.ParseUint(string(bytes.Trim(digits, " \t")), 16, 31)
	if err != nil {
		return 0, fmt.Errorf("malformed chunk size %.40q", line)
	}
	return int(size), nil
}

// framed is the framing of a request, and of a response that says its length.
func framed(h http.Header) (Framing, error) {
	for _, value := range h["Transfer-Encoding"] {
		for coding := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(coding), "chunked") {
				return Framing{chunked: true}, nil
			}
		}
	}
	values := h["Content-Length"]
	if len(values) == 0 {
		return Framing{}, nil
	}
	n, err := strconv.Atoi(values[0])
	if err != nil || n < 0 {
		return Framing{}, fmt.Errorf("malformed Content-Length %.40q", values[0])
	}
	return Framing{left: n}, nil
}

// responseFraming follows RFC 9112, section 6.3.
func responseFraming(status int, method string, h http.Header) (Framing, error) {
	bodiless := method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified ||
		status == http.StatusSwitchingProtocols || method == http.MethodConnect && status/100 == 2
	if bodiless {
		return Framing{}, nil
	}
	f, err := framed(h)
	f.toEnd = !f.chunked && len(h["Content-Length"]) == 0
	return f, err
}

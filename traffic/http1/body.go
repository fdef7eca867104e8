package http1

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"github.com/headgate-dev/headgate/traffic"
)

// body takes the body from the start of b, decoded, and returns what follows it.
func body(h http.Header, b []byte, f Framing, final bool) (plain, rest []byte, err error) {
	n, done, err := f.Advance(b)
	switch {
	case err != nil:
		return nil, nil, err
	case done || f.toEnd && final:
		plain, err = Body(h, b[:n], f)
		return plain, b[n:], err
	case final:
		LeaveOut(h, len(b))
		return nil, nil, nil
	}
	return nil, nil, ErrIncomplete
}

// LeaveOut marks a message whose body is not kept, see [traffic.TruncatedHeader]; seen is how many bytes
// of it there were.
func LeaveOut(h http.Header, seen int) { h.Set(traffic.TruncatedHeader, strconv.Itoa(seen)) }

// Body undoes the transfer and content codings of a whole body, framed by f. Where it is not coded as
// its header says the error is [ErrCoding] and the message is marked as by [LeaveOut].
func Body(h http.Header, raw []byte, f Framing) ([]byte, error) {
	own := f.chunked
	if own {
		raw = unchunk(raw)
	}
	if len(raw) == 0 {
		return nil, nil
	}
	if len(raw) > MaxBody {
		return nil, fmt.Errorf("the body is longer than %d bytes", MaxBody)
	}
	if len(h["Content-Encoding"]) == 0 {
		if own {
			return raw, nil
		}
		return bytes.Clone(raw), nil
	}
	plain, err := Decode(h, raw)
	if err != nil {
		LeaveOut(h, len(raw))
		return nil, err
	}
	if len(plain) > 0 && &plain[0] == &raw[0] && !own { // nothing was undone
		plain = bytes.Clone(plain)
	}
	return plain, nil
}

// unchunk undoes the chunked transfer coding of a whole body that [Framing.Advance] has gone over.
func unchunk(b []byte) []byte {
	body := make([]byte, 0, len(b))
	for {
		line, rest, _ := cutLine(b)
		size, _ := chunkSize(line)
		if size == 0 {
			return body
		}
		body = append(body, rest[:size]...)
		_, b, _ = cutLine(rest[size:])
	}
}

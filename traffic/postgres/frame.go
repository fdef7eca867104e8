package postgres

import (
	"encoding/binary"
	"errors"
	"time"
)

// maxMessage is the longest message that Postgres itself takes.
const maxMessage = 1<<30 - 1

// prefix is how much is kept of a message that is not kept whole: enough for the names in it.
const prefix = 256

// message is one message of the protocol. The first one of a client has no kind.
type message struct {
	kind byte
	// body is valid until the next one is read. Where left is set, it is only the beginning.
	body []byte
	// left is why the body is not whole, as a kind of what is left out.
	left         string
	began, ended time.Time
}

// errPart is returned while a message has not come to its end, errFrame where there is no message.
var (
	errPart  = errors.New("part of a message")
	errFrame = errors.New("no message of the Postgres protocol")
)

// frames cuts one direction of a connection into messages.
type frames struct {
	// client tells which direction it is; untyped that the next message has no kind.
	client, untyped bool
	// limit is how many bytes of one message are kept.
	limit int
	// buf holds the beginning of a message, with its header; missing is how many bytes of it are to
	// come, once the header is there.
	buf     []byte
	missing int
	left    string
	began   time.Time
}

func (f *frames) header() int {
	if f.untyped {
		return 4
	}
	return 5
}

// next takes the first message off b.
func (f *frames) next(b []byte, at time.Time) (m message, rest []byte, err error) {
	head := f.header()
	if len(f.buf) == 0 {
		f.began = at
		if size, err := f.size(b); err == nil && size <= len(b) && size <= f.limit {
			return f.message(b[:size], at), b[size:], nil
		}
	}
	if n := head - len(f.buf); n > 0 {
		n = min(n, len(b))
		f.buf, b = append(f.buf, b[:n]...), b[n:]
		if len(f.buf) < head {
			return m, nil, errPart
		}
		size, err := f.size(f.buf)
		if err != nil {
			return m, nil, err
		}
		f.missing = size - head
		if size > f.limit {
			f.left = kindLarge
		}
	}
	n := min(f.missing, len(b))
	f.keep(b[:n])
	f.missing -= n
	if f.missing > 0 {
		return m, nil, errPart
	}
	return f.take(at), b[n:], nil
}

// keep holds on to bytes of a message that is not complete.
func (f *frames) keep(b []byte) {
	switch f.left {
	case kindLost: // what comes does not follow on what is there
		return
	case kindLarge:
		b = b[:min(len(b), max(0, prefix-len(f.buf)))]
	}
	f.buf = append(f.buf, b...)
}

// take ends the message that was held.
func (f *frames) take(at time.Time) message {
	m := f.message(f.buf, at)
	m.left = f.left
	f.left = ""
	if cap(f.buf) > 64<<10 {
		f.buf = nil
	}
	f.buf = f.buf[:0]
	return m
}

func (f *frames) message(b []byte, at time.Time) message {
	m := message{body: b[f.header():], began: f.began, ended: at}
	if !f.untyped {
		m.kind = b[0]
	}
	return m
}

// size is the length of the message that begins with b.
func (f *frames) size(b []byte) (int, error) {
	head := f.header()
	if len(b) < head {
		return 0, errPart
	}
	n := binary.BigEndian.Uint32(b[head-4:])
	shortest, longest := uint32(8), uint32(10_000)
	if !f.untyped {
		shortest, longest = lengths(b[0], f.client)
	}
	if n < shortest || n > longest {
		return 0, errFrame
	}
	return int(n) + head - 4, nil
}

// gap skips n bytes that are missing. It is false where it cannot be known that they all belong to the
// message under way. A message that ends with them is returned.
func (f *frames) gap(n int, at time.Time) (m message, ended, ok bool) {
	if n <= 0 || len(f.buf) < f.header() || n > f.missing {
		return m, false, false
	}
	f.left = kindLost
	f.buf = f.buf[:min(len(f.buf), prefix)]
	f.missing -= n
	if f.missing > 0 {
		return m, false, true
	}
	return f.take(at), true, true
}

// lengths are the bounds of the length field of a message; no message is longer than 0.
func lengths(kind byte, client bool) (shortest, longest uint32) {
	const short, long = 64 << 10, maxMessage
	if client {
		switch kind {
		case 'Q', 'd', 'f':
			return 4, long
		case 'P', 'B', 'F':
			return 8, long
		case 'D', 'C', 'E':
			return 6, short
		case 'p':
			return 4, short
		case 'S', 'H', 'X', 'c':
			return 4, 4
		}
		return 1, 0
	}
	switch kind {
	case '1', '2', '3', 'n', 's', 'I', 'c':
		return 4, 4
	case 'Z':
		return 5, 5
	case 'C':
		return 5, 1 << 10
	case 'R', 'K', 'S', 'v', 'G', 'H', 'W':
		return 6, short
	case 't', 'T', 'D':
		return 6, long
	case 'E', 'N', 'A', 'V', 'd':
		return 4, long
	}
	return 1, 0
}

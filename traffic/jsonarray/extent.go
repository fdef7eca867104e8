package jsonarray

import "bytes"

// extent finds the end of a value in bytes that come in pieces. Brackets are counted, no more: whether it
// is JSON shows when it is decoded.
type extent struct {
	depth int
	text  bool // within a string
	slash bool // the last byte, within a string, escapes the next one
	bare  bool // within a number or a name
}

// advance goes over the bytes that follow those before and returns how many of them belong to the value.
func (e *extent) advance(b []byte) (n int, done bool) {
	for n < len(b) {
		if e.text {
			if n += e.string(b[n:]); e.text {
				return n, false
			}
			if e.depth == 0 {
				return n, true
			}
			continue
		}
		switch b[n] {
		case '"':
			e.text = true
		case '{', '[':
			e.depth++
		case '}', ']':
			if e.bare && e.depth == 0 {
				return n, true
			}
			if e.depth--; e.depth == 0 {
				return n + 1, true
			}
		case ',', ':', ' ', '\t', '\n', '\r':
			if e.bare && e.depth == 0 {
				return n, true
			}
		default:
			e.bare = true
		}
		n++
	}
	return n, false
}

// string goes on to behind the quote at the end of a string, where that is there.
func (e *extent) string(b []byte) (n int) {
	for {
		i := bytes.IndexByte(b[n:], '"')
		if i < 0 {
			e.slash = e.escapes(b)
			return len(b)
		}
		escaped := e.escapes(b[:n+i])
		n += i + 1
		if !escaped {
			e.text, e.slash = false, false
			return n
		}
	}
}

// escapes tells whether the byte behind b is escaped: an odd number of backslashes stands before it.
func (e *extent) escapes(b []byte) bool {
	first := len(b)
	for first > 0 && b[first-1] == '\\' {
		first--
	}
	odd := (len(b)-first)%2 == 1
	if first == 0 && e.slash {
		return !odd
	}
	return odd
}

// complete tells whether a value can end with the text: only numbers and names need nothing behind them.
func (e *extent) complete() bool { return e.bare && e.depth == 0 && !e.text }

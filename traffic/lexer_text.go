package traffic

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// text is a string as it stands in JSON text, without its quotes, and how long it is without escapes.
type text struct {
	raw  []byte
	size int
}

func (t text) escaped() bool { return t.size != len(t.raw) }

func (t text) string() string {
	if !t.escaped() {
		return string(t.raw)
	}
	return string(t.bytes())
}

// bytes is a copy of the text.
func (t text) bytes() []byte {
	b := make([]byte, t.size)
	t.put(b)
	return b
}

// put writes the text to dst, which is as long as the text.
func (t text) put(dst []byte) {
	if !t.escaped() {
		copy(dst, t.raw)
		return
	}
	le := binary.LittleEndian
	for raw := t.raw; len(raw) > 0; {
		n := 0
		if len(raw) >= 8 && len(dst) >= 8 {
			word := le.Uint64(raw)
			le.PutUint64(dst, word) // what is behind a backslash is written over
			if n = bits.TrailingZeros64(zeros(word^ones*'\\')) / 8; n == 8 {
				raw, dst = raw[8:], dst[8:]
				continue
			}
		} else {
			for n < len(raw) && raw[n] != '\\' {
				dst[n] = raw[n]
				n++
			}
		}
		if raw, dst = raw[n:], dst[n:]; len(raw) > 0 {
			c, width := escape(raw)
			raw, dst = raw[width:], dst[utf8.EncodeRune(dst, c):]
		}
	}
}

// escape reads the escape that b begins with: its character and its width in bytes, which is 0 where there is
// none and for half a surrogate pair.
func escape(b []byte) (c rune, width int) {
	if len(b) < 2 {
		return 0, 0
	}
	if c := short(b[1]); c != 0 {
		return c, 2
	}
	c, ok := unit(b)
	if ok && !utf16.IsSurrogate(c) {
		return c, 6
	}
	if low, also := unit(b[min(6, len(b)):]); ok && also {
		if c = utf16.DecodeRune(c, low); c != utf8.RuneError {
			return c, 12
		}
	}
	return 0, 0
}

// short is the character of a short escape, 0 where there is none.
func short(letter byte) rune {
	switch letter {
	case '"', '\\', '/':
		return rune(letter)
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	}
	return 0
}

// unit reads \u and four digits.
func unit(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// zeros has the high bit set of each byte of the word that is zero, and maybe of some above such a byte.
func zeros(word uint64) uint64 { return (word - ones) &^ word & highs }

// plainTo is the place, from i on, of the first quote, backslash or control character, or the end.
func plainTo(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		word := binary.LittleEndian.Uint64(b[i:])
		control := (word - ones*' ') &^ word & highs
		if found := zeros(word^ones*'"') | zeros(word^ones*'\\') | control; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

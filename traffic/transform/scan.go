package transform

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
)

// blanks passes white space.
func blanks(src []byte, at int) int {
	for at < len(src) && src[at] <= ' ' && isBlank(src[at]) {
		at++
	}
	return at
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// quoted passes a text in quotes; end is none where there is none. What a backslash stands before is not
// looked at.
func quoted(src []byte, at int) (end int, escapes bool) {
	if src[at] != '"' {
		return none, false
	}
	for i := at + 1; i < len(src); {
		if i+8 <= len(src) {
			found := special(binary.LittleEndian.Uint64(src[i:]))
			if found == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(found) / 8
		}
		switch c := src[i]; {
		case c == '"':
			return i + 1, escapes
		case c == '\\':
			escapes = true
			i += 2
		case c < ' ':
			return none, escapes
		default: // near the end of the source
			i++
		}
	}
	return none, escapes
}

// label passes the name of a member and the colon, up to its value. One that cannot be read is none: paths
// could not be told from it.
func label(src []byte, at int) int {
	end, escapes := quoted(src, at)
	if end < 0 || escapes && !json.Valid(src[at:end]) {
		return none
	}
	if at = blanks(src, end); at == len(src) || src[at] != ':' {
		return none
	}
	if at = blanks(src, at+1); at == len(src) {
		return none
	}
	return at
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special tells of eight bytes which is the first quote, backslash or control character: the lowest bit that
// is set is its highest. A byte of x is zero where the highest bit of (x-ones)&^x is the lowest that is set.
func special(x uint64) uint64 {
	quote, slash := x^ones*'"', x^ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (x-ones*' ')&^x) & highs
}

// unquoted passes a number, true, false or null; it is none where there is none of them.
func unquoted(src []byte, at int) int {
	end := at
	for end < len(src) && isNumeric(src[end]) {
		end++
	}
	switch {
	case end == at:
		return word(src, at)
	case end < len(src) && isBare(src[end]) || src[at]-'0' >= 10 && (src[at] != '-' || end == at+1):
		return none
	}
	return end
}

// word passes true, false or null.
func word(src []byte, at int) int {
	end := at
	for end < len(src) && isBare(src[end]) {
		end++
	}
	switch string(src[at:end]) {
	case "true", "false", "null":
		return end
	}
	return none
}

// isBare tells whether a byte can be within a value without quotes; others end it.
func isBare(c byte) bool { return c > ',' && c != ']' && c != '}' || c == '+' }

// isNumeric tells whether a byte can be within a number.
func isNumeric(c byte) bool {
	return c-'0' < 10 || c == '.' || c == '-' || c == '+' || c|' ' == 'e'
}

// isNumber tells whether a text can be a JSON number.
func isNumber(s string) bool {
	for i := range len(s) {
		if !isNumeric(s[i]) {
			return false
		}
	}
	return len(s) > 0 && (s[0]-'0' < 10 || s[0] == '-' && len(s) > 1)
}

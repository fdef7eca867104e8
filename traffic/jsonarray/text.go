package jsonarray

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Text is the string that a value is, empty of null, as encoding/json reads it. The value is one that
// [Stream.Value] has found.
func Text(raw []byte) (text string, err error) {
	if n := len(raw); n >= 2 && raw[0] == '"' && raw[n-1] == '"' && !control(raw) && utf8.Valid(raw) {
		inner := raw[1 : n-1]
		if bytes.IndexByte(inner, '\\') < 0 {
			return string(inner), nil
		}
		if plain, ok := unescape(inner); ok {
			return string(plain), nil
		}
	}
	err = json.Unmarshal(raw, &text)
	return text, err
}

// control tells whether there are characters that a string must escape.
func control(b []byte) bool {
	for _, c := range b {
		if c < ' ' {
			return true
		}
	}
	return false
}

// unescape undoes the escapes of a string, unless there is one that is wrong.
func unescape(b []byte) (out []byte, ok bool) {
	out = make([]byte, 0, len(b))
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return append(out, b...), true
		}
		out = append(out, b[:i]...)
		c, width := escape(b[i:])
		if width == 0 {
			return nil, false
		}
		out = utf8.AppendRune(out, c)
		b = b[i+width:]
	}
}

// escape is the character that b begins with an escape of, and how many bytes that has; 0 where it is none.
func escape(b []byte) (c rune, width int) {
	if len(b) < 2 {
		return 0, 0
	}
	const letters, characters = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if i := bytes.IndexByte([]byte(letters), b[1]); i >= 0 {
		return rune(characters[i]), 2
	}
	c, ok := unit(b)
	switch {
	case !ok:
		return 0, 0
	case !utf16.IsSurrogate(c):
		return c, 6
	}
	low, _ := unit(b[6:])
	if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
		return 0, 0
	}
	return c, 12
}

// unit reads the four hex digits of an escape such as \u00e9.
func unit(b []byte) (c rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}

package traffic

import "unicode/utf8"

// comma separates what comes from what came before it, if there is anything behind the opening bracket.
func comma(b []byte, bracket byte) []byte {
	if b[len(b)-1] == bracket {
		return b
	}
	return append(b, ',')
}

// appendLatin1 writes a string of JSON; bytes that are not UTF-8 are taken as ISO 8859-1, and then all others
// above 7 bits too.
func appendLatin1(b []byte, s string) []byte {
	if utf8.ValidString(s) {
		return appendText(b, s)
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return appendText(b, string(runes))
}

// appendURL percent-encodes what is above 7 bits where it is not UTF-8.
func appendURL(b []byte, target string) []byte {
	if utf8.ValidString(target) {
		return appendText(b, target)
	}
	encoded := make([]byte, 0, 3*len(target))
	for i := range len(target) {
		if c := target[i]; c < utf8.RuneSelf {
			encoded = append(encoded, c)
		} else {
			encoded = append(encoded, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return appendText(b, encoded)
}

const upperHex, lowerHex = "0123456789ABCDEF", "0123456789abcdef"

// appendText writes a string of JSON as encoding/json does without escaping HTML.
func appendText[T string | []byte](b []byte, s T) []byte {
	b = append(b, '"')
	done := 0 // what is written
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = appendEscape(append(b, s[done:i]...), c)
			i++
			done = i
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[done:i]...), `\ufffd`...)
		case r == '\u2028' || r == '\u2029': // they end lines in JavaScript
			b = append(append(b, s[done:i]...), `\u202`...)
			b = append(b, lowerHex[r&15])
		default:
			i += size
			continue
		}
		i += size
		done = i
	}
	return append(append(b, s[done:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', lowerHex[c>>4], lowerHex[c&15])
}

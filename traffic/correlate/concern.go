package correlate

import "bytes"

// concerns tells whether a recorded body that looks like JSON holds a value that a later request
// uses, or an address, whose parts might be used. Few bodies do; only those are worth decoding. It
// looks at every string and number, names included, and is right about bodies that are no JSON, too:
// nothing is read past their end.
func (l *Linker) concerns(body []byte) bool {
	var name []byte // the last text: of a value, it is the name of its member
	for at := 0; at < len(body); {
		c := body[at]
		switch {
		case c == '"':
			text, escaped, next := quoted(body, at+1)
			if escaped || isAddress(string(text)) || l.usedLater(text, name) {
				return true
			}
			at, name = next, text
		case c == '-' || c >= '0' && c <= '9':
			end := at + 1
			for end < len(body) && bytes.IndexByte([]byte("0123456789+-.eE"), body[end]) >= 0 {
				end++
			}
			if l.usedLater(body[at:end], name) {
				return true
			}
			at = end
		default:
			at++
		}
	}
	return false
}

// quoted is the text up to the closing quote, whether it has escapes, and where to go on.
func quoted(body []byte, start int) (text []byte, escaped bool, next int) {
	for end := start; end < len(body); end++ {
		switch body[end] {
		case '"':
			return body[start:end], escaped, end + 1
		case '\\':
			escaped = true
			end++
		}
	}
	return body[start:], escaped, len(body)
}

// usedLater tells whether a later request uses the token in a way that Learn would look at.
func (l *Linker) usedLater(token, name []byte) bool {
	u, ok := l.uses[string(token)]
	switch {
	case !ok:
		return false
	case isWeak(string(token)):
		return int(u.lastID) > l.at && (len(token) >= 4 || isIDName(string(name)))
	}
	return int(u.last) > l.at && looksIssued(string(token), true)
}

// looksLikeJSON tells by the first byte.
func looksLikeJSON(body []byte) bool {
	start := bytes.TrimLeft(body, " \t\r\n")
	return len(start) > 0 && (start[0] == '{' || start[0] == '[')
}

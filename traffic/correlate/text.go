package correlate

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// text replaces a value as a whole or, where it is not known as a whole, the tokens in it: first what
// stands between spaces, quotes, commas and the like, then the two sides of name=value, then runs of
// letters, digits, _ and -.
func (w rewriter) text(s string, how standing) (string, bool) {
	how |= whole
	if _, _, pair := cutPair(s); !pair {
		how |= coarse
	}
	if v, ok := w.find(s, how); ok {
		return v, true
	}
	p := pieces{w: w, address: isAddress(s)}
	return p.split(s, 0, 0)
}

// isAddress tells whether the text is a URL or an absolute path.
func isAddress(s string) bool { return strings.HasPrefix(s, "/") || strings.Contains(s, "://") }

// pieces looks at ever smaller parts of one text.
type pieces struct {
	w       rewriter
	address bool
}

// delimiters by level, the coarsest first. The last level splits at all that no token holds.
func (p pieces) delimiter(level int, r rune) bool {
	switch level {
	case 0:
		return unicode.IsSpace(r) || strings.ContainsRune(",;\"'`<>()[]{}|&?#", r)
	case 1:
		return r == '/' || r == ':'
	}
	return !isTokenRune(r)
}

func isTokenRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
}

const levels = 3

// split looks at each piece of s; before is the character in front of s.
func (p pieces) split(s string, level int, before rune) (string, bool) {
	if level == levels {
		return s, false
	}
	var out strings.Builder
	copied, start := 0, 0
	replace := func(end int) {
		if text, ok := p.piece(s, start, end, level, before); ok {
			out.WriteString(s[copied:start])
			out.WriteString(text)
			copied = end
		}
	}
	for i, r := range s {
		if !p.delimiter(level, r) {
			continue
		}
		replace(i)
		_, width := utf8.DecodeRuneInString(s[i:]) // 1 where r stands for a byte that is not UTF-8
		start, before = i+width, r
	}
	replace(len(s))
	if copied == 0 {
		return s, false
	}
	out.WriteString(s[copied:])
	return out.String(), true
}

// piece looks at s[start:end].
func (p pieces) piece(s string, start, end, level int, before rune) (string, bool) {
	part := s[start:end]
	if part == "" {
		return "", false
	}
	var how standing
	if p.address && before == '/' {
		how |= asID
	}
	name, rest, pair := cutPair(part)
	if level == 0 && !pair {
		how |= coarse
	}
	if len(part) < len(s) || level > 0 {
		if v, ok := p.find(part, how); ok {
			return v, true
		}
	}
	if level == 0 && pair {
		if v, ok := p.named(name, rest); ok {
			return v, true
		}
	}
	p.address = p.address || level == 0 && isAddress(part) // as in href="/orders/42"
	return p.split(part, level+1, before)
}

// cutPair parts name=value; what ends in = is no pair but base64.
func cutPair(s string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(s, "=")
	return name, value, ok && strings.Trim(value, "=") != ""
}

// named looks up what stands behind a name.
func (p pieces) named(name, rest string) (string, bool) {
	if p.w.at.kind == inCookie {
		p.w.at.name = name
	}
	v, ok := p.find(rest, idName(name)|whole|coarse)
	return name + "=" + v, ok
}

// find looks a piece up as it stands and, in an address, without its percent-encoding.
func (p pieces) find(part string, how standing) (string, bool) {
	if v, ok := p.w.find(part, how); ok {
		return v, true
	}
	if !p.address || !strings.Contains(part, "%") {
		return "", false
	}
	plain, err := url.QueryUnescape(part)
	if err != nil {
		return "", false
	}
	v, ok := p.w.find(plain, how)
	return url.QueryEscape(v), ok
}

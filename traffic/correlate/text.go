package correlate

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// text replaces a value as a whole or, where it is not known as a whole, the tokens in it: first what
// stands between spaces, quotes, commas and the like, then the two sides of name=value, then runs of
// letters, digits, _ and -.
func (w rewriter) text(s string, id bool) (string, bool) {
	if v, ok := w.find(s, id); ok {
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
	id := p.address && before == '/'
	if len(part) < len(s) || level > 0 {
		if v, ok := p.find(part, id); ok {
			return v, true
		}
	}
	if name, rest, ok := strings.Cut(part, "="); ok && level == 0 && rest != "" {
		if v, ok := p.find(rest, isIDName(name)); ok {
			return name + "=" + v, true
		}
	}
	return p.split(part, level+1, before)
}

// find looks a piece up as it stands and, in an address, without its percent-encoding.
func (p pieces) find(part string, id bool) (string, bool) {
	if v, ok := p.w.find(part, id); ok {
		return v, true
	}
	if !p.address || !strings.Contains(part, "%") {
		return "", false
	}
	plain, err := url.QueryUnescape(part)
	if err != nil {
		return "", false
	}
	v, ok := p.w.find(plain, id)
	return url.QueryEscape(v), ok
}

// isIDName tells whether a member, field or header of that name holds an identifier or a token: id,
// order_id, orderId, OrderID, uuid, next_cursor, X-Csrf-Token and the like.
func isIDName(name string) bool {
	word := lastWord(name)
	return slices.Contains([]string{"id", "ids", "uuid", "guid"}, word) || isTokenName(name)
}

// isTokenName tells whether the values of that name are renewed in the course of a session.
func isTokenName(name string) bool {
	return slices.Contains([]string{
		"token", "cursor", "csrf", "xsrf", "etag", "nonce", "session", "sid", "secret", "jwt", "next", "after",
	}, lastWord(name))
}

// lastWord is the last word of a name in snake_case, kebab-case or camelCase, in lower case.
func lastWord(name string) string {
	if i := strings.LastIndexAny(name, "_-. "); i >= 0 {
		name = name[i+1:]
	}
	end := len(name)
	if end == 0 {
		return ""
	}
	upper := func(i int) bool { return name[i] >= 'A' && name[i] <= 'Z' }
	i := end - 1
	for i > 0 && upper(i) { // a trailing run of capitals, as in orderID
		i--
	}
	if i == end-1 {
		for i > 0 && !upper(i) {
			i--
		}
		return strings.ToLower(name[i:])
	}
	if upper(i) {
		return strings.ToLower(name[i:])
	}
	return strings.ToLower(name[i+1:])
}

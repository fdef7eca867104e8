package transform

import "strings"

// hostStep puts one host name in place of another.
type hostStep struct {
	from, to string
	part     []byte // from
	port     bool   // to has one, so that it takes the place of that behind from, too
}

func (s *hostStep) apply(x *exchange, counts []int) error {
	if m := x.list[0]; m != nil {
		var n, more int
		m.Host, n = s.replace(m.Host)
		m.URL, more = s.replace(m.URL)
		counts[0] += n + more
	}
	change := func(_, value string) (string, int) { return s.replace(value) }
	for m := range x.messages(Both) {
		counts[0] += m.mapHeader(change)
		if !m.holds(s.part) {
			continue
		}
		if text, n := s.replace(string(m.body())); n > 0 {
			m.setBody([]byte(text))
			counts[0] += n
		}
	}
	return nil
}

// replace puts the new name in place of the old one wherever it is not a part of a longer name.
func (s *hostStep) replace(text string) (string, int) {
	if len(text) < len(s.from) || !strings.Contains(text, s.from) {
		return text, 0
	}
	var out strings.Builder
	last, n := 0, 0
	for at := 0; ; {
		i := strings.Index(text[at:], s.from)
		if i < 0 {
			break
		}
		i += at
		at = i + len(s.from)
		if !begins(text[:i]) || longer(text[at:]) {
			continue
		}
		if s.port {
			at += portIn(text[at:])
		}
		out.WriteString(text[last:i])
		out.WriteString(s.to)
		last = at
		n++
	}
	if n == 0 {
		return text, 0
	}
	out.WriteString(text[last:])
	return out.String(), n
}

// begins tells whether a name can begin behind a text: at the end of it is no part of a name, or an escape of
// a URL or of JSON, as in https%3A%2F%2Fhost.
func begins(before string) bool {
	n := len(before)
	if n == 0 || !inName(before[n-1]) {
		return true
	}
	return n >= 3 && before[n-3] == '%' && isHex(before[n-2:]) ||
		n >= 6 && before[n-6:n-4] == `\u` && isHex(before[n-4:]) ||
		n >= 2 && before[n-2] == '\\' && strings.IndexByte("nrt", before[n-1]) >= 0
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }

// portIn is the length of the port, with its colon, that a text begins with.
func portIn(text string) int {
	rest, found := strings.CutPrefix(text, ":")
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if !found || digits == 0 {
		return 0
	}
	return 1 + digits
}

// longer tells whether a name goes on with the text. A full stop at the end of a sentence does not count.
func longer(text string) bool {
	if text == "" {
		return false
	}
	if text[0] == '.' {
		return len(text) > 1 && inName(text[1])
	}
	return inName(text[0])
}

// inName tells whether a byte can be within a host name.
func inName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_'
}

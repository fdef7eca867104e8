package transform

import "strings"

// hostStep puts one host name in place of another.
type hostStep struct{ from, to string }

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
		if text, n := s.replace(m.body()); n > 0 {
			m.setBody(text)
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
		if i > 0 && inName(text[i-1]) || longer(text[at:]) {
			continue
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

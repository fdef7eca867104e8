package correlate

import "strings"

// scanner steps from leaf to leaf through a valid JSON text.
type scanner struct {
	src        string
	at         int
	start, end int
	// key is the name of the member that the leaf, or the array around it, belongs to.
	key  string
	open []string
}

// next finds the next string or number that is a value.
func (s *scanner) next() bool {
	for s.at < len(s.src) {
		s.start = s.at
		c := s.src[s.at]
		s.at++
		switch {
		case c == '{' || c == '[':
			s.open = append(s.open, s.key)
		case c == '}' || c == ']':
			s.key = s.open[len(s.open)-1]
			s.open = s.open[:len(s.open)-1]
		case c == '"':
			s.skipString()
			if !s.named() {
				s.end = s.at
				return true
			}
			s.key = unquote(s.src[s.start:s.at])
		case c == '-' || c >= '0' && c <= '9':
			s.skipNumber()
			s.end = s.at
			return true
		}
	}
	return false
}

func (s *scanner) skipString() {
	for ; s.src[s.at] != '"'; s.at++ {
		if s.src[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

func (s *scanner) skipNumber() {
	for s.at < len(s.src) && strings.IndexByte("0123456789+-.eE", s.src[s.at]) >= 0 {
		s.at++
	}
}

// named tells whether a colon follows, so that what was read is a name.
func (s *scanner) named() bool {
	rest := strings.TrimLeft(s.src[s.at:], " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

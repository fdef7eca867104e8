package accesslog

import (
	"strconv"
	"strings"
)

// scanner cuts a line into fields: words, and text in double quotes with its escapes undone.
type scanner struct {
	rest string
}

type scanned struct {
	text   string
	quoted bool
}

func (s *scanner) peek() (scanned, bool) {
	before := *s
	f, ok := s.next()
	*s = before
	return f, ok
}

func (s *scanner) next() (scanned, bool) {
	for s.rest != "" && (s.rest[0] == ' ' || s.rest[0] == '\t') {
		s.rest = s.rest[1:]
	}
	if len(s.rest) == 0 {
		return scanned{}, false
	}
	if s.rest[0] == '"' {
		return s.quoted(), true
	}
	end := strings.IndexByte(s.rest, ' ')
	if end < 0 {
		end = len(s.rest)
	}
	f := scanned{text: s.rest[:end]}
	s.rest = s.rest[end:]
	return f, true
}

// quoted takes the text up to the closing quote; one that is never closed goes to the end.
func (s *scanner) quoted() scanned {
	escapes := false
	i := 1
	for ; i < len(s.rest) && s.rest[i] != '"'; i++ {
		if s.rest[i] == '\\' {
			escapes = true
			i++
		}
	}
	end := min(i, len(s.rest))
	text := s.rest[1:end]
	s.rest = s.rest[min(i+1, len(s.rest)):]
	if escapes {
		text = unescape(text)
	}
	return scanned{text: text, quoted: true}
}

// unescape undoes \xNN (nginx, Apache), \" and \\, and the letters that Apache escapes.
func unescape(b string) string {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		i++
		switch c := b[i]; c {
		case 'x':
			if i+2 < len(b) {
				if n, err := strconv.ParseUint(b[i+1:i+3], 16, 8); err == nil {
					out = append(out, byte(n))
					i += 2
					continue
				}
			}
			out = append(out, '\\', c)
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

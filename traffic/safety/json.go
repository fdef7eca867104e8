package safety

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/traffic"
)

// json looks at a JSON text: at its values by their form, and at members with telling names. The text is only
// followed by its structure where something is found.
func (s *Scanner) json(text []byte) {
	places := locator{text: text}
	plain := meant(text)
	s.forms.detect(plain, func(h hit) {
		where, name := places.at(h.start)
		if h.kind == Card && s.names.of(name) == number {
			return
		}
		s.found(h.kind, where, plain[h.start:h.end])
	})
	s.members(text)
}

// meant is a JSON text with the escapes in its strings undone. What a string loses stands as space at its end, so
// that places are within the same string as before.
func meant(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	out := bytes.Clone(text)
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '"')
		if i < 0 {
			return out
		}
		start := at + i + 1
		end := stringEnd(text, start)
		for n := start + len(appendMeant(out[start:start:end], text[start:end])); n < end; n++ {
			out[n] = ' '
		}
		at = min(end+1, len(text))
	}
}

// appendMeant appends the content of a JSON string without its escapes, which are longer than what they stand for.
func appendMeant(b, in []byte) []byte {
	const escapes, signs, unit = `bfnrt`, "\b\f\n\r\t", len(`\u0000`)
	for i := 0; i < len(in); i++ {
		c := in[i]
		if c != '\\' || i+1 == len(in) {
			b = append(b, c)
			continue
		}
		if in[i+1] == 'u' && i+unit <= len(in) {
			if n, err := strconv.ParseUint(string(in[i+2:i+unit]), 16, 16); err == nil {
				b = utf8.AppendRune(b, rune(n)) // halves of a pair are parts of nothing that is looked for
				i += unit - 1
				continue
			}
		}
		i++
		c = in[i]
		if n := strings.IndexByte(escapes, c); n >= 0 {
			c = signs[n]
		}
		b = append(b, c)
	}
	return b
}

// members visits the members of all objects whose names are telling.
func (s *Scanner) members(text []byte) {
	places := locator{text: text}
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '"')
		if i < 0 {
			return
		}
		start := at + i + 1
		end := stringEnd(text, start)
		at = min(end+1, len(text))
		colon := skipSpace(text, at)
		if colon >= len(text) || text[colon] != ':' || !mayTell(text[start:end]) {
			continue
		}
		m := s.names.of(text[start:end])
		if m == nothing || m == number || m == session {
			continue
		}
		at = skipSpace(text, colon+1)
		value, next := single(text, at)
		at = next
		if bytes.IndexByte(value, '\\') >= 0 {
			value = appendMeant(nil, value)
		}
		if !m.isSecret(string(value)) || s.known(value) {
			continue
		}
		where, _ := places.at(next - 1)
		s.found(Secret, where, value)
	}
}

// known tells whether a value is found by its form.
func (s *Scanner) known(value []byte) (yes bool) {
	s.forms.detect(value, func(hit) { yes = true })
	return yes
}

// mayTell tells whether a name can be a telling one, by its last letter.
func mayTell(name []byte) bool {
	if len(name) < 2 {
		return false
	}
	switch name[len(name)-1] | 0x20 {
	case 'd', 'e', 't', 'y', 'n', 'l', 'v', 'c':
		return true
	}
	return false
}

// single is the text or number that begins at a place, and where it ends; empty for all else.
func single(text []byte, at int) (value []byte, next int) {
	switch {
	case at >= len(text):
		return nil, at
	case text[at] == '"':
		end := stringEnd(text, at+1)
		return text[at+1 : end], min(end+1, len(text))
	}
	end := at
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	return text[at:end], end
}

// stringEnd is the place of the quote that ends the string whose content begins at a place.
func stringEnd(text []byte, at int) int {
	for {
		i := bytes.IndexByte(text[at:], '"')
		if i < 0 {
			return len(text)
		}
		at += i
		slashes := 0
		for text[at-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return at
		}
		at++
	}
}

func skipSpace(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r') {
		at++
	}
	return at
}

// locator tells the paths of places in a JSON text, asked for in ascending order.
type locator struct {
	text  []byte
	next  int
	stack []level
	key   bool // the next string is the name of a member
	end   int  // where the string at next ends, once that is known
}

// level is an object or a list that is open.
type level struct {
	object bool
	name   []byte
}

// at is the path of a value, with [*] for the elements of lists and .* for names that were made up by a
// machine or may themselves be personal; name is that of the innermost member. Very deep ones end in two dots.
func (l *locator) at(place int) (path string, name []byte) {
	const deepest = 32
	l.advance(place)
	b := []byte("json:$")
	for i, level := range l.stack {
		if i == deepest {
			return string(b) + "..", l.stack[len(l.stack)-1].name
		}
		if level.object {
			name = level.name
			b = append(b, '.')
			b = append(b, nameStep(level.name)...)
		} else {
			b = append(b, "[*]"...)
		}
	}
	return string(b), name
}

func nameStep(name []byte) string {
	const longest = 40
	if len(name) == 0 || len(name) > longest || bytes.ContainsAny(name, " .@/\\'\"[]:+") ||
		traffic.Template(string(name)) != string(name) {
		return "*"
	}
	return string(name)
}

// advance reads on until the value that holds a place.
func (l *locator) advance(place int) {
	for l.next < place && l.next < len(l.text) {
		switch c := l.text[l.next]; c {
		case '{', '[':
			l.stack = append(l.stack, level{object: c == '{'})
			l.key = c == '{'
		case '}', ']':
			if len(l.stack) > 0 {
				l.stack = l.stack[:len(l.stack)-1]
			}
			l.key = false
		case ',':
			l.key = len(l.stack) > 0 && l.stack[len(l.stack)-1].object
		case ':':
			l.key = false
		case '"':
			if l.end <= l.next {
				l.end = stringEnd(l.text, l.next+1)
			}
			end := l.end
			if end >= place {
				if l.key {
					l.stack[len(l.stack)-1].name = nil // it is the name itself
				}
				return
			}
			if l.key {
				l.stack[len(l.stack)-1].name = l.text[l.next+1 : end]
			}
			l.next = end
		}
		l.next++
	}
}

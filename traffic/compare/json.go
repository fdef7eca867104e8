package compare

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// parseJSON reads one JSON text as of RFC 8259. Repeated keys and number literals are kept.
func parseJSON(body []byte) (*value, bool) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !json.Valid(body) {
		return nil, false
	}
	p := parser{src: string(body)}
	v := p.value("")
	return &v, true
}

// parseLines reads JSON texts one per line, blank lines left out, as one array.
func parseLines(body []byte) (*value, bool) {
	lines := &value{kind: arrayKind}
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		v, ok := parseJSON(line)
		if !ok {
			return nil, false
		}
		lines.kids = append(lines.kids, *v)
	}
	return lines, len(lines.kids) > 0
}

// parser reads JSON that is known to be valid.
type parser struct {
	src string
	at  int
	// stack holds the kids of the containers that are open, so that each container is allocated once
	// and in its right size.
	stack []value
}

// value reads a value. The elements of an array carry the key of the array, so that it is known of each
// leaf what it is called.
func (p *parser) value(key string) value {
	p.space()
	switch c := p.src[p.at]; c {
	case '{':
		return value{kind: objectKind, key: key, kids: p.members()}
	case '[':
		return value{kind: arrayKind, key: key, kids: p.items(key)}
	case '"':
		return value{kind: stringKind, key: key, text: p.text()}
	case 't', 'f':
		return value{kind: boolKind, key: key, text: p.literal()}
	case 'n':
		p.literal()
		return value{kind: nullKind, key: key}
	}
	return value{kind: numberKind, key: key, text: p.literal()}
}

func (p *parser) members() []value {
	base := len(p.stack)
	for p.next('}') {
		key := p.text()
		p.space()
		p.at++ // the colon
		v := p.value(key)
		p.stack = append(p.stack, v)
	}
	kids := p.pop(base)
	sortByKey(kids)
	return kids
}

func (p *parser) items(key string) []value {
	base := len(p.stack)
	for p.next(']') {
		v := p.value(key)
		p.stack = append(p.stack, v)
	}
	return p.pop(base)
}

// next steps over the opening bracket or the comma. At the closing bracket it steps behind it and is
// false.
func (p *parser) next(end byte) bool {
	p.space()
	closed := p.src[p.at] == end
	p.at++
	if closed {
		return false
	}
	p.space()
	if p.src[p.at] == end {
		p.at++
		return false
	}
	return true
}

func (p *parser) pop(base int) []value {
	kids := slices.Clone(p.stack[base:])
	p.stack = p.stack[:base]
	return kids
}

func sortByKey(kids []value) {
	byKey := func(a, b value) int { return strings.Compare(a.key, b.key) }
	if !slices.IsSortedFunc(kids, byKey) {
		slices.SortStableFunc(kids, byKey)
	}
}

func (p *parser) space() {
	for p.at < len(p.src) {
		switch p.src[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

// literal reads a number, true, false or null.
func (p *parser) literal() string {
	start := p.at
	for p.at < len(p.src) {
		switch p.src[p.at] {
		case ',', ']', '}', ' ', '\t', '\r', '\n':
			return p.src[start:p.at]
		}
		p.at++
	}
	return p.src[start:]
}

// text reads a string with its quotes and decodes it.
func (p *parser) text() string {
	start := p.at + 1
	escaped := false
	for p.at = start; p.src[p.at] != '"'; p.at++ {
		if p.src[p.at] == '\\' {
			escaped = true
			p.at++
		}
	}
	s := p.src[start:p.at]
	p.at++
	if escaped {
		return unescape(s)
	}
	return s
}

// unescape decodes the escapes of a JSON string. A lone surrogate becomes its three-byte form rather
// than U+FFFD, so that two different ones stay different.
func unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if s[i] != 'u' {
			b.WriteByte(unescapeByte(s[i]))
			continue
		}
		r := hexRune(s[i+1:])
		i += 4
		if utf16.IsSurrogate(r) && strings.HasPrefix(s[i+1:], `\u`) {
			if pair := utf16.DecodeRune(r, hexRune(s[i+3:])); pair != utf8.RuneError {
				r = pair
				i += 6
			}
		}
		writeRune(&b, r)
	}
	return b.String()
}

func unescapeByte(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

func hexRune(s string) rune {
	n, err := strconv.ParseUint(s[:4], 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}

func writeRune(b *strings.Builder, r rune) {
	if utf16.IsSurrogate(r) {
		b.WriteByte(0xe0 | byte(r>>12))
		b.WriteByte(0x80 | byte(r>>6)&0x3f)
		b.WriteByte(0x80 | byte(r)&0x3f)
		return
	}
	b.WriteRune(r)
}

// countLeaves counts the scalars and empty containers of a valid JSON text without building a tree.
func countLeaves(src []byte) int64 {
	var n int64
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '"':
			i = skipString(src, i)
			if !followedBy(src, i+1, ':') {
				n++
			}
		case '{', '[':
			if followedBy(src, i+1, src[i]+2) {
				n++
			}
		case '}', ']', ',', ':', ' ', '\t', '\r', '\n':
		default:
			n++
			for i+1 < len(src) && !strings.ContainsRune(",]} \t\r\n", rune(src[i+1])) {
				i++
			}
		}
	}
	return n
}

// skipString returns the index of the closing quote of the string that opens at i.
func skipString(src []byte, i int) int {
	for i++; i < len(src) && src[i] != '"'; i++ {
		if src[i] == '\\' {
			i++
		}
	}
	return i
}

// followedBy tells whether the next byte that is not white space is c.
func followedBy(src []byte, i int, c byte) bool {
	for ; i < len(src); i++ {
		switch src[i] {
		case ' ', '\t', '\r', '\n':
		default:
			return src[i] == c
		}
	}
	return false
}

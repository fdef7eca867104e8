package compare

import "strings"

// maxDepth is how deep containers may be nested, as in encoding/json.
const maxDepth = 10000

// lexer steps through a JSON text (RFC 8259) and checks it. As encoding/json does it takes any bytes
// above 0x1f for characters.
type lexer struct {
	src string
	at  int
}

// peek is the next byte that is not white space, 0 at the end.
func (l *lexer) peek() byte {
	for ; l.at < len(l.src); l.at++ {
		switch c := l.src[l.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// ended tells whether nothing but white space is left.
func (l *lexer) ended() bool {
	l.peek()
	return l.at == len(l.src)
}

// take steps over the byte if it comes next.
func (l *lexer) take(c byte) bool {
	if l.peek() != c {
		return false
	}
	l.at++
	return true
}

// more steps over what follows an element of a container: it is true behind a comma, false behind the
// closing bracket.
func (l *lexer) more(end byte) (more, ok bool) {
	if l.take(',') {
		return true, true
	}
	return false, l.take(end)
}

// text steps over a string and gives what is between its quotes.
func (l *lexer) text() (raw string, escaped, ok bool) {
	if !l.take('"') {
		return "", false, false
	}
	start := l.at
	for i := start; i < len(l.src); i++ {
		switch c := l.src[i]; {
		case c == '"':
			l.at = i + 1
			return l.src[start:i], escaped, true
		case c == '\\':
			escaped = true
			n := escapeLength(l.src[i+1:])
			if n == 0 {
				return "", false, false
			}
			i += n
		case c < ' ':
			return "", false, false
		}
	}
	return "", false, false
}

// escapeLength is how many bytes behind a backslash belong to it, 0 if they are no escape.
func escapeLength(s string) int {
	switch {
	case s == "":
		return 0
	case strings.IndexByte(`"\/bfnrt`, s[0]) >= 0:
		return 1
	case s[0] != 'u' || len(s) < 5:
		return 0
	}
	for i := 1; i < 5; i++ {
		if !isHex(s[i]) {
			return 0
		}
	}
	return 5
}

// name steps over the name of a member and the colon.
func (l *lexer) name() (raw string, escaped, ok bool) {
	raw, escaped, ok = l.text()
	return raw, escaped, ok && l.take(':')
}

// literal steps over a number, true, false or null.
func (l *lexer) literal() (string, bool) {
	rest := l.src[l.at:]
	n := 0
	switch l.peek() {
	case 't':
		n = prefixLength(rest, "true")
	case 'f':
		n = prefixLength(rest, "false")
	case 'n':
		n = prefixLength(rest, "null")
	default:
		n = numberLength(rest)
	}
	l.at += n
	return rest[:n], n > 0
}

func prefixLength(s, prefix string) int {
	if strings.HasPrefix(s, prefix) {
		return len(prefix)
	}
	return 0
}

// numberLength is the length of the number that s begins with, 0 if it begins with none.
func numberLength(s string) int {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	whole := digits(s[i:])
	if whole == 0 || whole > 1 && s[i] == '0' {
		return 0
	}
	i += whole
	if i < len(s) && s[i] == '.' {
		n := digits(s[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		n := digits(s[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	return i
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// countLeaves counts the scalars and empty containers of a JSON text without building a tree. It is not
// ok if the text is no JSON.
func countLeaves(src string) (leaves int64, ok bool) {
	l := lexer{src: src}
	leaves, ok = l.count(0)
	return leaves, ok && l.ended()
}

func (l *lexer) count(depth int) (leaves int64, ok bool) {
	switch c := l.peek(); c {
	case '{', '[':
		return l.countKids(c, depth)
	case '"':
		_, _, ok = l.text()
	default:
		_, ok = l.literal()
	}
	return 1, ok
}

func (l *lexer) countKids(open byte, depth int) (leaves int64, ok bool) {
	end := open + 2 // the closing bracket in ASCII
	l.at++
	if l.take(end) {
		return 1, true
	}
	for more := depth < maxDepth; more; {
		if open == '{' {
			if _, _, ok := l.name(); !ok {
				return 0, false
			}
		}
		n, ok := l.count(depth + 1)
		if !ok {
			return 0, false
		}
		leaves += n
		if more, ok = l.more(end); !ok {
			return 0, false
		}
	}
	return leaves, depth < maxDepth
}

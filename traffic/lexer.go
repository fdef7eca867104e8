package traffic

import (
	"strconv"
	"unicode/utf8"
)

// lexer takes JSON text apart that is valid UTF-8. Whatever it does not expect sets bad, for good.
type lexer struct {
	src []byte
	at  int
	bad bool
}

// next is the byte that comes behind white space, 0 at the end.
func (l *lexer) next() byte {
	for ; l.at < len(l.src); l.at++ {
		switch c := l.src[l.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// open takes the bracket that an object or a list begins with.
func (l *lexer) open(bracket byte) {
	if l.next() != bracket {
		l.bad = true
		return
	}
	l.at++
}

// more tells whether element n of an object or a list follows, and takes the comma before it or the closing
// bracket instead of it.
func (l *lexer) more(closing byte, n int) bool {
	switch c := l.next(); {
	case l.bad:
		return false
	case c == closing:
		l.at++
		return false
	case n == 0:
		return true
	case c == ',':
		l.at++
		return true
	}
	l.bad = true
	return false
}

// key takes the name of a member and the colon. Names with escapes are not expected.
func (l *lexer) key() []byte {
	name := l.text()
	if l.next() != ':' || name.escaped() {
		l.bad = true
		return nil
	}
	l.at++
	return name.raw
}

// text takes a string.
func (l *lexer) text() text {
	if l.next() != '"' {
		l.bad = true
		return text{}
	}
	first, saved := l.at+1, 0
	i := plainTo(l.src, first)
	for i < len(l.src) && l.src[i] == '\\' {
		c, width := escape(l.src[i:])
		if width == 0 {
			break
		}
		saved += width - utf8.RuneLen(c)
		i = plainTo(l.src, i+width)
	}
	if i == len(l.src) || l.src[i] != '"' {
		l.bad = true
		return text{}
	}
	l.at = i + 1
	return text{raw: l.src[first:i], size: i - first - saved}
}

// member takes the string of a member, which comes only once.
func (l *lexer) member(t *text) {
	if t == nil || t.raw != nil {
		l.bad = true
		return
	}
	*t = l.text()
}

// nullable takes a string or null, of which there are no bytes.
func (l *lexer) nullable() text {
	const null = "null"
	if l.next() != 'n' {
		return l.text()
	}
	if len(l.src)-l.at < len(null) || string(l.src[l.at:l.at+len(null)]) != null {
		l.bad = true
		return text{}
	}
	l.at += len(null)
	return text{}
}

// once refuses what comes again.
func (l *lexer) once(first bool) { l.bad = l.bad || !first }

// number takes a number, of which more is expected than of JSON's: no sign, no exponent.
func (l *lexer) number() float64 {
	l.next()
	first := l.at
	l.integer()
	if l.at < len(l.src) && l.src[l.at] == '.' {
		l.at++
		l.digits()
	}
	value, err := strconv.ParseFloat(string(l.src[first:l.at]), 64)
	l.bad = l.bad || err != nil
	return value
}

// whole takes a whole number of one to nine digits.
func (l *lexer) whole() int {
	digits := l.integer()
	l.bad = l.bad || len(digits) > 9
	value := 0
	for _, c := range digits {
		value = 10*value + int(c-'0')
	}
	return value
}

// digits takes one digit or more.
func (l *lexer) digits() []byte {
	first := l.at
	for l.at < len(l.src) && l.src[l.at]-'0' <= 9 {
		l.at++
	}
	l.bad = l.bad || l.at == first
	return l.src[first:l.at]
}

// integer takes digits that do not begin with a zero too many.
func (l *lexer) integer() []byte {
	l.next()
	digits := l.digits()
	l.bad = l.bad || len(digits) > 1 && digits[0] == '0'
	return digits
}

package mocks

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// decodeJSON parses exactly one JSON value and keeps numbers as they are written.
func decodeJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text behind the JSON value")
	}
	return v, nil
}

// canonicalNumber writes a number so that all spellings of one value are equal: 1, 1.0 and 10e-1.
func canonicalNumber(n json.Number) string {
	s, sign := string(n), ""
	if strings.HasPrefix(s, "-") {
		s, sign = s[1:], "-"
	}
	mantissa, exponent, e := s, "", 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i+1:]
		var err error
		if e, err = strconv.Atoi(exponent); err != nil {
			return string(n)
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return "0"
	}
	e += len(digits) - len(significant) - len(fraction)
	if e == 0 {
		return sign + significant
	}
	return sign + significant + "e" + strconv.Itoa(e)
}

func equalNumbers(a, b json.Number) bool {
	return a == b || canonicalNumber(a) == canonicalNumber(b)
}

// compactJSON writes a decoded value on one line, as it is shown and as sub-patterns see it.
func compactJSON(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return string(v)
	case *placeholder:
		return v.text
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// step is one step of a location in a JSON document; a nil step is the root.
type step struct {
	parent *step
	name   string
	index  int // -1 for a name
}

// String shows the location in the path grammar of match.ignore: $.items[0].id.
func (s *step) String() string {
	if s == nil {
		return "$"
	}
	switch {
	case s.index >= 0:
		return s.parent.String() + "[" + strconv.Itoa(s.index) + "]"
	case plainName(s.name):
		return s.parent.String() + "." + s.name
	}
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s.name)
	return s.parent.String() + "['" + quoted + "']"
}

// plainName tells whether a member name can follow a dot (RFC 9535 section 2.5.1.1, ASCII part).
func plainName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// shorten keeps reports readable: a value is shown up to 200 bytes.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

package transform

import (
	"errors"
	"regexp"
	"strings"
)

// replaceStep replaces what a regular expression matches.
type replaceStep struct {
	expr *regexp.Regexp
	with string
	in   Side
}

func (s *replaceStep) apply(x *exchange, counts []int) error {
	if m := x.list[0]; m != nil && s.in != Response {
		url, n := s.replace(m.URL)
		if n > 0 && (url == "" || strings.ContainsAny(url, " \t\r\n")) {
			return errors.New("replace: the URL would be empty or have a blank or a line break in it")
		}
		m.URL = url
		counts[0] += n
	}
	var err error
	header := func(_, value string) (string, int) {
		text, n := s.replace(value)
		if strings.ContainsAny(text, "\r\n") {
			err = errors.New("replace: a header value would have a line break in it")
		}
		return text, n
	}
	for m := range x.messages(s.in) {
		counts[0] += m.mapHeader(header)
		if text, n := s.replace(string(m.body())); n > 0 {
			m.setBody([]byte(text))
			counts[0] += n
		}
	}
	return err
}

func (s *replaceStep) replace(text string) (string, int) {
	found := s.expr.FindAllStringSubmatchIndex(text, -1)
	if len(found) == 0 {
		return text, 0
	}
	var out []byte
	last := 0
	for _, at := range found {
		out = append(out, text[last:at[0]]...)
		out = s.expr.ExpandString(out, s.with, text, at)
		last = at[1]
	}
	return string(append(out, text[last:]...)), len(found)
}

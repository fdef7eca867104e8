package transform

import (
	"encoding/json"
	"strings"
)

// idStep puts other ids in place of recorded ones, where they are the whole value.
type idStep struct {
	ids map[string]string
	// lengths has a bit for each length of a recorded id, the last for all of 63 and more.
	lengths uint64
}

func newIDStep(ids map[string]string) *idStep {
	s := &idStep{ids: ids}
	for id := range ids {
		s.lengths |= 1 << min(len(id), 63)
	}
	return s
}

// lookup finds the new id for a value.
func (s *idStep) lookup(value string) (string, bool) {
	if s.lengths&(1<<min(len(value), 63)) == 0 {
		return "", false
	}
	id, ok := s.ids[value]
	return id, ok
}

func (s *idStep) apply(x *exchange, counts []int) error {
	find := func(_, value string) (string, bool) {
		id, ok := s.lookup(value)
		if ok {
			counts[0]++
		}
		return id, ok
	}
	if m := x.list[0]; m != nil {
		url, n := mapSegments(m.URL, s.lookup)
		counts[0] += n
		m.URL = mapQuery(url, find)
	}
	for m := range x.messages(Both) {
		counts[0] += m.mapHeader(s.header)
		mapBody(m, find, s.scalar(counts))
	}
	return nil
}

// scalar finds ids among the values of JSON.
func (s *idStep) scalar(counts []int) func(raw string, _ positions) (string, bool) {
	return func(raw string, _ positions) (string, bool) {
		id, ok := s.lookup(plain(raw))
		if !ok {
			return "", false
		}
		counts[0]++
		if raw[0] != '"' && isNumber(id) && json.Valid([]byte(id)) {
			return id, true
		}
		return quote(id), true
	}
}

// header finds an id that is a whole value, behind a scheme, a cookie's value or a segment of a URL.
func (s *idStep) header(name, value string) (string, int) {
	n := 0
	find := func(_, v string) (string, bool) {
		id, ok := s.lookup(v)
		if ok {
			n++
		}
		return id, ok
	}
	switch {
	case name == "Cookie" || name == "Set-Cookie":
		return mapCookies(value, name == "Cookie", find)
	case strings.IndexByte(value, '/') >= 0:
		url, segments := mapSegments(value, s.lookup)
		url = mapQuery(url, find)
		return url, n + segments
	}
	scheme, rest := splitScheme(value)
	if id, ok := s.lookup(rest); ok {
		return scheme + id, 1
	}
	return value, 0
}

// mapBody changes single values of a body: of a form, of JSON, or the body itself where it is neither.
func mapBody(
	m *message, pair func(name, value string) (string, bool), scalar func(string, positions) (string, bool),
) {
	switch {
	case m.isJSON():
		w := rewriter{src: m.body(), change: scalar}
		if text, err := w.run(); err == nil && w.last > 0 {
			m.setBody(text)
		}
	case m.isForm():
		if text, changed := mapPairs(m.body(), pair); changed {
			m.setBody(text)
		}
	}
}

// plain is the text of a single JSON value.
func plain(raw string) string {
	if raw[0] != '"' {
		return raw
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	var text string
	_ = json.Unmarshal([]byte(raw), &text) // what is no JSON is no text that is looked for
	return text
}

// quote writes a text as JSON.
func quote(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a text can be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

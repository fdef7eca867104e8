package transform

import "strings"

// idStep puts other ids in place of recorded ones, where they are the whole value.
type idStep struct {
	ids    map[string]string
	shapes shapes
}

func newIDStep(ids map[string]string) *idStep {
	s := &idStep{ids: ids}
	for id := range ids {
		s.shapes.add(id[:1], len(id))
	}
	return s
}

// lookup finds the new id for a value.
func (s *idStep) lookup(value string) (string, bool) {
	if !s.shapes.has(value) {
		return "", false
	}
	id, ok := s.ids[value]
	return id, ok
}

func (s *idStep) apply(x *exchange, counts []int) error {
	find := func(value string) (string, bool) {
		id, ok := s.lookup(value)
		if ok {
			counts[0]++
		}
		return id, ok
	}
	if m := x.list[0]; m != nil {
		url, n := mapSegments(m.URL, s.lookup)
		counts[0] += n
		m.URL = mapQuery(url, func(_, value string) (string, bool) { return find(value) })
	}
	for m := range x.messages(Both) {
		counts[0] += m.mapHeader(s.header)
		m.mapBody(&s.shapes, find)
	}
	return nil
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

package mocks

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// mostDifferences bounds what is reported about one body.
const mostDifferences = 20

// Compare tells how far a request is from a stub: 0 for a match, 1 for nothing in common, and what
// differs, in the order method, path, query, headers, cookies, body. Scenarios are not its matter.
func (s *Stub) Compare(r *Request) (distance float64, diffs []Difference) {
	c := comparison{}
	p := s.Request
	c.check(p.acceptsMethod(r.Method), 1, Difference{"method", p.methodText(), r.Method})
	c.path(p, r)
	for _, name := range slices.Sorted(maps.Keys(p.PathParameters)) {
		c.values("path."+name, p.PathParameters[name], p.pathParameter(r, name))
	}
	c.query(p, r)
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		c.values("header."+name, p.Headers[name], r.HeaderValues(http.CanonicalHeaderKey(name)))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Cookies)) {
		want, got := p.Cookies[name], r.Cookies()[name]
		c.check(want.meets(got), 1, Difference{"cookie." + name, shorten(want.String()), shown(got)})
	}
	c.content(p, r)
	return c.lost / c.total, c.diffs
}

// content compares the origin, forms, parts and bodies.
func (c *comparison) content(p *RequestPattern, r *Request) {
	p.originParts(r, func(ok bool, d Difference) bool {
		c.check(ok, 1, d)
		return true
	})
	for _, name := range slices.Sorted(maps.Keys(p.FormParameters)) {
		c.values("form."+name, p.FormParameters[name], r.Form()[name])
	}
	for _, want := range p.MultipartPatterns {
		c.check(want.matches(r), 1,
			Difference{"part", shorten(string(marshal(want))), fmt.Sprintf("%d parts", len(r.Parts()))})
	}
	for _, want := range p.BodyPatterns {
		c.body(want, &r.Body)
	}
}

type comparison struct {
	lost, total float64
	diffs       []Difference
}

// check counts one part; loss is how much of it is lost where it does not match.
func (c *comparison) check(ok bool, loss float64, d ...Difference) {
	c.total++
	if !ok {
		c.lost += loss
		c.diffs = append(c.diffs, d...)
	}
}

func (c *comparison) path(p *RequestPattern, r *Request) {
	want, query, pinsQuery, literal := p.Literal()
	switch {
	case !literal:
		expr := p.URLPattern + p.URLPathPattern + p.URLPathTemplate
		c.check(p.pathMatches(r), 1, Difference{"path", expr, r.Path})
		return
	case want != r.Path:
		c.check(false, segmentLoss(want, r.Path), Difference{"path", want, r.Path})
	default:
		c.check(true, 0)
	}
	if pinsQuery {
		c.rawQuery(query, r)
	}
}

// segmentLoss is the share of path segments that differ.
func segmentLoss(want, got string) float64 {
	a, b := strings.Split(want, "/"), strings.Split(got, "/")
	same := 0
	for i := 1; i < min(len(a), len(b)); i++ {
		if a[i] == b[i] {
			same++
		}
	}
	return 1 - float64(same)/float64(max(len(a), len(b), 2))
}

// rawQuery compares a query that is pinned as text, by name, so that the report is readable.
func (c *comparison) rawQuery(query string, r *Request) {
	if query == r.RawQuery {
		return
	}
	want := (&Request{RawQuery: query}).Query()
	got := r.Query()
	before := len(c.diffs)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		c.check(slices.Equal(want[name], got[name]), 1,
			Difference{"query." + name, shown(want[name]), shown(got[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, known := want[name]; !known {
			c.check(false, 1, Difference{"query." + name, missing, shown(got[name])})
		}
	}
	if len(c.diffs) == before {
		c.check(false, 0.1, Difference{"query", query, r.RawQuery})
	}
}

func (c *comparison) query(p *RequestPattern, r *Request) {
	for _, name := range slices.Sorted(maps.Keys(p.QueryParameters)) {
		c.values("query."+name, p.QueryParameters[name], r.Query()[name])
	}
	if !p.extras.ExactQuery {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(r.Query())) {
		values := r.Query()[name]
		want, known := p.QueryParameters[name]
		if p.expects(name, values) || known && !want.MatchValues(values) {
			continue
		}
		expected := missing
		if known {
			expected = want.String()
		}
		c.check(false, 1, Difference{"query." + name, expected, shown(values)})
	}
}

func (c *comparison) values(where string, want *Pattern, got []string) {
	c.check(want.MatchValues(got), 1, Difference{where, shorten(want.String()), shown(got)})
}

func (c *comparison) body(want *Pattern, got *Value) {
	if want.Match(got) {
		c.check(true, 0)
		return
	}
	actual := missing
	if got.Present {
		actual = shorten(got.Text)
	}
	where, whole := "body", Difference{Expected: shorten(want.String()), Actual: actual}
	switch m := want.m.(type) {
	case *equalToJSON:
		if tree, ok := got.json(); ok && got.Present {
			d := differ{rules: m, limit: mostDifferences}
			d.compare(nil, m.want, tree)
			loss := float64(d.count) / float64(1+len(features(nil, 0, m.want)))
			c.check(false, min(1, loss), d.found...)
			return
		}
	case *equalToXML:
		if doc := got.xml(); doc != nil && m.want != nil {
			if d := m.differs("", m.want, root(doc)); d != nil {
				c.check(false, 0.5, *d)
				return
			}
		}
	case matchesJSONPath:
		where = m.query.String()
	}
	whole.Where = where
	c.check(false, 1, whole)
}

// Features are hashes of what a pattern pins: equal ones of a pattern and a request are things in
// common, so that the nearest stubs of many can be found by counting.
func (p *RequestPattern) Features() []uint64 {
	out := []uint64{Hash(0, "method", p.Method)}
	if path, query, _, ok := p.Literal(); ok {
		out = append(out, Hash(0, "path", path))
		for _, q := range splitQuery(query) {
			out = append(out, Hash(0, "query", q.name, q.value))
		}
	}
	for name, want := range p.QueryParameters {
		texts, _ := want.ExactValues()
		for _, text := range texts {
			out = append(out, Hash(0, "query", name, text))
		}
	}
	for name, want := range p.Headers {
		texts, _ := want.ExactValues()
		for _, text := range texts {
			out = append(out, Hash(0, "header", http.CanonicalHeaderKey(name), text))
		}
	}
	for _, want := range p.BodyPatterns {
		switch m := want.m.(type) {
		case *equalToJSON:
			out = features(out, Hash(0, "body"), m.want)
		case equalTo:
			out = append(out, Hash(0, "text", m.want))
		}
	}
	return out
}

// Features are the same hashes for an actual request.
func (r *Request) Features() []uint64 {
	out := []uint64{Hash(0, "method", r.Method), Hash(0, "path", r.Path)}
	for name, values := range r.Query() {
		for _, text := range values {
			out = append(out, Hash(0, "query", name, text))
		}
	}
	for name, values := range r.Header {
		for _, text := range values {
			out = append(out, Hash(0, "header", name, text))
		}
	}
	if !r.Body.Present {
		return out
	}
	if tree, ok := r.Body.json(); ok {
		return features(out, Hash(0, "body"), tree)
	}
	return append(out, Hash(0, "text", r.Body.Text))
}

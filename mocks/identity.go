package mocks

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/theory/jsonpath"

	"github.com/headgate-dev/headgate/traffic"
)

// rules are the compiled settings of a Match, with their use counts.
type rules struct {
	match   Match
	paths   []*jsonpath.Path
	headers []string
	used    map[string]int64
	// blanked counts the requests of whose JSON body the rules leave nothing.
	blanked int64
}

func newRules(m Match) (*rules, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	r := &rules{match: m, headers: m.canonicalNames(), used: map[string]int64{}}
	for _, p := range m.Ignore.JSON {
		r.paths = append(r.paths, jsonpath.MustParse(p))
	}
	return r, nil
}

// identity is what counts of a recorded request: two requests of one key are the same request.
type identity struct {
	key     string
	pattern *RequestPattern
	path    string
}

func (r *rules) identify(req *traffic.Request) identity {
	path, query := splitTarget(req.URL)
	method := strings.ToUpper(req.Method)
	p := &RequestPattern{Method: method}
	bodyKey, body := r.body(req)
	p.BodyPatterns = []*Pattern{body}
	queryKey := r.query(p, path, query)
	headerKey := r.header(p, req)
	key := strings.Join([]string{method, path, queryKey, headerKey, bodyKey}, "\x00")
	return identity{key: key, pattern: p, path: path}
}

// query pins the target. WireMock's url is used where there is at most one parameter; otherwise the
// parameters are named, as their order means nothing, and the metadata keeps others out.
func (r *rules) query(p *RequestPattern, path, raw string) (key string) {
	pairs := splitQuery(raw)
	kept := slices.DeleteFunc(slices.Clone(pairs), func(q pair) bool {
		ignored := slices.Contains(r.match.Ignore.Query, q.name)
		if ignored {
			r.used["query "+q.name]++
		}
		return ignored
	})
	slices.SortStableFunc(kept, comparePairs)
	var parts []string
	for _, q := range kept {
		parts = append(parts, url.QueryEscape(q.name)+"="+url.QueryEscape(q.value))
	}
	key = strings.Join(parts, "&")
	switch {
	case len(r.match.Ignore.Query) == 0 && len(pairs) <= 1:
		p.URL = (&Request{Path: path, RawQuery: raw}).Target()
	default:
		p.URLPath = path
		p.QueryParameters = exactParameters(kept)
		p.extras = extras{ExactQuery: true, IgnoreQuery: r.match.Ignore.Query}
	}
	return key
}

func comparePairs(a, b pair) int {
	if c := strings.Compare(a.name, b.name); c != 0 {
		return c
	}
	return strings.Compare(a.value, b.value)
}

func exactParameters(pairs []pair) map[string]*Pattern {
	values := map[string][]string{}
	for _, q := range pairs {
		values[q.name] = append(values[q.name], q.value)
	}
	patterns := map[string]*Pattern{}
	for name, list := range values {
		patterns[name] = exactly(list)
	}
	return patterns
}

// header pins the declared headers: their values, or that they are absent.
func (r *rules) header(p *RequestPattern, req *traffic.Request) (key string) {
	var b strings.Builder
	for _, name := range r.headers {
		values := NewRequest(req).HeaderValues(name)
		if len(values) > 0 {
			r.used["header "+name]++
		}
		if p.Headers == nil {
			p.Headers = map[string]*Pattern{}
		}
		p.Headers[name] = exactly(values)
		fmt.Fprintf(&b, "%s=%q;", name, values)
	}
	return b.String()
}

// exactly wants these values and no others.
func exactly(values []string) *Pattern {
	switch len(values) {
	case 0:
		return build(map[string]any{"absent": true}, absent{})
	case 1:
		return build(map[string]any{"equalTo": values[0]}, equalTo{want: values[0]})
	}
	m := multiple{exact: true}
	list := make([]*Pattern, len(values))
	for i, v := range values {
		list[i] = exactly([]string{v})
	}
	m.patterns = list
	return build(map[string]any{"hasExactly": list}, m)
}

func build(form map[string]any, m matcher) *Pattern { return &Pattern{raw: marshal(form), m: m} }

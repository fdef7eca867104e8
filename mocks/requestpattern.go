package mocks

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// RequestPattern says which requests a stub answers. Empty fields match anything; at most one of the
// five URL fields is set.
type RequestPattern struct {
	Method          string              `json:"method,omitempty"`
	URL             string              `json:"url,omitempty"`
	URLPattern      string              `json:"urlPattern,omitempty"`
	URLPath         string              `json:"urlPath,omitempty"`
	URLPathPattern  string              `json:"urlPathPattern,omitempty"`
	URLPathTemplate string              `json:"urlPathTemplate,omitempty"`
	PathParameters  map[string]*Pattern `json:"pathParameters,omitempty"`
	QueryParameters map[string]*Pattern `json:"queryParameters,omitempty"`
	Headers         map[string]*Pattern `json:"headers,omitempty"`
	Cookies         map[string]*Pattern `json:"cookies,omitempty"`
	FormParameters  map[string]*Pattern `json:"formParameters,omitempty"`
	BodyPatterns    []*Pattern          `json:"bodyPatterns,omitempty"`

	MultipartPatterns []*PartPattern `json:"multipartPatterns,omitempty"`
	Origin

	methods *methodSet // instead of Method, nil for none
	extras  extras
	// re is the compiled pattern or template, and vars are the template's names in its order.
	re   *regexp.Regexp
	vars []string
}

func (d *decoder) request(path string, raw json.RawMessage, r *RequestPattern) {
	patterns := func(dst *map[string]*Pattern) take {
		return func(path string, raw json.RawMessage) { *dst = d.patternMap(path, raw) }
	}
	known := map[string]take{
		"method":          func(path string, raw json.RawMessage) { d.method(path, raw, r) },
		"url":             into(d, &r.URL, "a string"),
		"urlPattern":      into(d, &r.URLPattern, "a regular expression"),
		"urlPath":         into(d, &r.URLPath, "a string"),
		"urlPathPattern":  into(d, &r.URLPathPattern, "a regular expression"),
		"urlPathTemplate": into(d, &r.URLPathTemplate, "a path template"),
		"pathParameters":  patterns(&r.PathParameters),
		"queryParameters": patterns(&r.QueryParameters),
		"headers":         patterns(&r.Headers),
		"cookies":         patterns(&r.Cookies),
		"bodyPatterns": func(path string, raw json.RawMessage) {
			d.list(path, raw, func(path string, raw json.RawMessage) {
				r.BodyPatterns = append(r.BodyPatterns, d.pattern(path, raw))
			})
		},
		"formParameters":    patterns(&r.FormParameters),
		"multipartPatterns": func(path string, raw json.RawMessage) { d.parts(path, raw, r) },
	}
	d.originFields(known, &r.Origin)
	d.object(path, raw, known, nil)
	d.target(path, r)
}

func (d *decoder) patternMap(path string, raw json.RawMessage) map[string]*Pattern {
	patterns := map[string]*Pattern{}
	f := d.fields(path, raw)
	for _, name := range f.names() {
		patterns[name] = d.pattern(path+"."+name, f[name])
	}
	return patterns
}

// FixedByTarget tells whether the pattern looks at nothing of a request but its method, its target and its
// body, and always says the same of them: it has no dates that are relative to now.
func (p *RequestPattern) FixedByTarget() bool {
	for _, want := range p.QueryParameters {
		if _, ok := want.ExactValues(); !ok {
			return false
		}
	}
	if len(p.BodyPatterns) > 1 || len(p.BodyPatterns) == 1 && !p.BodyPatterns[0].pinned() {
		return false
	}
	others := len(p.PathParameters) + len(p.Headers) + len(p.Cookies) + len(p.FormParameters) + len(p.MultipartPatterns)
	return others == 0 && p.anyOrigin()
}

// Literal is the path that the pattern pins, still escaped, and whether it pins the query as well.
func (p *RequestPattern) Literal() (path, query string, pinsQuery, ok bool) {
	switch {
	case p.URL != "":
		path, query, _ = strings.Cut(p.URL, "?")
		return path, query, true, true
	case p.URLPath != "":
		return p.URLPath, "", false, true
	}
	return "", "", false, false
}

// AnyMethod tells whether the method does not matter.
func (p *RequestPattern) AnyMethod() bool { return p.Method == "" || p.Method == "ANY" }

func (p *RequestPattern) pathMatches(r *Request) bool {
	switch {
	case p.URL != "":
		return r.Target() == p.URL
	case p.URLPath != "":
		return r.Path == p.URLPath
	case p.URLPattern != "":
		return p.re.MatchString(r.Target())
	case p.URLPathPattern != "":
		return p.re.MatchString(r.Path)
	case p.URLPathTemplate != "":
		return p.re.MatchString(r.Path)
	}
	return true
}

// Matches tells whether the pattern answers the request; scenarios are not its matter.
func (p *RequestPattern) Matches(r *Request) bool {
	if !p.acceptsMethod(r.Method) || !p.pathMatches(r) || !p.queryMatches(r) || !p.originMatches(r) {
		return false
	}
	for name, want := range p.PathParameters {
		if !want.MatchValues(p.pathParameter(r, name)) {
			return false
		}
	}
	for name, want := range p.Headers {
		if !want.MatchValues(r.HeaderValues(http.CanonicalHeaderKey(name))) {
			return false
		}
	}
	for name, want := range p.Cookies {
		if !want.meets(r.Cookies()[name]) {
			return false
		}
	}
	return p.contentMatches(r)
}

func (p *RequestPattern) contentMatches(r *Request) bool {
	for name, want := range p.FormParameters {
		if !want.MatchValues(r.Form()[name]) {
			return false
		}
	}
	for _, want := range p.MultipartPatterns {
		if !want.matches(r) {
			return false
		}
	}
	for _, want := range p.BodyPatterns {
		if !want.Match(&r.Body) {
			return false
		}
	}
	return true
}

func (p *RequestPattern) queryMatches(r *Request) bool {
	for name, want := range p.QueryParameters {
		if !want.MatchValues(r.Query()[name]) {
			return false
		}
	}
	if !p.extras.ExactQuery {
		return true
	}
	for name, values := range r.Query() {
		if !p.expects(name, values) {
			return false
		}
	}
	return true
}

// expects tells whether an exact query may have these values of the name.
func (p *RequestPattern) expects(name string, values []string) bool {
	if slices.Contains(p.extras.IgnoreQuery, name) {
		return true
	}
	want, known := p.QueryParameters[name]
	if !known {
		return false
	}
	texts, exact := want.ExactValues()
	return !exact || slices.Equal(slices.Sorted(slices.Values(texts)), slices.Sorted(slices.Values(values)))
}

// ExactQuery tells whether the pattern refuses query parameters that it does not name, and which
// names do not matter.
func (p *RequestPattern) ExactQuery() (ignored []string, ok bool) {
	return p.extras.IgnoreQuery, p.extras.ExactQuery
}

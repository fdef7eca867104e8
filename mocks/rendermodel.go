package mocks

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// requestModel is the request as templates see it.
type requestModel struct {
	r *Request
	p *RequestPattern
}

func (c RenderContext) requestModel() requestModel { return requestModel{c.Request, c.Pattern} }

// Member is a property of WireMock's request model.
func (m requestModel) Member(name string) (any, bool) {
	r := m.r
	switch name {
	case "id":
		return r.ID, true
	case "method":
		return r.Method, true
	case "url":
		return r.Target(), true
	case "path", "pathSegments":
		return m.path(), true
	case "query":
		return valueLists(r.Query()), true
	case "headers":
		return headerModel(r), true
	case "cookies":
		return valueLists(r.Cookies()), true
	case "body":
		return r.Body.Text, true
	case "bodyAsBase64":
		return base64.StdEncoding.EncodeToString([]byte(r.Body.Text)), true
	case "parts":
		return partModels(r.Parts()), true
	case "isMultipart", "multipart":
		return r.multipart(), true
	case "isBinary", "binary":
		return !utf8.ValidString(r.Body.Text), true
	case "formData":
		return valueLists(r.Form()), true
	case "requestLine":
		return m, true
	}
	return m.origin(name)
}

func (m requestModel) origin(name string) (any, bool) {
	r := m.r
	switch name {
	case "scheme":
		return r.scheme(), true
	case "host":
		return r.hostname(), true
	case "port":
		return int64(r.port()), true
	case "baseUrl":
		return r.scheme() + "://" + r.Host, true
	case "clientIp":
		return r.ClientIP, true
	}
	return nil, false
}

// oneOrMore prints as its first value and counts as a list.
type oneOrMore []string

func (v oneOrMore) String() string {
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

// Items are the values.
func (v oneOrMore) Items() []any { return anyList(v) }

func anyList(list []string) []any {
	items := make([]any, len(list))
	for i, s := range list {
		items[i] = s
	}
	return items
}

func valueLists(m map[string][]string) map[string]any {
	out := make(map[string]any, len(m))
	for name, values := range m {
		out[name] = oneOrMore(values)
	}
	return out
}

// folded is a map whose names have no case.
type folded map[string]any

// Member is the value of a name in any case.
func (f folded) Member(name string) (any, bool) {
	v, ok := f[textproto.CanonicalMIMEHeaderKey(name)]
	return v, ok
}

// Keys are the names.
func (f folded) Keys() []string { return slices.Sorted(maps.Keys(f)) }

func headerModel(r *Request) folded {
	out := folded(foldHeader(r.Header))
	if r.Host != "" {
		out["Host"] = oneOrMore{r.Host}
	}
	return out
}

func foldHeader(h http.Header) map[string]any {
	out := make(map[string]any, len(h))
	for name, values := range h {
		out[http.CanonicalHeaderKey(name)] = oneOrMore(values)
	}
	return out
}

// pathModel prints as the path; its members are the segments by number and the names of the template.
type pathModel struct {
	path     string
	segments []string
	named    map[string]string
	template bool // the stub has a path template
}

// path follows WireMock: a path is decoded where the stub has no path template, and raw where it has one.
func (m requestModel) path() pathModel {
	out := pathModel{path: m.r.Path, named: map[string]string{}}
	out.template = m.p != nil && m.p.URLPathTemplate != ""
	for part := range strings.SplitSeq(m.r.Path, "/") {
		decoded, err := url.PathUnescape(part)
		if err == nil && !out.template {
			part = decoded
		}
		if part != "" {
			out.segments = append(out.segments, part)
		}
	}
	if !out.template {
		if decoded, err := url.PathUnescape(m.r.Path); err == nil {
			out.path = decoded
		}
		return out
	}
	for _, name := range m.p.vars {
		if values := m.p.pathParameter(m.r, name); len(values) > 0 {
			out.named[name] = values[0]
		}
	}
	return out
}

func (m pathModel) String() string { return m.path }

// Items are the segments; beside a path template the empty one before the first slash counts.
func (m pathModel) Items() []any {
	if m.template {
		return anyList(append([]string{""}, m.segments...))
	}
	return anyList(m.segments)
}

// Member is a segment by its number or the value of a template's name.
func (m pathModel) Member(name string) (any, bool) {
	if v, ok := m.named[name]; ok {
		return v, true
	}
	if i := index(name); i >= 0 && i < len(m.segments) {
		return m.segments[i], true
	}
	return nil, false
}

// index reads a plain number, or -1.
func index(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<20 {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	if s == "" {
		return -1
	}
	return n
}

func partModels(parts []*Part) map[string]any {
	out := map[string]any{}
	for _, p := range parts {
		out[p.Name] = map[string]any{
			"name":         p.Name,
			"headers":      folded(foldHeader(http.Header(p.Header))),
			"body":         p.Body.Text,
			"bodyAsBase64": base64.StdEncoding.EncodeToString([]byte(p.Body.Text)),
			"binary":       !utf8.ValidString(p.Body.Text),
		}
	}
	return out
}

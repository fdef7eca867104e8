package mocks

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// Request is a request as stubs see it. It is not safe for concurrent use.
type Request struct {
	Method string
	// Path and RawQuery are as they were sent, still escaped.
	Path, RawQuery string
	Host           string
	Header         http.Header
	// Body is decoded; an empty one is absent.
	Body Value
	// Scheme is http where it is empty. ClientIP and ID may be empty.
	Scheme, ClientIP, ID string

	query, cookies, form map[string][]string
	parts                []*Part
}

// NewRequest looks at a request on behalf of the stubs.
func NewRequest(r *traffic.Request) *Request {
	path, query := splitTarget(r.URL)
	v := Value{Text: string(r.Body), Present: len(r.Body) > 0}
	return &Request{Method: r.Method, Path: path, RawQuery: query, Host: r.Host, Header: r.Header, Body: v}
}

// splitTarget takes the path and the query of a request target, without scheme, host and fragment.
func splitTarget(target string) (path, query string) {
	if i := strings.Index(target, "://"); i >= 0 && !strings.HasPrefix(target, "/") {
		target = target[i+3:]
		if j := strings.IndexAny(target, "/?"); j >= 0 {
			target = target[j:]
		} else {
			target = ""
		}
	}
	target, _, _ = strings.Cut(target, "#")
	path, query, _ = strings.Cut(target, "?")
	if path == "" {
		path = "/"
	}
	return path, query
}

// Target is the path with the query.
func (r *Request) Target() string {
	if r.RawQuery == "" {
		return r.Path
	}
	return r.Path + "?" + r.RawQuery
}

// HeaderValues are the values of a header by its canonical name.
func (r *Request) HeaderValues(name string) []string {
	if name == "Host" && r.Host != "" {
		return []string{r.Host}
	}
	return r.Header[name]
}

// Query holds the decoded query parameters.
func (r *Request) Query() map[string][]string {
	if r.query == nil {
		r.query = map[string][]string{}
		for _, p := range splitQuery(r.RawQuery) {
			r.query[p.name] = append(r.query[p.name], p.value)
		}
	}
	return r.query
}

// Cookies holds the request's cookies by name.
func (r *Request) Cookies() map[string][]string {
	if r.cookies == nil {
		r.cookies = map[string][]string{}
		for _, c := range (&http.Request{Header: r.Header}).Cookies() {
			r.cookies[c.Name] = append(r.cookies[c.Name], c.Value)
		}
	}
	return r.cookies
}

type pair struct{ name, value string }

// splitQuery decodes a query; unlike net/url it drops nothing: what does not decode stays as it is.
func splitQuery(raw string) []pair {
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, pair{unescape(name), unescape(value)})
	}
	return pairs
}

func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

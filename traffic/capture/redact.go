package capture

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// Redacted stands in place of texts that are not stored.
const Redacted = "REDACTED"

// Redaction says which values are replaced in what is recorded; what passes stays as it is. Texts become
// REDACTED, numbers in JSON 0, booleans false; of JSON arrays and objects all values are replaced. The zero
// value replaces nothing. It is safe for concurrent use.
type Redaction struct {
	rules                         []string
	headers, query, form, cookies []string
	paths                         jsonPaths
}

// NewRedaction reads rules: header:NAME or NAME alone, query:NAME, form:NAME for fields of URL-encoded and multipart
// bodies, cookie:NAME, and json:PATH for bodies, where PATH is a JSONPath of names, indexes, * and .., such
// as $..password, or a name, which stands for itself at any depth. Query parameters are replaced in headers
// that hold URLs, such as Location, Link and Referer, too. Names are told apart by upper and lower case,
// those of headers are not.
func NewRedaction(rules ...string) (Redaction, error) {
	r := Redaction{rules: slices.Clone(rules)}
	for _, rule := range rules {
		kind, name, found := strings.Cut(rule, ":")
		if !found {
			kind, name = "header", rule
		}
		if err := r.add(kind, name); err != nil {
			return Redaction{}, fmt.Errorf("redaction %q: %w", rule, err)
		}
	}
	return r, nil
}

// Rules are those it was made of.
func (r Redaction) Rules() []string { return slices.Clone(r.rules) }

func (r *Redaction) add(kind, name string) error {
	if name == "" {
		return errors.New("it names nothing: expected for example header:Authorization")
	}
	switch kind {
	case "header":
		r.headers = append(r.headers, textproto.CanonicalMIMEHeaderKey(name))
	case "query":
		r.query = append(r.query, name)
	case "form":
		r.form = append(r.form, name)
	case "cookie":
		r.cookies = append(r.cookies, name)
	case "json":
		return r.paths.add(name)
	default:
		return fmt.Errorf("there is no kind %q: expected header, query, form, cookie or json", kind)
	}
	return nil
}

// header replaces values in place.
func (r *Redaction) header(h http.Header) {
	for _, name := range r.headers {
		values := h[name]
		for i := range values {
			values[i] = Redacted
		}
	}
	if len(r.query) > 0 {
		for _, name := range [...]string{
			"Location", "Content-Location", "Referer", "Link", "Refresh", "X-Original-Url", "X-Original-Uri",
			"X-Rewrite-Url", "X-Forwarded-Uri",
		} {
			for i, value := range h[name] {
				h[name][i] = r.parameters(value, "&#>")
			}
		}
	}
	if len(r.cookies) == 0 {
		return
	}
	for i, value := range h["Cookie"] {
		h["Cookie"][i] = r.crumbs(value, -1)
	}
	for i, value := range h["Set-Cookie"] {
		h["Set-Cookie"][i] = r.crumbs(value, 1)
	}
}

// crumbs replaces values in the first n pairs of a cookie header, in all of them where n is below 0.
func (r *Redaction) crumbs(text string, n int) string {
	parts := strings.Split(text, ";")
	for i, part := range parts {
		name, _, found := strings.Cut(part, "=")
		if found && (n < 0 || i < n) && slices.Contains(r.cookies, strings.TrimSpace(name)) {
			parts[i] = name + "=" + Redacted
		}
	}
	return strings.Join(parts, ";")
}

// target replaces query parameters of a request target.
func (r *Redaction) target(text string) string { return r.parameters(text, "&") }

// parameters replaces what looks like parameters in the query or fragment of a URL, or of a text with URLs in
// it. Their values go on to one of the bytes in ends.
func (r *Redaction) parameters(text, ends string) string {
	i := strings.IndexAny(text, "?#")
	if i < 0 || len(r.query) == 0 {
		return text
	}
	return text[:i+1] + replacePairs(text[i+1:], r.query, ends)
}

// replacePairs replaces the values of names in a query or URL-encoded form; all else stays as it is written. A
// name may begin behind ; ? and #, too, and a value goes on to one of the bytes in ends.
func replacePairs(text string, names []string, ends string) string {
	var out strings.Builder
	last := 0
	for at := 0; at < len(text); at++ {
		end := indexAny(text, at, "=&;?#")
		if end < len(text) && text[end] == '=' {
			name := text[at:end]
			if named(name, names) {
				out.WriteString(text[last:end+1] + Redacted)
				last = indexAny(text, end, ends)
				end = last
			} else {
				end = indexAny(text, end, "&;?#")
			}
		}
		at = end
	}
	if last == 0 {
		return text
	}
	return out.String() + text[last:]
}

// indexAny is where the first of some bytes is in text, from a place on, or the end of text.
func indexAny(text string, from int, chars string) int {
	if i := strings.IndexAny(text[from:], chars); i >= 0 {
		return from + i
	}
	return len(text)
}

// named tells whether a name of a pair, as it is written, is one of the names.
func named(name string, names []string) bool {
	plain, err := url.QueryUnescape(name)
	if err != nil {
		plain = name
	}
	return slices.Contains(names, plain)
}

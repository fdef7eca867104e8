package transform

import (
	"net/url"
	"strings"
)

// mapPairs changes values of a query or of a URL-encoded form. change is given names and values decoded;
// what it does not change stays as it is written.
func mapPairs(text string, change func(name, value string) (string, bool)) (string, bool) {
	if text == "" {
		return text, false
	}
	var out strings.Builder
	last := 0
	for at := 0; at <= len(text); {
		end := at + index(text[at:], '&')
		name, value, found := strings.Cut(text[at:end], "=")
		if found {
			if with, changed := change(unescape(name), unescape(value)); changed {
				from := at + len(name) + 1
				out.WriteString(text[last:from])
				out.WriteString(url.QueryEscape(with))
				last = end
			}
		}
		at = end + 1
	}
	if last == 0 {
		return text, false
	}
	out.WriteString(text[last:])
	return out.String(), true
}

// index is where a byte is, the length if it is nowhere.
func index(text string, c byte) int {
	if i := strings.IndexByte(text, c); i >= 0 {
		return i
	}
	return len(text)
}

// unescape decodes a name or value; one that is not rightly encoded is taken as it is.
func unescape(text string) string {
	if strings.IndexByte(text, '%') < 0 && strings.IndexByte(text, '+') < 0 {
		return text
	}
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

// mapQuery changes values of the query of a request target.
func mapQuery(target string, change func(name, value string) (string, bool)) string {
	i := strings.IndexByte(target, '?')
	if i < 0 {
		return target
	}
	query, _ := mapPairs(target[i+1:], change)
	return target[:i+1] + query
}

// mapSegments changes segments of the path of a target or URL.
func mapSegments(target string, change func(segment string) (string, bool)) (string, int) {
	start := 0
	if i := strings.Index(target, "://"); i >= 0 {
		start = i + 3 + index(target[i+3:], '/')
	}
	end := len(target)
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		end = i
	}
	if start >= end {
		return target, 0
	}
	var out strings.Builder
	last, n := 0, 0
	for at := start; at <= end; {
		to := at + index(target[at:end], '/')
		segment := target[at:to]
		if strings.IndexByte(segment, '%') >= 0 {
			if decoded, err := url.PathUnescape(segment); err == nil {
				segment = decoded
			}
		}
		if with, changed := change(segment); changed {
			out.WriteString(target[last:at])
			out.WriteString(url.PathEscape(with))
			last = to
			n++
		}
		at = to + 1
	}
	if n == 0 {
		return target, 0
	}
	out.WriteString(target[last:])
	return out.String(), n
}

// mapCookies changes the values of a Cookie header, or of the first pair of a Set-Cookie header.
func mapCookies(text string, all bool, change func(name, value string) (string, bool)) (string, int) {
	parts := strings.Split(text, ";")
	n := 0
	for i, p := range parts {
		name, value, found := strings.Cut(p, "=")
		if !found || i > 0 && !all {
			continue
		}
		if with, changed := change(strings.TrimSpace(name), strings.TrimSpace(value)); changed {
			parts[i] = name + "=" + with
			n++
		}
	}
	return strings.Join(parts, ";"), n
}

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

// mapQuery changes values of the query of a request target or URL, and of a fragment that is written like one.
func mapQuery(target string, change func(name, value string) (string, bool)) string {
	end := index(target, '#')
	if end < len(target) {
		if fragment, changed := mapPairs(target[end+1:], change); changed {
			target = target[:end+1] + fragment
		}
	}
	i := index(target[:end], '?')
	if i == end {
		return target
	}
	query, changed := mapPairs(target[i+1:end], change)
	if !changed {
		return target
	}
	return target[:i+1] + query + target[end:]
}

// mapSegments changes segments of the path of a target or URL.
func mapSegments(target string, change func(segment string) (string, bool)) (string, int) {
	start, end := extent(target)
	var out strings.Builder
	last, n := 0, 0
	escapes := strings.IndexByte(target[start:end], '%') >= 0
	for at := start; at <= end; {
		to := at + index(target[at:end], '/')
		segment := target[at:to]
		if escapes {
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

// extent is where the path of a target or URL begins and ends.
func extent(target string) (start, end int) {
	end = index(target, '?')
	end = index(target[:end], '#')
	if i := index(target[:end], ':'); i > 0 && target[0] != '/' && strings.HasPrefix(target[i:end], "://") {
		start = i + 3 + index(target[i+3:end], '/')
	}
	return start, end
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
		if with, changed := mapCookie(strings.TrimSpace(name), strings.TrimSpace(value), change); changed {
			parts[i] = name + "=" + with
			n++
		}
	}
	return strings.Join(parts, ";"), n
}

// mapCookie changes a value that may be quoted (RFC 6265) or percent-encoded.
func mapCookie(name, value string, change func(name, value string) (string, bool)) (string, bool) {
	quotes := ""
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		quotes, value = `"`, value[1:len(value)-1]
	}
	with, changed := change(name, value)
	if !changed && strings.IndexByte(value, '%') >= 0 {
		if decoded, err := url.PathUnescape(value); err == nil {
			with, changed = change(name, decoded)
		}
	}
	if strings.ContainsAny(with, " \",;\\") {
		with = url.PathEscape(with)
	}
	return quotes + with + quotes, changed
}

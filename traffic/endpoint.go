package traffic

import (
	"strings"
	"unicode"
)

// Endpoint names the operation a request belongs to: its method and its path with the segments that
// are identifiers replaced by {id}, such as "GET /orders/{id}/items".
func Endpoint(method, target string) string {
	path, _, _ := strings.Cut(target, "?")
	if i := strings.Index(path, "://"); i >= 0 {
		rest := path[i+3:]
		if j := strings.IndexByte(rest, '/'); j >= 0 {
			path = rest[j:]
		} else {
			path = "/"
		}
	}
	return method + " " + Template(path)
}

// Template replaces the identifier segments of a path by {id}.
func Template(path string) string {
	if path == "" {
		return "/"
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if looksIssued(s) && !namesWidth(s) {
			segments[i] = "{id}"
		}
	}
	return strings.Join(segments, "/")
}

// looksIssued tells whether a path segment was made up by a machine: a number, a UUID, a hash, or a
// prefixed random key such as ord_01hx3k. Version segments (v1, v2) and words are not.
func looksIssued(s string) bool {
	digits, letters, run := 0, 0, 0 // run is the longest stretch of letters and digits
	length := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			digits++
			length++
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letters++
			length++
		case strings.IndexByte("-_:~", c) >= 0:
			length = 0
		default:
			return false
		}
		run = max(run, length)
	}
	switch {
	case letters == 0:
		return digits > 0
	case len(s) >= 6 && (digits >= 2 && digits*6 >= len(s) || digits >= 1 && run >= 12):
		return true
	}
	return HasHex(s)
}

// HasHex tells whether a part of an identifier, between signs, is four bytes or more in hexadecimal, which
// may have hardly a digit: ord_befcfbe2. No word of the letters a to f is so long.
func HasHex(s string) bool {
	sign := func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }
	for part := range strings.FieldsFuncSeq(s, sign) {
		if len(part) >= 8 && len(part)%2 == 0 &&
			(strings.Trim(part, "0123456789abcdef") == "" || strings.Trim(part, "0123456789ABCDEF") == "") {
			return true
		}
	}
	return false
}

// namesWidth tells whether a segment is one short word and a usual width in bits: base64, sha256.
func namesWidth(s string) bool {
	word := strings.TrimRight(s, "0123456789")
	if word == "" || len(word) > 8 {
		return false
	}
	switch s[len(word):] {
	case "16", "32", "64", "128", "256", "512":
		return !strings.ContainsAny(word, "0123456789-_:~")
	}
	return false
}

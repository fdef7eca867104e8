package index

import (
	"bytes"
	"mime"
	"net/url"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/summary"
)

// Shape is a fingerprint of what a record looks like whatever its values are: the names of the query parameters
// and of form fields, and the paths in the JSON bodies of request and response with the types that stand
// there. Keys that look issued count as one, items of arrays are not told apart. Of queries to a database it is
// the text without its values.
func Shape(r *traffic.Record) uint64 {
	if q := r.Request.Query; q != nil {
		return named(named(1, "sql"), summary.Normal(q.SQL))
	}
	sum := uint64(1)
	if _, query, ok := strings.Cut(r.Request.URL, "?"); ok {
		sum += fields(named(2, "query"), query)
	}
	sum += body(named(3, "request"), r.Request.Header.Get("Content-Type"), r.Request.Body)
	if r.Response != nil {
		sum += body(named(4, "response"), r.Response.Header.Get("Content-Type"), r.Response.Body)
	}
	return sum
}

// named is the number of something within something else: FNV-1a, spread once more.
func named(parent uint64, name string) uint64 {
	h := parent ^ 0xcbf29ce484222325
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	return h ^ h>>29
}

// fields sums up the names of a query or of a form.
func fields(parent uint64, text string) (sum uint64) {
	seen := map[uint64]bool{}
	for pair := range strings.SplitSeq(text, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if h := named(parent, traffic.Template(name)); name != "" && !seen[h] {
			seen[h] = true
			sum += h
		}
	}
	return sum
}

// body is the shape of a body: of its fields if it is JSON or a form, else its media type.
func body(parent uint64, contentType string, b []byte) uint64 {
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return parent
	}
	if first := b[0]; first == '{' || first == '[' || strings.Contains(contentType, "json") {
		s := scanner{text: b, seen: make(map[uint64]bool, 32)}
		if s.value(parent, 0) && s.end() {
			return s.sum
		}
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = contentType
	}
	if media == "application/x-www-form-urlencoded" {
		return fields(parent, string(b))
	}
	return named(parent, media)
}

// scanner goes through JSON and sums up the different paths with their types.
type scanner struct {
	text []byte
	at   int
	seen map[uint64]bool
	sum  uint64
}

const (
	// deepest bounds how far bodies are looked into.
	deepest = 100
	// mostPaths bounds how many different paths of a body are told apart.
	mostPaths = 4096
)

// found takes in that a value of a type stands at a path.
func (s *scanner) found(path uint64, kind string) {
	if h := named(path, kind); !s.seen[h] && len(s.seen) < mostPaths {
		s.seen[h] = true
		s.sum += h
	}
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) end() bool {
	s.space()
	return s.at == len(s.text)
}

// take passes a sign, if it is next.
func (s *scanner) take(sign byte) bool {
	s.space()
	if s.at < len(s.text) && s.text[s.at] == sign {
		s.at++
		return true
	}
	return false
}

// value passes one value. It is false where the text is no JSON, as far as that matters for its shape.
func (s *scanner) value(path uint64, depth int) bool {
	s.space()
	if s.at == len(s.text) || depth > deepest {
		return false
	}
	switch c := s.text[s.at]; {
	case c == '{':
		s.at++
		s.found(path, "object")
		return s.object(path, depth)
	case c == '[':
		s.at++
		s.found(path, "array")
		return s.array(path, depth)
	case c == '"':
		s.found(path, "string")
		_, ok := s.quoted()
		return ok
	case c == 't':
		s.found(path, "boolean")
		return s.word("true")
	case c == 'f':
		s.found(path, "boolean")
		return s.word("false")
	case c == 'n':
		s.found(path, "null")
		return s.word("null")
	case c == '-' || c >= '0' && c <= '9':
		s.found(path, "number")
		for s.at < len(s.text) && strings.IndexByte("+-.eE0123456789", s.text[s.at]) >= 0 {
			s.at++
		}
		return true
	}
	return false
}

func (s *scanner) object(path uint64, depth int) bool {
	if s.take('}') {
		return true
	}
	for {
		s.space()
		if s.at == len(s.text) || s.text[s.at] != '"' {
			return false
		}
		key, ok := s.quoted()
		if !ok || !s.take(':') || !s.value(named(path, traffic.Template(key)), depth+1) {
			return false
		}
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *scanner) array(path uint64, depth int) bool {
	if s.take(']') {
		return true
	}
	item := named(path, "[]")
	for {
		if !s.value(item, depth+1) {
			return false
		}
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *scanner) word(word string) bool {
	if !strings.HasPrefix(string(s.text[s.at:min(len(s.text), s.at+len(word))]), word) {
		return false
	}
	s.at += len(word)
	return true
}

// quoted passes a string and returns it as it is written.
func (s *scanner) quoted() (string, bool) {
	start := s.at + 1
	for i := start; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\':
			i++
		case '"':
			s.at = i + 1
			return string(s.text[start:i]), true
		}
	}
	return "", false
}

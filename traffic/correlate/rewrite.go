package correlate

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/traffic"
)

// rewriter walks the values of a request. find is called for each whole value and for each token in it
// until it knows one; id is true where identifiers stand: in path segments and under names such as
// order_id.
type rewriter struct {
	find func(token string, id bool) (replacement string, ok bool)
}

// request returns r with the values that find knows replaced. It copies on write.
func (w rewriter) request(r *traffic.Request) *traffic.Request {
	out := *r
	changed := false
	if target, ok := w.target(r.URL); ok {
		out.URL, changed = target, true
	}
	if header, ok := w.header(r.Header); ok {
		out.Header, changed = header, true
	}
	if body, ok := w.body(r.Header.Get("Content-Type"), r.Body); ok {
		out.Body, changed = body, true
	}
	if !changed {
		return r
	}
	return &out
}

// target rewrites a request target, segment by segment and query value by query value. What is not
// replaced keeps its encoding.
func (w rewriter) target(raw string) (string, bool) {
	rest, fragment, hasFragment := strings.Cut(raw, "#")
	path, query, hasQuery := strings.Cut(rest, "?")
	origin := ""
	if i := strings.Index(path, "://"); i >= 0 {
		i += len("://")
		if j := strings.IndexByte(path[i:], '/'); j >= 0 {
			origin, path = path[:i+j], path[i+j:]
		} else {
			origin, path = path, ""
		}
	}
	path, changed := w.path(path)
	if hasQuery {
		pairs, ok := w.pairs(query)
		path, changed = path+"?"+pairs, changed || ok
	}
	if hasFragment {
		path += "#" + fragment
	}
	return origin + path, changed
}

func (w rewriter) path(path string) (string, bool) {
	segments := strings.Split(path, "/")
	changed := false
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "" {
			continue
		}
		if text, ok := w.text(plain, true); ok {
			segments[i], changed = url.PathEscape(text), true
		}
	}
	return strings.Join(segments, "/"), changed
}

// pairs rewrites the values of a query or of a URL-encoded form.
func (w rewriter) pairs(raw string) (string, bool) {
	pairs := strings.Split(raw, "&")
	changed := false
	for i, pair := range pairs {
		name, escaped, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(escaped)
		if err != nil || plain == "" {
			continue
		}
		if text, ok := w.text(plain, isIDName(name)); ok {
			pairs[i], changed = name+"="+url.QueryEscape(text), true
		}
	}
	return strings.Join(pairs, "&"), changed
}

// header rewrites what may carry tokens: all but what describes the message or the client.
func (w rewriter) header(h http.Header) (http.Header, bool) {
	var out http.Header
	for name, values := range h {
		if describesMessage(name) {
			continue
		}
		for i, v := range values {
			text, ok := w.text(v, isIDName(name))
			if !ok {
				continue
			}
			if out == nil {
				out = h.Clone()
			}
			out[name][i] = text
		}
	}
	return out, out != nil
}

func describesMessage(name string) bool {
	name = http.CanonicalHeaderKey(name)
	return strings.HasPrefix(name, "Accept") || slices.Contains([]string{
		"Host", "Content-Type", "Content-Length", "Content-Encoding", "User-Agent", "Connection", "Date",
		"Transfer-Encoding", "Cache-Control", "Te", "Trailer", "Upgrade", "Expect",
	}, name)
}

// body rewrites JSON leaves in place, form fields, and the tokens of other text.
func (w rewriter) body(contentType string, body []byte) ([]byte, bool) {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch {
	case len(body) == 0:
		return nil, false
	case media == "application/x-www-form-urlencoded":
		text, ok := w.pairs(string(body))
		return []byte(text), ok
	case json.Valid(body):
		return w.json(body)
	case !utf8.Valid(body) || strings.HasPrefix(media, "multipart/"):
		return nil, false
	}
	text, ok := w.text(string(body), false)
	return []byte(text), ok
}

// json rewrites the strings and numbers of a valid JSON text and leaves all else as it is, byte for byte.
func (w rewriter) json(body []byte) ([]byte, bool) {
	scan := scanner{src: body}
	var out []byte
	copied := 0
	for scan.next() {
		replacement, ok := w.leaf(scan)
		if !ok {
			continue
		}
		out = append(out, body[copied:scan.start]...)
		out = append(out, replacement...)
		copied = scan.end
	}
	if copied == 0 {
		return nil, false
	}
	return append(out, body[copied:]...), true
}

func (w rewriter) leaf(scan scanner) ([]byte, bool) {
	id := isIDName(scan.key)
	literal := scan.src[scan.start:scan.end]
	if literal[0] != '"' {
		text, ok := w.find(string(literal), id)
		// A number can only become a number: anything else would be another type.
		return []byte(text), ok && json.Valid([]byte(text))
	}
	text, ok := w.text(unquote(literal), id)
	if !ok {
		return nil, false
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return nil, false
	}
	return bytes.TrimSpace(b.Bytes()), true
}

func unquote(literal []byte) string {
	if bytes.IndexByte(literal, '\\') < 0 {
		return string(literal[1 : len(literal)-1])
	}
	var s string
	if err := json.Unmarshal(literal, &s); err != nil {
		return ""
	}
	return s
}

// scanner steps from leaf to leaf through a valid JSON text.
type scanner struct {
	src        []byte
	at         int
	start, end int
	// key is the name of the member that the leaf, or the array around it, belongs to.
	key  string
	open []string
}

// next finds the next string or number that is a value.
func (s *scanner) next() bool {
	for s.at < len(s.src) {
		s.start = s.at
		c := s.src[s.at]
		s.at++
		switch {
		case c == '{' || c == '[':
			s.open = append(s.open, s.key)
		case c == '}' || c == ']':
			s.key = s.open[len(s.open)-1]
			s.open = s.open[:len(s.open)-1]
		case c == '"':
			s.skipString()
			if !s.named() {
				s.end = s.at
				return true
			}
			s.key = unquote(s.src[s.start:s.at])
		case c == '-' || c >= '0' && c <= '9':
			s.skipNumber()
			s.end = s.at
			return true
		}
	}
	return false
}

func (s *scanner) skipString() {
	for ; s.src[s.at] != '"'; s.at++ {
		if s.src[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

func (s *scanner) skipNumber() {
	for s.at < len(s.src) && bytes.IndexByte([]byte("0123456789+-.eE"), s.src[s.at]) >= 0 {
		s.at++
	}
}

// named tells whether a colon follows, so that what was read is a name.
func (s *scanner) named() bool {
	rest := bytes.TrimLeft(s.src[s.at:], " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

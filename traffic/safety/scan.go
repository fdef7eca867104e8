package safety

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// Scanner looks for secrets and personal data. It is for one goroutine at a time.
//
// It looks at all header values and cookies, at path and query, at bodies in JSON, forms and text, and at
// statements, parameters, rows and errors of databases; not at bodies of images, audio, video and fonts, and not
// into archives. Values are known by their form, wherever they stand, and by their name where they have one:
// headers, cookies, query parameters, form fields, members of JSON objects, columns.
//
// Left alone are what was taken out before (REDACTED, ***), addresses in the domains that are reserved for
// examples, card numbers and keys that their issuers publish for tests, and digits under names of ids and
// times.
type Scanner struct {
	forms  *forms
	names  names
	visit  func(Finding)
	answer bool
}

// NewScanner makes a scanner.
func NewScanner() *Scanner { return &Scanner{forms: newForms(), names: names{}} }

// Scan visits what it finds in a record.
func (s *Scanner) Scan(r *traffic.Record, visit func(Finding)) {
	s.visit = visit
	if q := r.Request; q != nil {
		s.answer = false
		s.target(q.URL)
		s.header(q.Header)
		s.body(q.Header, q.Body)
		s.query(q.Query)
	}
	if a := r.Response; a != nil {
		s.answer = true
		s.header(a.Header)
		s.body(a.Header, a.Body)
		s.result(a.Result)
	}
}

func (s *Scanner) found(k Kind, where string, value []byte) {
	s.visit(Finding{Kind: k, Where: where, Answer: s.answer, Value: string(value)})
}

// plain visits what is found in a text by its form; ids have no cards in them.
func (s *Scanner) plain(text []byte, m meaning, where func(hit) string) (n int) {
	s.forms.detect(text, func(h hit) {
		if h.kind == Card && m == number {
			return
		}
		n++
		s.found(h.kind, where(h), text[h.start:h.end])
	})
	return n
}

// named looks at a value that has a name.
func (s *Scanner) named(place, name, value string) {
	if value != "" {
		s.valued(place, place+":"+label(name), name, value)
	}
}

// valued looks at a value with a name that stands somewhere.
func (s *Scanner) valued(place, where, name, value string) {
	m := s.names.of([]byte(name))
	if s.plain([]byte(value), m, func(hit) string { return where }) > 0 || !m.isSecret(value) {
		return
	}
	switch {
	case m == session && place != "cookie":
	case m == session, m == token && place == "cookie":
		s.found(Session, where, []byte(value))
	default:
		s.found(Secret, where, []byte(value))
	}
}

// label is a name as it may be shown: one that could itself be personal, or would spoil a line, is *.
func label(name string) string {
	const longest = 40
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_-.[]$", c)
	}
	if len(name) > longest || strings.ContainsFunc(name, func(c rune) bool { return !plain(c) }) {
		return "*"
	}
	return name
}

// target looks at path and query, as they are meant.
func (s *Scanner) target(text string) {
	path, query, _ := strings.Cut(text, "?")
	s.plain([]byte(unescaped(path, false)), nothing, func(hit) string { return "path" })
	s.pairs("query", query)
}

// pairs looks at names and values in the coding of forms.
func (s *Scanner) pairs(place, text string) {
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name = unescaped(name, true)
		s.plain([]byte(name), nothing, func(hit) string { return place + ":*" })
		s.named(place, name, unescaped(value, true))
	}
}

// unescaped undoes percent coding, and the + of forms for a space. What is not well-formed stays as it is.
func unescaped(text string, form bool) string {
	if strings.IndexByte(text, '%') < 0 && (!form || strings.IndexByte(text, '+') < 0) {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '+' && form:
			c = ' '
		case c == '%' && i+2 < len(text):
			if n, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				c = byte(n)
				i += 2
			}
		}
		b = append(b, c)
	}
	return string(b)
}

func (s *Scanner) header(h http.Header) {
	for name, values := range h {
		for _, value := range values {
			switch name {
			case "Cookie":
				for pair := range strings.SplitSeq(value, ";") {
					s.cookie(pair)
				}
			case "Set-Cookie":
				pair, _, _ := strings.Cut(value, ";")
				s.cookie(pair)
			case "Authorization", "Proxy-Authorization":
				s.authorization("header:"+name, value)
			case "Location", "Content-Location", "Referer":
				s.link("header:"+name, value)
			default:
				s.named("header", name, unescaped(value, false))
			}
		}
	}
}

func (s *Scanner) cookie(pair string) {
	name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
	s.named("cookie", name, unescaped(value, false))
}

// link looks at a URL in a header, with what it has as query and fragment.
func (s *Scanner) link(where, value string) {
	signs := func(c rune) bool { return c == '?' || c == '&' || c == '#' }
	for part := range strings.FieldsFuncSeq(value, signs) {
		name, value, _ := strings.Cut(part, "=")
		s.plain([]byte(unescaped(name, false)), nothing, func(hit) string { return where })
		s.valued("query", where, name, unescaped(value, true))
	}
}

// authorization looks at the credentials of RFC 9110.
func (s *Scanner) authorization(where, value string) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	rest = strings.TrimSpace(rest)
	if rest == "" {
		scheme, rest = "", scheme
	}
	if harmless(rest) || s.plain([]byte(rest), nothing, func(hit) string { return where }) > 0 {
		return
	}
	switch strings.ToLower(scheme) {
	case "bearer":
		s.found(Bearer, where, []byte(rest))
	case "basic":
		plain, err := base64.StdEncoding.DecodeString(rest)
		if _, pass, ok := strings.Cut(string(plain), ":"); err == nil && ok && harmless(pass) {
			return
		}
		s.found(Basic, where, []byte(rest))
	default:
		s.found(Secret, where, []byte(rest))
	}
}

func (s *Scanner) body(h http.Header, body []byte) {
	kind := ""
	if values := h["Content-Type"]; len(values) > 0 {
		kind = strings.ToLower(values[0])
	}
	switch {
	case len(body) == 0 || opaque(kind):
	case strings.Contains(kind, "x-www-form-urlencoded"):
		s.pairs("form", string(body))
	case isJSON(kind, body):
		s.json(body)
	default:
		s.plain(body, nothing, func(hit) string { return "body" })
	}
}

// opaque tells whether a media type has no text to look at.
func opaque(kind string) bool {
	for _, prefix := range []string{"image/", "audio/", "video/", "font/"} {
		if strings.HasPrefix(kind, prefix) && !strings.Contains(kind, "svg") {
			return true
		}
	}
	return false
}

func isJSON(kind string, body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && (body[0] == '{' || body[0] == '[') || strings.Contains(kind, "json")
}

func (s *Scanner) query(q *traffic.Query) {
	if q == nil {
		return
	}
	s.plain([]byte(q.SQL), nothing, func(hit) string { return "sql" })
	for i, p := range q.Params {
		if p.Value != nil {
			s.named("param", fmt.Sprintf("$%d", i+1), *p.Value)
		}
	}
}

func (s *Scanner) result(a *traffic.Result) {
	if a == nil {
		return
	}
	for _, row := range a.Rows {
		for i, value := range row {
			if value != nil && i < len(a.Columns) {
				s.named("column", a.Columns[i].Name, *value)
			}
		}
	}
	if e := a.Error; e != nil {
		at := func(hit) string { return "error" }
		s.plain([]byte(e.Message), nothing, at)
		for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
			s.plain([]byte(e.Fields[name]), nothing, at)
		}
	}
	for i := range a.Then {
		s.result(&a.Then[i])
	}
}

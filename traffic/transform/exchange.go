package transform

import (
	"maps"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// exchange is a record while it is changed.
type exchange struct {
	*traffic.Record

	request, response message
	list              [2]*message
}

// message is one side of an exchange. Its header is copied before it is first changed, its body is read
// once and written back at the end.
type message struct {
	*traffic.Request // nil for responses

	header        *http.Header
	raw           *[]byte
	text          string
	read, changed bool
	copied        bool
}

func (x *exchange) open(r *traffic.Record) {
	*x = exchange{Record: r}
	if r.Request != nil {
		x.request = message{Request: r.Request, header: &r.Request.Header, raw: &r.Request.Body}
		x.list[0] = &x.request
	}
	if r.Response != nil {
		x.response = message{header: &r.Response.Header, raw: &r.Response.Body}
		x.list[1] = &x.response
	}
}

func (x *exchange) close() {
	for _, m := range x.list {
		if m != nil && m.changed {
			*m.raw = []byte(m.text)
			m.measure()
		}
	}
}

// measure keeps Content-Length right; that of a coded body is not known.
func (m *message) measure() {
	if len(m.values("Content-Length")) > 0 && len(m.values("Content-Encoding")) == 0 {
		m.set("Content-Length", strconv.Itoa(len(m.text)))
	}
}

// messages visits the sides that are there.
func (x *exchange) messages(in Side) func(yield func(*message) bool) {
	return func(yield func(*message) bool) {
		if m := x.list[0]; m != nil && in != Response && !yield(m) {
			return
		}
		if m := x.list[1]; m != nil && in != Request {
			yield(m)
		}
	}
}

func (m *message) body() string {
	if !m.read {
		m.text, m.read = string(*m.raw), true
	}
	return m.text
}

func (m *message) setBody(text string) { m.text, m.read, m.changed = text, true, true }

// values are the values of a header; name is canonical.
func (m *message) values(name string) []string { return (*m.header)[name] }

// set puts values in place of those of a header.
func (m *message) set(name string, values ...string) {
	m.own()
	(*m.header)[name] = values
}

func (m *message) remove(name string) {
	m.own()
	delete(*m.header, name)
}

func (m *message) own() {
	if m.copied {
		return
	}
	m.copied = true
	if *m.header == nil {
		*m.header = http.Header{}
		return
	}
	*m.header = maps.Clone(*m.header)
}

// mapHeader changes all values of the header and returns how many it changed.
func (m *message) mapHeader(change func(name, value string) (string, int)) (n int) {
	for name, values := range *m.header {
		n += m.mapValues(name, values, change)
	}
	return n
}

// mapValues changes the values of one header; they are copied before the first changes.
func (m *message) mapValues(name string, values []string, change func(name, value string) (string, int)) (n int) {
	var out []string
	for i, v := range values {
		text, fired := change(name, v)
		if fired == 0 {
			continue
		}
		if out == nil {
			out = append(out, values...)
		}
		n += fired
		out[i] = text
	}
	if out != nil {
		m.set(name, out...)
	}
	return n
}

// isForm tells whether the body is a URL-encoded form.
func (m *message) isForm() bool {
	values := m.values("Content-Type")
	return len(values) > 0 && len(*m.raw) > 0 && strings.Contains(strings.ToLower(values[0]), "x-www-form-urlencoded")
}

// isJSON tells whether the body says or looks like it is JSON.
func (m *message) isJSON() bool {
	for _, c := range *m.raw {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '{', '[':
			return true
		}
		values := m.values("Content-Type")
		return len(values) > 0 && strings.Contains(strings.ToLower(values[0]), "json")
	}
	return false
}

func canonical(name string) string { return textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)) }

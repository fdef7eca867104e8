package transform

import (
	"bytes"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// message is one side of an exchange. What the steps change is written to the record at the end, so that the
// body is read and the header copied no more than once.
type message struct {
	*traffic.Request // nil for responses

	header  *http.Header
	fields  []field
	altered bool // the fields are no longer those of the header

	raw     *[]byte
	now     []byte   // what the body has become
	changed bool     // so that it is another one
	json    document // with values that are not yet in the body
	read    bool     // json is that of the body
	broken  error
}

// field is a header with its values.
type field struct {
	name   string
	values []string
}

func (m *message) open(header *http.Header, raw *[]byte) {
	*m = message{
		header: header, raw: raw, now: *raw, fields: m.fields[:0],
		json: document{tokens: m.json.tokens[:0], texts: m.json.texts[:0]},
	}
	for name, values := range *header {
		m.fields = append(m.fields, field{name, values})
	}
}

// mostKept is how many tokens are kept for the next message; the memory for more is given back.
const mostKept = 1 << 16

func (m *message) close() {
	if *m.raw = m.body(); m.changed {
		m.measure()
	}
	if m.altered {
		*m.header = make(http.Header, len(m.fields))
		for _, f := range m.fields {
			(*m.header)[f.name] = f.values
		}
	}
	if cap(m.json.tokens) > mostKept {
		m.json = document{}
	}
}

// measure keeps Content-Length right; that of a coded body is not known.
func (m *message) measure() {
	if len(m.values("Content-Length")) > 0 && len(m.values("Content-Encoding")) == 0 {
		m.set("Content-Length", strconv.Itoa(len(m.now)))
	}
}

// body is what the body has become by now.
func (m *message) body() []byte {
	if len(m.json.texts) > 0 {
		m.setBody(m.json.changed())
	}
	return m.now
}

func (m *message) setBody(now []byte) {
	m.now, m.changed, m.read = now, true, false
	m.json.texts = m.json.texts[:0]
}

// holds tells whether a text that no value of JSON ends within is part of the body.
func (m *message) holds(part []byte) bool {
	if len(m.json.texts) > 0 {
		return m.json.holds(part)
	}
	return bytes.Contains(m.now, part)
}

// document is the body as JSON. What is put into it becomes part of the body.
func (m *message) document() (*document, error) {
	if !m.read {
		m.read, m.broken = true, m.json.read(m.now)
	}
	return &m.json, m.broken
}

// mapBody changes the single values of JSON that have one of the shapes, or the values of a URL-encoded form.
func (m *message) mapBody(s *shapes, change func(value string) (string, bool)) {
	switch {
	case m.isJSON():
		if d, err := m.document(); err == nil {
			d.mapSingles(s, change)
		}
	case m.isForm():
		m.mapForm(func(_, value string) (string, bool) { return change(value) })
	}
}

// mapForm changes the values of a URL-encoded form.
func (m *message) mapForm(change func(name, value string) (string, bool)) {
	if text, changed := mapPairs(string(m.body()), change); changed {
		m.setBody([]byte(text))
	}
}

// isForm tells whether the body is a URL-encoded form.
func (m *message) isForm() bool {
	return len(m.now) > 0 && m.says("x-www-form-urlencoded")
}

// isJSON tells whether the body says or looks like it is JSON.
func (m *message) isJSON() bool {
	at := blanks(m.now, 0)
	return at < len(m.now) && (m.now[at] == '{' || m.now[at] == '[' || m.says("json"))
}

// says tells whether the body is declared to be of a type.
func (m *message) says(part string) bool {
	values := m.values("Content-Type")
	return len(values) > 0 && strings.Contains(strings.ToLower(values[0]), part)
}

func (m *message) index(name string) int {
	return slices.IndexFunc(m.fields, func(f field) bool { return f.name == name })
}

// values are the values of a header; name is canonical.
func (m *message) values(name string) []string {
	if i := m.index(name); i >= 0 {
		return m.fields[i].values
	}
	return nil
}

// set puts values in place of those of a header.
func (m *message) set(name string, values ...string) {
	m.altered = true
	if i := m.index(name); i >= 0 {
		m.fields[i].values = values
	} else {
		m.fields = append(m.fields, field{name, values})
	}
}

// remove takes a header out and tells whether it was there.
func (m *message) remove(name string) bool {
	i := m.index(name)
	if i >= 0 {
		m.altered = true
		m.fields = slices.Delete(m.fields, i, i+1)
	}
	return i >= 0
}

// mapHeader changes the values of all headers and returns how many changes were made.
func (m *message) mapHeader(change func(name, value string) (string, int)) (n int) {
	for i := range m.fields {
		n += m.mapField(i, change)
	}
	return n
}

// mapField changes the values of one header; they are copied before the first changes.
func (m *message) mapField(i int, change func(name, value string) (string, int)) (n int) {
	f := &m.fields[i]
	var out []string
	for j, v := range f.values {
		text, fired := change(f.name, v)
		if fired == 0 {
			continue
		}
		if out == nil {
			out = slices.Clone(f.values)
		}
		n += fired
		out[j] = text
	}
	if out != nil {
		f.values, m.altered = out, true
	}
	return n
}

func canonical(name string) string { return textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)) }

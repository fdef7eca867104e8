package traffic

import (
	"encoding/base64"
	"math"
	"net/http"
	"time"
)

// build makes the record of what was taken apart; it is nil where that is not as UnmarshalJSON asks.
func (d *Decoder) build() *Record {
	f := &d.form
	at, err := time.Parse(time.RFC3339Nano, string(f.time.raw))
	if err != nil || f.id.size == 0 || f.duration > maxDurationMS || !f.request.given {
		return nil
	}
	all := new(struct {
		record   Record
		request  Request
		response Response
	})
	r := &all.record
	*r = Record{
		ID: f.id.string(), Time: at, Direction: Direction(d.word(f.direction)), Service: d.word(f.service),
		Session: d.word(f.session), Connection: d.word(f.connection), Parent: f.parent.string(), Protocol: HTTP,
		Duration: time.Duration(math.Round(f.duration * float64(time.Millisecond))), Request: &all.request,
	}
	if f.response.given {
		r.Response = &all.response
	}
	d.makeRoom()
	ok := r.Direction == Inbound || r.Direction == Outbound
	switch Protocol(f.protocol.raw) {
	case "", HTTP:
		ok = ok && d.request(r.Request) && (r.Response == nil || d.response(r.Response))
	case Postgres:
		r.Protocol = Postgres
		ok = ok && r.Direction == Outbound && d.query(r.Request) && (r.Response == nil || d.result(r.Response))
	default:
		ok = false
	}
	if !ok {
		return nil
	}
	return r
}

func (d *Decoder) request(r *Request) bool {
	m := &d.form.request
	if m.url.size == 0 || m.asks() || m.answers() {
		return false
	}
	r.Method, r.URL, r.Host = d.word(m.method), d.cut(m.url), d.word(m.host)
	var read, coded bool
	r.Header, read = d.header(m.headers)
	r.Body, coded = m.bytes()
	return isToken(r.Method) && read && coded
}

func (d *Decoder) response(r *Response) bool {
	m := &d.form.response
	if m.asks() || m.answers() {
		return false
	}
	r.Status = m.status
	var read, coded bool
	r.Header, read = d.header(m.headers)
	r.Body, coded = m.bytes()
	return r.Status >= 100 && r.Status <= 999 && read && coded
}

// header is false where two names are the same in the usual spelling.
func (d *Decoder) header(fields []field) (http.Header, bool) {
	if len(fields) == 0 {
		return nil, true
	}
	first := fields[0].first
	values := make([]string, fields[len(fields)-1].end-first)
	for i := range values {
		values[i] = d.cut(d.values[first+i])
	}
	h := make(http.Header, len(fields))
	for _, f := range fields {
		if f.first == f.end {
			h[f.name] = nil
			continue
		}
		h[f.name] = values[f.first-first : f.end-first : f.end-first]
	}
	return h, len(h) == len(fields)
}

// bytes is the body, nil for one that is empty; false where it is none.
func (m *message) bytes() ([]byte, bool) {
	switch {
	case m.body.raw != nil && m.base64.raw != nil:
		return nil, false
	case m.body.size > 0:
		return m.body.bytes(), true
	case m.base64.size > 0:
		b := make([]byte, base64.StdEncoding.DecodedLen(m.base64.size))
		n, err := base64.StdEncoding.Decode(b, m.base64.raw)
		return b[:n], err == nil && n > 0 && !m.base64.escaped()
	}
	return nil, true
}

// largestCut bounds what is cut out of one text with others: it stays in memory as long as they do.
const largestCut = 4 << 10

// makeRoom makes the text that all the others of a record are cut out of.
func (d *Decoder) makeRoom() {
	n := 0
	for _, t := range append(d.values, d.form.request.url) {
		if t.size <= largestCut {
			n += t.size
		}
	}
	d.texts.Reset()
	d.texts.Grow(n)
}

func (d *Decoder) cut(t text) string {
	switch {
	case t.size == 0:
		return ""
	case t.size > largestCut:
		return t.string()
	}
	first := d.texts.Len()
	if t.escaped() {
		d.texts.Write(t.bytes())
	} else {
		d.texts.Write(t.raw)
	}
	return d.texts.String()[first:]
}

// word is a text that other records are likely to have too.
func (d *Decoder) word(t text) string {
	if t.escaped() {
		return t.string()
	}
	return d.words.of(t.raw, func(word string) string { return word })
}

// vocabulary leads from texts to what is kept for them, for as many as are likely to come again.
type vocabulary map[string]string

func (v *vocabulary) of(b []byte, made func(string) string) string {
	if known, ok := (*v)[string(b)]; ok {
		return known
	}
	const longest, most = 64, 1024
	word := made(string(b))
	if len(b) > longest {
		return word
	}
	if *v == nil || len(*v) == most {
		*v = make(vocabulary)
	}
	(*v)[string(b)] = word
	return word
}

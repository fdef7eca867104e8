package traffic

import (
	"net/textproto"
	"strings"
	"unicode/utf8"
)

// Decoder reads records in their published form as [Record.UnmarshalJSON] does, several times as fast: it
// knows the form, and keeps words that come again and memory. The zero value is ready. It is for one
// goroutine.
//
// It takes one pass over what is written as headgate itself would. Anything else, mistakes included, is left
// to UnmarshalJSON, so that both always agree.
type Decoder struct {
	lexer lexer
	form  form
	// fields are those of the headers of a record; values are theirs, and those of a query and its answer.
	fields  []field
	values  []text
	answers []answer
	// texts is what values and targets of a record are cut out of.
	texts strings.Builder
	// names leads to the usual spelling of header names, words to those that come again: methods, services.
	names, words vocabulary
}

// form is a record taken apart, nothing copied. Texts that are not there have no bytes, not even none.
type form struct {
	id, time, direction, service, session, connection, parent, protocol text

	duration          float64
	request, response message
}

type message struct {
	given                                bool
	method, url, host, body, base64, sql text
	status                               int
	headers                              []field
	headed, continued                    bool // has headers, has answers behind the first, if only none

	params span
	answer answer
	then   []answer
}

// field is a header: its name in the usual spelling, and which of the decoder's values are its.
type field struct {
	name       string
	first, end int
}

// Decode reads one line. The record does not share memory with it.
func (d *Decoder) Decode(line []byte) (*Record, error) {
	if r := d.decode(line); r != nil {
		return r, nil
	}
	r := new(Record)
	if err := r.unmarshal(line); err != nil {
		return nil, err
	}
	return r, nil
}

// decode is nil where there is anything out of the ordinary.
func (d *Decoder) decode(line []byte) *Record {
	if !utf8.Valid(line) {
		return nil
	}
	d.lexer, d.form = lexer{src: line}, form{}
	d.fields, d.values, d.answers = d.fields[:0], d.values[:0], d.answers[:0]
	const kept = 1 << 14 // a large record is not to hold its memory for good
	if cap(d.values) > kept || cap(d.fields) > kept || cap(d.answers) > kept {
		d.fields, d.values, d.answers = nil, nil, nil
	}
	d.scan()
	if d.lexer.next(); d.lexer.bad || d.lexer.at < len(line) {
		return nil
	}
	return d.build()
}

func (d *Decoder) scan() {
	l, f := &d.lexer, &d.form
	l.open('{')
	for n := 0; l.more('}', n); n++ {
		switch key := l.key(); string(key) {
		case "duration_ms":
			l.once(f.duration == 0)
			f.duration = l.number()
		case "request":
			d.message(&f.request)
		case "response":
			d.message(&f.response)
		default:
			l.member(f.text(key))
		}
	}
}

// text is the place for a member of a record, nil for one that is not known.
func (f *form) text(key []byte) *text {
	switch string(key) {
	case "id":
		return &f.id
	case "time":
		return &f.time
	case "direction":
		return &f.direction
	case "service":
		return &f.service
	case "session":
		return &f.session
	case "connection":
		return &f.connection
	case "parent":
		return &f.parent
	case "protocol":
		return &f.protocol
	}
	return nil
}

func (d *Decoder) message(m *message) {
	l := &d.lexer
	l.once(!m.given)
	m.given = true
	l.open('{')
	for n := 0; l.more('}', n); n++ {
		switch key := l.key(); string(key) {
		case "status":
			l.once(m.status == 0)
			m.status = l.whole()
		case "headers":
			l.once(!m.headed)
			m.headers, m.headed = d.headers(), true
		case "params":
			l.once(!m.params.given)
			m.params = d.pairs("type", "value")
		case "then":
			l.once(!m.continued)
			m.then, m.continued = d.answersBehind(), true
		default:
			if !d.answer(&m.answer, key) {
				l.member(m.text(key))
			}
		}
	}
}

// text is the place for a member of a request or a response, nil for one that is not known.
func (m *message) text(key []byte) *text {
	switch string(key) {
	case "method":
		return &m.method
	case "url":
		return &m.url
	case "host":
		return &m.host
	case "body":
		return &m.body
	case "body_base64":
		return &m.base64
	case "sql":
		return &m.sql
	}
	return nil
}

func (d *Decoder) headers() []field {
	l, first := &d.lexer, len(d.fields)
	l.open('{')
	for n := 0; l.more('}', n); n++ {
		f := field{name: d.names.of(l.key(), textproto.CanonicalMIMEHeaderKey), first: len(d.values)}
		l.open('[')
		for k := 0; l.more(']', k); k++ {
			d.values = append(d.values, l.text())
		}
		f.end = len(d.values)
		d.fields = append(d.fields, f)
	}
	return d.fields[first:]
}

package spool

import (
	"encoding/binary"

	"github.com/headgate-dev/headgate/traffic"
)

// Lists that may be nil are written with their length and one more, as bodies are; a query that is not
// there is one byte.

func appendQuery(b []byte, q *traffic.Query) []byte {
	if q == nil {
		return append(b, 0)
	}
	b = appendText(append(b, 1), q.SQL)
	b = appendCount(b, q.Params)
	for _, p := range q.Params {
		b = appendValue(appendText(b, p.Type), p.Value)
	}
	return b
}

// appendResults writes a result and those behind it.
func appendResults(b []byte, r *traffic.Result) []byte {
	if r == nil {
		return append(b, 0)
	}
	b = appendCount(append(b, 1), r.Columns)
	for _, c := range r.Columns {
		b = appendText(appendText(b, c.Name), c.Type)
	}
	b = appendCount(b, r.Rows)
	for _, row := range r.Rows {
		b = binary.AppendUvarint(b, uint64(len(row)))
		for _, value := range row {
			b = appendValue(b, value)
		}
	}
	b = appendError(appendText(b, r.Tag), r.Error)
	b = binary.AppendUvarint(b, uint64(len(r.Then)))
	for i := range r.Then {
		b = appendResults(b, &r.Then[i])
	}
	return b
}

func appendError(b []byte, e *traffic.QueryError) []byte {
	if e == nil {
		return append(b, 0)
	}
	b = appendText(appendText(append(b, 1), e.SQLState), e.Message)
	b = binary.AppendUvarint(b, uint64(len(e.Fields)))
	for name, value := range e.Fields {
		b = appendText(appendText(b, name), value)
	}
	return b
}

func appendCount[T any](b []byte, list []T) []byte {
	if list == nil {
		return append(b, 0)
	}
	return binary.AppendUvarint(b, uint64(len(list))+1)
}

func appendValue(b []byte, value *string) []byte {
	if value == nil {
		return append(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(*value))+1), *value...)
}

func (d *decoder) query() *traffic.Query {
	if d.number() != 1 {
		return nil
	}
	q := &traffic.Query{SQL: d.next()}
	if n, ok := d.count(); ok {
		q.Params = make([]traffic.Param, n)
	}
	for i := range q.Params {
		q.Params[i] = traffic.Param{Type: d.next(), Value: d.value()}
	}
	return q
}

// results reads what appendResults has written.
func (d *decoder) results() *traffic.Result {
	if d.number() != 1 {
		return nil
	}
	r := new(traffic.Result)
	if n, ok := d.count(); ok {
		r.Columns = make([]traffic.Column, n)
	}
	for i := range r.Columns {
		r.Columns[i] = traffic.Column{Name: d.next(), Type: d.next()}
	}
	r.Rows = d.rows()
	r.Tag = d.next()
	r.Error = d.failure()
	for range d.size() {
		if next := d.results(); next != nil {
			r.Then = append(r.Then, *next)
		}
	}
	return r
}

func (d *decoder) failure() *traffic.QueryError {
	if d.number() != 1 {
		return nil
	}
	e := &traffic.QueryError{SQLState: d.next(), Message: d.next()}
	if n := d.size(); n > 0 {
		e.Fields = make(map[string]string, n)
		for range n {
			name := d.next()
			e.Fields[name] = d.next()
		}
	}
	return e
}

func (d *decoder) rows() [][]*string {
	n, ok := d.count()
	if !ok {
		return nil
	}
	rows := make([][]*string, n)
	for i := range rows {
		rows[i] = make([]*string, d.size())
		for k := range rows[i] {
			rows[i][k] = d.value()
		}
	}
	return rows
}

// size is the length of a list: each entry takes a byte at least, and something always follows.
func (d *decoder) size() int {
	n := d.number()
	if n > uint64(len(d.text)) {
		d.damaged, d.text = true, ""
		return 0
	}
	return int(n)
}

// count is the length of a list that may be nil: then ok is false.
func (d *decoder) count() (n int, ok bool) {
	n = d.size()
	return n - 1, n > 0
}

// value is a text that may be NULL.
func (d *decoder) value() *string {
	n, ok := d.count()
	if !ok {
		return nil
	}
	text := d.text[:n]
	d.text = d.text[n:]
	return &text
}

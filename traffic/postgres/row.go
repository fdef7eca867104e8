package postgres

import (
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"
)

// row is what is needed to read rows, kept from one to the next.
type row struct {
	data   pgproto3.DataRow
	writer writer
	ends   []int
}

// add takes a row of the head's query.
func (c *Conn) add(q *query, m message) {
	r := q.result()
	if m.left != "" {
		q.leave(m.left)
	}
	if q.left != "" {
		r.Rows = nil
		return
	}
	if err := c.row.data.Decode(m.body); err != nil || q.described && len(q.fields) != len(c.row.data.Values) {
		c.lose()
		return
	}
	values, ok := c.values(q)
	if !ok {
		q.leave(kindEncoding)
		return
	}
	n := len(c.row.writer.b) + len(values)*(8+16) + 24
	q.rows += n
	q.grow(c, n)
	if c.row.writer.full || q.rows > c.MaxMessage {
		q.leave(kindLarge)
		q.grow(c, -q.rows)
		q.rows, r.Rows = 0, nil
		return
	}
	r.Rows = append(r.Rows, values)
}

// values are the values of the row in text form; false where they cannot be recorded as text.
func (c *Conn) values(q *query) ([]*string, bool) {
	w := &c.row.writer
	w.b, w.limit, w.full = w.b[:0], c.MaxMessage, false
	c.row.ends = c.row.ends[:0]
	for i, value := range c.row.data.Values {
		var oid uint32
		if q.described {
			oid = q.fields[i].oid
		}
		if value != nil && q.format(i) == binaryFormat {
			w.binary(oid, value)
		} else {
			w.bytes(value)
		}
		c.row.ends = append(c.row.ends, len(w.b))
	}
	return c.cut(q, string(w.b))
}

// format is the format code of a column: of the Bind, or in a simple query of its description.
func (q *query) format(column int) int16 {
	if q.statement == nil && q.described {
		return q.fields[column].format
	}
	return format(q.bind.ResultFormatCodes, column)
}

// block is room for the values of a few rows, as they come in great numbers.
type block struct {
	texts  []string
	values []*string
	size   int
}

// room is for so many values; each new block has twice that of the one before.
func (b *block) room(n int) (texts []string, values []*string) {
	const most = 256
	if len(b.texts) < n {
		b.size = max(n, min(2*b.size, most))
		b.texts, b.values = make([]string, b.size), make([]*string, b.size)
	}
	texts, values = b.texts[:n:n], b.values[:n:n]
	b.texts, b.values = b.texts[n:], b.values[n:]
	return texts, values
}

// cut makes the values of a row out of its text.
func (c *Conn) cut(q *query, all string) ([]*string, bool) {
	texts, values := q.block.room(len(c.row.ends))
	began := 0
	for i, end := range c.row.ends {
		texts[i] = all[began:end]
		began = end
		if c.row.data.Values[i] == nil {
			continue
		}
		if !c.readable(texts[i]) {
			return nil, false
		}
		values[i] = &texts[i]
	}
	return values, true
}

// readable tells whether a text of the connection can be recorded as it is.
func (c *Conn) readable(s string) bool {
	if !c.foreign {
		return utf8.ValidString(s)
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

package postgres

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// answer takes a message of the server.
func (c *Conn) answer(m message) {
	switch m.kind {
	case 'S':
		c.parameter(m.body)
	case 'A', 'N', 'K', 'v', 'd':
	case 'W':
		c.end(kindReplication)
	case 'Z':
		c.ready(m)
	case 'E':
		c.fail(m)
	default:
		if m.left != "" && m.kind != 'D' || !c.part(m) {
			c.lose()
		}
	}
}

// parameter takes note of the client's encoding.
func (c *Conn) parameter(body []byte) {
	name, rest, _ := bytes.Cut(body, []byte{0})
	if string(name) == "client_encoding" {
		encoding := text(rest)
		c.foreign = encoding != "UTF8" && encoding != "SQL_ASCII"
	}
}

// part takes a part of the answer to the oldest step. It is false where it does not belong there.
func (c *Conn) part(m message) bool {
	s := c.steps.head()
	if s == nil {
		return false
	}
	switch s.kind {
	case startup:
		return m.kind == 'R'
	case 'Q':
		return c.partOfQuery(s.query, m)
	case 'E':
		return c.partOfExecute(s, m)
	case 'D':
		return c.partOfDescribe(s, m)
	case 'F':
		return m.kind == 'V'
	case 'P', 'B', 'C':
		if m.kind != completes(s.kind) {
			return false
		}
		c.settle()
		c.confirm(s)
		c.steps.pop()
		return true
	}
	return false
}

// completes is the server's message that says no more than that it has done what it was asked.
func completes(kind byte) byte {
	switch kind {
	case 'P':
		return '1'
	case 'B':
		return '2'
	}
	return '3'
}

// confirm does what the server has done with a Bind or a Close.
func (c *Conn) confirm(s *step) {
	switch {
	case s.kind == 'B':
		c.replace(s.portal)
		s.portal.bound = true
	case s.kind == 'C' && s.portal != nil:
		c.finish(s.portal.query)
		if c.portals[s.name] == s.portal {
			delete(c.portals, s.name)
		}
	case s.kind == 'C' && s.statement != nil && c.statements[s.name] == s.statement:
		c.forget(s.name)
	}
}

func (c *Conn) partOfDescribe(s *step, m message) bool {
	switch m.kind {
	case 't':
		var d pgproto3.ParameterDescription
		if err := d.Decode(m.body); err != nil {
			return false
		}
		if s.statement != nil {
			s.statement.types = d.ParameterOIDs
		}
		return true
	case 'T', 'n':
		fields, ok := readFields(m)
		if !ok {
			return false
		}
		if s.statement != nil {
			s.statement.fields, s.statement.described = fields, true
			if c.statements[s.name] == s.statement {
				s.statement.size += 2 * len(m.body)
				c.size += 2 * len(m.body)
			}
		}
		if s.portal != nil && !s.portal.query.done {
			s.portal.query.describe(fields)
			s.portal.query.grow(c, 2*len(m.body))
		}
		c.steps.pop()
		return true
	}
	return false
}

// readFields reads a RowDescription or a NoData.
func readFields(m message) (fields []field, ok bool) {
	if m.kind == 'n' {
		return nil, true
	}
	var d pgproto3.RowDescription
	if err := d.Decode(m.body); err != nil {
		return nil, false
	}
	fields = make([]field, len(d.Fields))
	for i, f := range d.Fields {
		fields[i] = field{name: string(f.Name), oid: f.DataTypeOID, format: f.Format}
	}
	return fields, true
}

func (c *Conn) partOfQuery(q *query, m message) bool {
	switch m.kind {
	case 'T':
		fields, ok := readFields(m)
		if !ok {
			return false
		}
		q.open = false
		q.describe(fields)
		q.result()
		q.grow(c, len(m.body))
	case 'D':
		c.add(q, m)
	case 'C':
		q.close(text(m.body), nil)
		q.grow(c, 2*stepSize)
	case 'I':
		q.close("", nil)
	case 'G', 'H':
		q.leave(kindCopy)
	case 'c':
	default:
		return false
	}
	return true
}

func (c *Conn) partOfExecute(s *step, m message) bool {
	c.settle()
	q := s.portal.query
	if q.done && m.kind != 'c' {
		q = c.again(s.portal)
	}
	if !q.described && s.portal.statement != nil && s.portal.statement.described {
		q.describe(s.portal.statement.fields)
	}
	switch m.kind {
	case 'D':
		c.add(q, m)
	case 'C':
		q.close(text(m.body), nil)
		c.executed(q, m.ended)
	case 'I':
		q.close("", nil)
		c.executed(q, m.ended)
	case 's':
		q.result()
		q.suspended, q.ended = true, m.ended
		c.steps.pop()
	case 'G', 'H':
		q.leave(kindCopy)
		s.copying = m.kind == 'G'
	case 'c':
	default:
		return false
	}
	return true
}

// again makes a query for a portal that is executed once more, after its end.
func (c *Conn) again(p *portal) *query {
	was := p.query
	q := c.begin(was.ended)
	q.sql, q.statement, q.bind, q.left = was.sql, was.statement, was.bind, was.left
	q.fields, q.described, q.executions = was.fields, was.described, 1
	p.query = q
	return q
}

// executed ends an execution. It is handed on when it is known that its transaction has not failed.
func (c *Conn) executed(q *query, at time.Time) {
	q.ended = at
	c.steps.pop()
	s := c.steps.head()
	q.synced = s != nil && s.kind == 'S'
	c.last = q
}

// settle hands on the latest execution.
func (c *Conn) settle() {
	c.hand(c.last)
	c.last = nil
}

// ready takes a ReadyForQuery: all up to the next step that waits for it has been answered.
func (c *Conn) ready(m message) {
	if len(m.body) != 1 || m.left != "" {
		c.lose()
		return
	}
	c.skipping = false
	if c.last != nil && c.last.synced {
		c.last.ended = m.ended
	}
	c.settle()
	for s := c.steps.head(); s != nil; s = c.steps.head() {
		one := *s
		c.steps.pop()
		if !one.closes() {
			c.giveUp(one.running())
			continue
		}
		if one.query != nil {
			c.expire("")
			if !one.query.answered {
				one.query.leave(kindHalf)
			}
			one.query.answered, one.query.ended = true, m.ended
			c.hand(one.query)
		}
		break
	}
	if m.body[0] == 'I' {
		c.expire(slices.Sorted(maps.Keys(c.portals))...)
	}
}

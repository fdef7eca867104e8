package postgres

import (
	"bytes"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// statement is a prepared statement.
type statement struct {
	sql   string
	began time.Time
	// sync is the number of the pipeline that it was prepared in.
	sync int
	// types are the object ids of its parameters: of its description, or else as the client gave them.
	types []uint32
	// fields are the columns of its rows, once described.
	fields    []field
	described bool
	used      bool
	left      string
	size      int
}

// portal is a statement with its parameters bound.
type portal struct {
	statement *statement
	query     *query
	// old is the portal that had the same name, until the server has bound this one.
	old   *portal
	bound bool
}

// ask takes a message of the client.
func (c *Conn) ask(m message) {
	if c.stage == greeting {
		c.greet(m)
		return
	}
	switch m.kind {
	case 'S':
		c.skipping = false
		c.syncs++
		c.await(step{kind: 'S'})
	case 'c', 'f':
		c.copied()
	case 'Q', 'P', 'B', 'D', 'E', 'C', 'F':
		c.request(m)
	}
}

// copied ends the data of a COPY. A Sync that was sent before it was ignored.
func (c *Conn) copied() {
	if s := c.steps.head(); s != nil && s.kind == 'E' && s.copying {
		c.steps.only()
	}
}

// request takes a message that is to be answered. After an error, the server skips it.
func (c *Conn) request(m message) {
	if c.skipping {
		if m.kind == 'E' || m.kind == 'Q' {
			c.LeftOut(kindSkipped)
		}
		return
	}
	switch m.kind {
	case 'Q':
		q := c.begin(m.began)
		q.left, q.sql = m.left, text(m.body)
		q.grow(c, len(q.sql))
		c.await(step{kind: 'Q', query: q})
	case 'F':
		q := c.begin(m.began)
		q.left = kindFunction
		c.await(step{kind: 'F', query: q})
	case 'P':
		c.parse(m)
	case 'B':
		c.bind(m)
	case 'D', 'C':
		c.describe(m)
	case 'E':
		c.execute(m)
	}
}

// await adds a step that a ReadyForQuery ends. With a client that does not wait for the one before, it is not
// known which of them the next one is, unless all were seen.
func (c *Conn) await(s step) {
	c.ahead = c.ahead || c.steps.ends > 0
	c.steps.push(s)
	if c.ahead && c.joined {
		c.lose()
	}
}

// text is a string that ends with a zero byte, or with b.
func text(b []byte) string {
	s, _, _ := bytes.Cut(b, []byte{0})
	return string(s)
}

func (c *Conn) parse(m message) {
	s := &statement{began: m.began, sync: c.syncs, left: m.left}
	var p pgproto3.Parse
	switch err := p.Decode(m.body); {
	case m.left != "" && bytes.IndexByte(m.body, 0) >= 0:
		p.Name = text(m.body)
	case err != nil || m.left != "":
		c.lose()
		return
	default:
		s.sql, s.types = p.Query, p.ParameterOIDs
	}
	s.size = len(s.sql) + 4*len(s.types) + 2*stepSize
	if old := c.statements[p.Name]; old != nil && old.sql == s.sql {
		old.used = true // it was described, to be sent once more with its parameters
	}
	c.forget(p.Name)
	c.size += s.size
	c.statements[p.Name] = s
	c.steps.push(step{kind: 'P', name: p.Name, statement: s})
}

// forget takes a name off its statement.
func (c *Conn) forget(name string) {
	s := c.statements[name]
	if s == nil {
		return
	}
	if !s.used {
		c.LeftOut(kindUnused)
	}
	c.size -= s.size
	delete(c.statements, name)
}

func (c *Conn) bind(m message) {
	b, err := decodeBind(m)
	if err != nil {
		c.lose()
		return
	}
	s, at := c.statements[b.PreparedStatement], m.began
	if s != nil && s.sync == c.syncs {
		at = s.began
	}
	q := c.begin(at)
	q.bind, q.statement, q.left = b, s, m.left
	switch {
	case s == nil:
		q.left = kindUnprepared
	case s.left != "":
		q.left = s.left
	default:
		q.sql = s.sql
	}
	q.grow(c, len(m.body)+2*stepSize)
	if b.PreparedStatement == "" { // soon replaced, and kept by the query alone
		q.grow(c, len(q.sql))
	}
	p := &portal{query: q, statement: s, old: c.portals[b.DestinationPortal]}
	c.portals[b.DestinationPortal] = p
	c.steps.push(step{kind: 'B', name: b.DestinationPortal, portal: p})
}

// decodeBind reads a Bind; of one that is not whole only the names.
func decodeBind(m message) (b pgproto3.Bind, err error) {
	if m.left == "" {
		return b, b.Decode(bytes.Clone(m.body))
	}
	parts := bytes.SplitN(m.body, []byte{0}, 3)
	if len(parts) < 3 {
		return b, errFrame
	}
	b.DestinationPortal, b.PreparedStatement = string(parts[0]), string(parts[1])
	return b, nil
}

// describe takes a Describe or a Close.
func (c *Conn) describe(m message) {
	if m.left != "" {
		c.lose()
		return
	}
	s := step{kind: m.kind, name: text(m.body[1:])}
	switch m.body[0] {
	case 'S':
		s.statement = c.statements[s.name]
	case 'P':
		s.portal = c.portals[s.name]
	default:
		c.lose()
		return
	}
	c.steps.push(s)
}

func (c *Conn) execute(m message) {
	if m.left != "" {
		c.lose()
		return
	}
	p := c.portals[text(m.body)]
	if p == nil {
		p = &portal{query: c.begin(m.began)}
		p.query.left = kindUnbound
	}
	if p.statement != nil {
		p.statement.used = true
	}
	p.query.executions++
	c.steps.push(step{kind: 'E', portal: p})
}

package postgres

import (
	"cmp"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/headgate-dev/headgate/traffic"
)

// fail takes an ErrorResponse.
func (c *Conn) fail(m message) {
	failure, err := readFailure(m)
	if err != nil {
		c.lose()
		return
	}
	s := c.steps.head()
	switch {
	case s == nil:
		c.LeftOut(kindUnprovoked)
	case s.kind == startup:
		c.LeftOut(kindRefused)
		c.steps.pop()
	case s.kind == 'Q':
		s.query.close("", failure)
		if severity := failure.Fields["severity"]; severity == "FATAL" || severity == "PANIC" {
			s.query.ended = m.ended
			c.hand(s.query) // nothing follows
			c.steps.pop()
		}
	case s.kind == 'F':
	case s.kind == 'S' && c.last == nil:
		c.LeftOut(kindUnprovoked)
	case s.kind == 'S':
		c.last.results[len(c.last.results)-1].Tag = ""
		c.last.results[len(c.last.results)-1].Error = failure
		c.last.ended = m.ended
		c.settle()
	default:
		c.settle()
		c.failStep(s, failure, m)
	}
}

// failStep ends the oldest step with an error; the server skips all behind it, up to the next Sync.
func (c *Conn) failStep(s *step, failure *traffic.QueryError, m message) {
	q := c.culprit(s)
	if q == nil {
		c.LeftOut(kindUnprovoked)
	} else {
		q.close("", failure)
		q.ended = m.ended
		c.hand(q)
	}
	copying := s.copying && s.kind == 'E' // what was sent before the data was ignored, a Sync too
	for s = c.steps.head(); s != nil && (s.kind != 'S' || copying); s = c.steps.head() {
		c.skip(s)
		c.steps.pop()
	}
	c.skipping = s == nil
}

// skip takes back what a step was to do.
func (c *Conn) skip(s *step) {
	switch s.kind {
	case 'P':
		s.statement.used = true
		if c.statements[s.name] == s.statement {
			c.forget(s.name)
		}
	case 'B':
		c.unbind(s.name, s.portal)
	case 'E', 'Q', 'F':
		if q := s.running(); q != nil && !q.suspended {
			q.leave(kindSkipped)
			c.hand(q)
		}
	}
}

// culprit is the query that an error belongs to: the one that the step executes, or is a step towards. An error of
// a statement that is not executed gets a query of its own.
func (c *Conn) culprit(s *step) *query {
	switch {
	case s.kind == 'E' || s.portal != nil && s.kind != 'C':
		if s.portal.query.done {
			return c.again(s.portal)
		}
		return s.portal.query
	case s.kind == 'C':
		return nil
	case s.statement == nil:
		return &query{left: kindUnprepared}
	}
	for _, next := range c.steps.all[c.steps.next:] {
		if next.kind == 'S' {
			break
		}
		if next.kind == 'E' && next.portal.statement == s.statement && !next.portal.query.done {
			return next.portal.query
		}
	}
	q := c.begin(s.statement.began)
	q.sql, q.left = s.statement.sql, s.statement.left
	return q
}

// readFailure reads an ErrorResponse.
func readFailure(m message) (*traffic.QueryError, error) {
	if m.left != "" {
		return nil, errPart
	}
	var e pgproto3.ErrorResponse
	if err := e.Decode(m.body); err != nil {
		return nil, err
	}
	position := ""
	if e.Position > 0 {
		position = strconv.Itoa(int(e.Position))
	}
	fields := map[string]string{
		"severity": cmp.Or(e.SeverityUnlocalized, e.Severity), "detail": e.Detail, "hint": e.Hint,
		"position": position, "schema": e.SchemaName, "table": e.TableName, "column": e.ColumnName,
		"datatype": e.DataTypeName, "constraint": e.ConstraintName,
	}
	for name, value := range fields {
		if value == "" {
			delete(fields, name)
		}
	}
	return &traffic.QueryError{SQLState: e.Code, Message: e.Message, Fields: fields}, nil
}

package postgres

import (
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/headgate-dev/headgate/traffic"
)

// field is a column of a result.
type field struct {
	name   string
	oid    uint32
	format int16
}

// query is one execution: a simple query, or a portal from its Bind on.
type query struct {
	id, parent   string
	began, ended time.Time
	sql          string
	// statement and bind are set in the extended protocol; without a statement there are no parameters.
	statement *statement
	bind      pgproto3.Bind
	// executions counts how often the client has asked for rows.
	executions int

	// fields are the columns of the rows that come, once described.
	fields    []field
	described bool
	results   []traffic.Result
	// open tells that the latest of the results goes on.
	open bool
	// answered tells that some of the answer was seen; suspended that the server waits for the client to
	// ask for more rows; synced that the client waits for the end of the transaction.
	answered, suspended, synced bool
	// left is why it is left out, done that it was handed on.
	left string
	done bool
	// size is how many bytes it holds, rows how many of them are those of its results.
	size, rows int
	block      block
}

// begin makes a query whose first byte came at that time.
func (c *Conn) begin(at time.Time) *query {
	q := &query{began: at}
	if c.Begin != nil {
		q.id, q.parent = c.Begin(at)
	}
	return q
}

func (q *query) grow(c *Conn, n int) {
	q.size += n
	c.size += n
}

// describe says what the rows to come hold.
func (q *query) describe(fields []field) { q.fields, q.described = fields, true }

// result is the result that goes on, or a new one.
func (q *query) result() *traffic.Result {
	q.answered, q.suspended = true, false
	if !q.open {
		q.results = append(q.results, traffic.Result{Columns: columns(q.fields)})
		q.open = true
	}
	return &q.results[len(q.results)-1]
}

// close ends the result that goes on.
func (q *query) close(tag string, failure *traffic.QueryError) {
	r := q.result()
	r.Tag, r.Error = tag, failure
	if len(r.Rows) > 0 && !q.described {
		q.leave(kindUndescribed)
	}
	q.open = false
	if q.statement == nil {
		q.fields, q.described = nil, false
	}
}

// leave says why the query is left out: the first reason counts.
func (q *query) leave(kind string) {
	if q.left == "" {
		q.left = kind
	}
}

func columns(fields []field) []traffic.Column {
	if fields == nil {
		return nil
	}
	all := make([]traffic.Column, len(fields))
	for i, f := range fields {
		all[i] = traffic.Column{Name: f.name, Type: typeName(f.oid)}
	}
	return all
}

// hand ends a query: it becomes a record or is left out.
func (c *Conn) hand(q *query) {
	if q == nil || q.done {
		return
	}
	q.done, q.suspended = true, false
	c.size -= q.size
	request, results := c.query(q), q.results
	q.results, q.block = nil, block{} // the portal may be there for long
	if q.left != "" {
		c.LeftOut(q.left)
		return
	}
	r := &traffic.Record{
		ID: q.id, Parent: q.parent, Time: q.began.UTC(), Direction: traffic.Outbound, Service: c.Service,
		Connection: c.Connection, Protocol: traffic.Postgres,
		Request: &traffic.Request{Host: c.Host, Query: request},
	}
	if q.answered {
		r.Duration = max(0, q.ended.Sub(q.began))
		r.Response = &traffic.Response{Result: &traffic.Result{}}
		if len(results) > 0 {
			*r.Response.Result = results[0]
		}
		if len(results) > 1 {
			r.Response.Result.Then = results[1:]
		}
	}
	c.Record(r)
}

// query is what was asked, or the query is left out.
func (c *Conn) query(q *query) *traffic.Query {
	asked := &traffic.Query{SQL: q.sql}
	if !c.readable(q.sql) {
		q.leave(kindEncoding)
	}
	if q.statement == nil || q.left != "" {
		return asked
	}
	asked.Params = make([]traffic.Param, len(q.bind.Parameters))
	for i, value := range q.bind.Parameters {
		p := &asked.Params[i]
		var oid uint32
		if i < len(q.statement.types) {
			oid = q.statement.types[i]
		}
		if oid != 0 {
			p.Type = typeName(oid)
		}
		if value == nil {
			continue
		}
		w := writer{limit: 2*c.MaxMessage + 64}
		if format(q.bind.ParameterFormatCodes, i) == binaryFormat {
			w.binary(oid, value)
		} else {
			w.bytes(value)
		}
		if w.full {
			q.leave(kindLarge)
			return asked
		}
		written := string(w.b)
		if !c.readable(written) {
			q.leave(kindEncoding)
		}
		p.Value = &written
	}
	return asked
}

// binaryFormat is the code of a value in binary.
const binaryFormat = 1

// format is the format code of a value: none means text, one is for all.
func format(codes []int16, i int) int16 {
	switch {
	case len(codes) == 1:
		return codes[0]
	case i < len(codes):
		return codes[i]
	}
	return 0
}

// typeName is Postgres' name of a type, or its number.
func typeName(oid uint32) string {
	if t, ok := types[oid]; ok {
		return t.name
	}
	return strconv.FormatUint(uint64(oid), 10)
}

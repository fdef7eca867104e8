package traffic

import "encoding/binary"

// Query is one statement that was sent to a Postgres server, or several of them in one text.
type Query struct {
	// SQL is the text as it was sent, with its placeholders.
	SQL string
	// Params are the values of $1, $2 and so on; nil for a simple query.
	Params []Param
}

// Key is the same for queries of the same text and parameters, and for no others.
func (q *Query) Key() string {
	b := append(binary.AppendUvarint(nil, uint64(len(q.SQL))), q.SQL...)
	for _, p := range q.Params {
		b = append(binary.AppendUvarint(b, uint64(len(p.Type))), p.Type...)
		if p.Value == nil {
			b = append(b, 0)
			continue
		}
		b = append(binary.AppendUvarint(b, uint64(len(*p.Value))+1), *p.Value...)
	}
	return string(b)
}

// Param is one bound value.
type Param struct {
	// Type is Postgres' name of the type, such as int8; "" where neither side named it.
	Type string
	// Value is in Postgres' text form; nil is NULL.
	Value *string
}

// Result is what a Postgres server answered to one statement.
type Result struct {
	// Columns are nil for statements that return no rows.
	Columns []Column
	// Rows hold a value for each column in Postgres' text form; nil is NULL.
	Rows [][]*string
	// Tag is the command tag, such as "SELECT 2"; "" after an error, for an empty query, and where the
	// client read no more than these rows.
	Tag string
	// Error is set where the statement failed; Columns and Rows are then what came before it.
	Error *QueryError
	// Then holds the results of the statements that followed in the same text.
	Then []Result
}

// Column is one column of a result.
type Column struct {
	Name string
	// Type is Postgres' name of the type, such as timestamptz, or its number where the name is not known.
	Type string
}

// QueryError is an error of a Postgres server.
type QueryError struct {
	// SQLState is the five characters of the error code, such as 23505.
	SQLState string
	Message  string
	// Fields are the other fields that were sent, by their names in lower case: severity, detail, hint,
	// position, schema, table, column, datatype, constraint.
	Fields map[string]string
}

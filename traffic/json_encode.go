package traffic

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// MarshalJSON writes the record in its published form, one line without a newline. An empty body is
// left out, a body that is not valid UTF-8 is written as body_base64. Bytes that are not UTF-8 are
// percent-encoded in the URL and taken as ISO 8859-1 in header values, statements and what answers them.
func (r *Record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil) }

// AppendJSON appends what MarshalJSON writes to b. There are no errors.
func (r *Record) AppendJSON(b []byte) ([]byte, error) {
	b = appendMember(append(b, '{'), "id", r.ID)
	b = append(appendName(b, "time"), '"')
	b = append(r.Time.AppendFormat(b, time.RFC3339Nano), '"')
	b = appendMember(b, "direction", string(r.Direction))
	b = appendGiven(b, "service", r.Service)
	b = appendGiven(b, "session", r.Session)
	b = appendGiven(b, "connection", r.Connection)
	b = appendGiven(b, "parent", r.Parent)
	b = appendGiven(b, "protocol", string(r.Protocol))
	if r.Duration != 0 {
		milliseconds := float64(r.Duration) / float64(time.Millisecond)
		b = strconv.AppendFloat(appendName(b, "duration_ms"), milliseconds, 'f', -1, 64)
	}
	b = r.Request.appendJSON(appendName(b, "request"))
	if r.Response != nil {
		b = r.Response.appendJSON(appendName(b, "response"))
	}
	return append(b, '}'), nil
}

func (r *Request) appendJSON(b []byte) []byte {
	if r == nil {
		return append(b, "null"...)
	}
	b = append(b, '{')
	b = appendGiven(b, "method", r.Method)
	if r.URL != "" {
		b = appendURL(appendName(b, "url"), r.URL)
	}
	if r.Query != nil {
		b = r.Query.appendJSON(b)
	}
	b = appendGiven(b, "host", r.Host)
	return append(appendBody(appendHeader(b, r.Header), r.Body), '}')
}

func (r *Response) appendJSON(b []byte) []byte {
	b = append(b, '{')
	if r.Status != 0 {
		b = strconv.AppendInt(appendName(b, "status"), int64(r.Status), 10)
	}
	b = appendBody(appendHeader(b, r.Header), r.Body)
	if r.Result != nil {
		b = r.Result.appendJSON(b)
	}
	return append(b, '}')
}

// appendName begins a member of an object.
func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(append(append(b, '"'), name...), `":`...)
}

func appendMember(b []byte, name, value string) []byte { return appendText(appendName(b, name), value) }

// appendGiven leaves out what is empty.
func appendGiven(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendMember(b, name, value)
}

// appendHeader writes a header in the order of its names.
func appendHeader(b []byte, h http.Header) []byte {
	if len(h) == 0 {
		return b
	}
	b = append(appendName(b, "headers"), '{')
	var known [32]string
	names := slices.AppendSeq(known[:0], maps.Keys(h))
	slices.Sort(names)
	for _, name := range names {
		b = append(appendText(comma(b, '{'), name), ":["...)
		for _, value := range h[name] {
			b = appendLatin1(comma(b, '['), value)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func appendBody(b, body []byte) []byte {
	switch {
	case len(body) == 0:
		return b
	case utf8.Valid(body):
		return appendText(appendName(b, "body"), body)
	}
	b = base64.StdEncoding.AppendEncode(append(appendName(b, "body_base64"), '"'), body)
	return append(b, '"')
}

func (q *Query) appendJSON(b []byte) []byte {
	b = appendLatin1(appendName(b, "sql"), q.SQL)
	if q.Params == nil {
		return b
	}
	b = append(appendName(b, "params"), '[')
	for _, p := range q.Params {
		b = append(comma(b, '['), '{')
		if p.Type != "" {
			b = appendLatin1(appendName(b, "type"), p.Type)
		}
		b = append(appendValue(appendName(b, "value"), p.Value), '}')
	}
	return append(b, ']')
}

// appendJSON writes the members of a result into an object that has begun.
func (r *Result) appendJSON(b []byte) []byte {
	if r.Columns != nil {
		b = append(appendName(b, "columns"), '[')
		for _, c := range r.Columns {
			b = appendLatin1(appendName(append(comma(b, '['), '{'), "name"), c.Name)
			if c.Type != "" {
				b = appendLatin1(appendName(b, "type"), c.Type)
			}
			b = append(b, '}')
		}
		b = append(b, ']')
	}
	if r.Rows != nil {
		b = appendRows(appendName(b, "rows"), r.Rows)
	}
	if r.Tag != "" {
		b = appendLatin1(appendName(b, "tag"), r.Tag)
	}
	if r.Error != nil {
		b = r.Error.appendJSON(appendName(b, "error"))
	}
	if len(r.Then) == 0 {
		return b
	}
	b = append(appendName(b, "then"), '[')
	for i := range r.Then {
		b = append(r.Then[i].appendJSON(append(comma(b, '['), '{')), '}')
	}
	return append(b, ']')
}

func appendRows(b []byte, rows [][]*string) []byte {
	b = append(b, '[')
	for _, row := range rows {
		b = append(comma(b, '['), '[')
		for i, value := range row {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, value)
		}
		b = append(b, ']')
	}
	return append(b, ']')
}

func (e *QueryError) appendJSON(b []byte) []byte {
	b = appendLatin1(appendName(append(b, '{'), "sqlstate"), e.SQLState)
	b = appendLatin1(appendName(b, "message"), e.Message)
	if len(e.Fields) > 0 {
		b = append(appendName(b, "fields"), '{')
		for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
			b = append(appendText(comma(b, '{'), name), ':')
			b = appendLatin1(b, e.Fields[name])
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

func appendValue(b []byte, value *string) []byte {
	if value == nil {
		return append(b, "null"...)
	}
	return appendLatin1(b, *value)
}

package traffic

import (
	"errors"
	"fmt"
)

// takeQuery makes the request and the response of a record of the protocol postgres.
func (j *recordJSON) takeQuery() (*Request, *Response, error) {
	q := j.Request
	switch {
	case j.Direction == Inbound:
		return nil, nil, errors.New("direction is inbound: expected outbound, as queries are sent by the service")
	case q.Method != "" || q.URL != "" || q.Headers != nil || q.Text != nil || q.Base64 != nil:
		return nil, nil, errors.New("request has method, url, headers or a body: " +
			"expected sql, params and host only where protocol is postgres")
	case q.SQL == nil:
		return nil, nil, errors.New("request.sql is missing: expected the text of the statement")
	}
	query := &Query{SQL: *q.SQL}
	if q.Params != nil {
		query.Params = make([]Param, len(q.Params))
	}
	for i, p := range q.Params {
		query.Params[i] = Param(p)
	}
	response, err := j.Response.takeResult()
	return &Request{Host: q.Host, Query: query}, response, err
}

func (j *responseJSON) takeResult() (*Response, error) {
	switch {
	case j == nil:
		return nil, nil
	case j.Status != 0 || j.Headers != nil || j.Text != nil || j.Base64 != nil:
		return nil, errors.New("response has status, headers or a body: " +
			"expected columns, rows, tag, error and then only where protocol is postgres")
	}
	result, err := j.resultJSON.take("response")
	if err != nil {
		return nil, err
	}
	for i := range j.Then {
		at := fmt.Sprintf("response.then[%d]", i)
		if j.Then[i].Then != nil {
			return nil, fmt.Errorf("%s has a then of its own: expected all results in response.then", at)
		}
		next, err := j.Then[i].take(at)
		if err != nil {
			return nil, err
		}
		result.Then = append(result.Then, next)
	}
	return &Response{Result: &result}, nil
}

// given tells whether there is anything of an answer to a query.
func (j *resultJSON) given() bool {
	return j.Columns != nil || j.Rows != nil || j.Tag != "" || j.Error != nil || j.Then != nil
}

// take makes a result without those that follow; at is its place in the record.
func (j *resultJSON) take(at string) (Result, error) {
	result := Result{Rows: j.Rows, Tag: j.Tag}
	switch {
	case j.Error != nil && j.Tag != "":
		return Result{}, fmt.Errorf("%s has both tag and error: expected one of them", at)
	case j.Error != nil && j.Error.SQLState == "":
		return Result{}, fmt.Errorf("%s.error.sqlstate is missing: expected a code such as 23505", at)
	case j.Error != nil:
		result.Error = &QueryError{SQLState: j.Error.SQLState, Message: j.Error.Message}
		if len(j.Error.Fields) > 0 {
			result.Error.Fields = j.Error.Fields
		}
	}
	for i, row := range j.Rows {
		if len(row) != len(j.Columns) {
			return Result{}, fmt.Errorf("%s.rows[%d] has %d values: expected one for each of %d columns",
				at, i, len(row), len(j.Columns))
		}
	}
	if j.Columns != nil {
		result.Columns = make([]Column, len(j.Columns))
	}
	for i, c := range j.Columns {
		result.Columns[i] = Column(c)
	}
	return result, nil
}

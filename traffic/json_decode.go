package traffic

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// UnmarshalJSON reads the published form. Fields it does not know are tolerated, so that a newer
// capture can be read. What is missing or wrong is an error that names the field.
func (r *Record) UnmarshalJSON(b []byte) error {
	var d Decoder
	if record := d.decode(b); record != nil {
		*r = *record
		return nil
	}
	return r.unmarshal(b)
}

// unmarshal is what UnmarshalJSON promises, at the speed of encoding/json.
func (r *Record) unmarshal(b []byte) error {
	if i := invalidUTF8(b); i >= 0 {
		return fmt.Errorf("invalid UTF-8 at byte %d: expected JSON text, with binary bodies as body_base64", i+1)
	}
	var j recordJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return jsonError(err)
	}
	return r.take(&j)
}

// invalidUTF8 is the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		c, size := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return -1
}

// jsonError says in the words of the format what encoding/json found.
func jsonError(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("not valid JSON at byte %d: %s", syntax.Offset, syntax.Error())
	}
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return fmt.Errorf("not a record: %w", err)
	}
	field := strings.NewReplacer("bodyJSON.", "", "resultJSON.", "").Replace(wrong.Field)
	if field == "" {
		return fmt.Errorf("found %s where a record, a JSON object, was expected", wrong.Value)
	}
	return fmt.Errorf("%s: found %s of the wrong type, expected %s", field, wrong.Value, kindName(field))
}

// kindName is the JSON type that a field must have.
func kindName(field string) string {
	switch {
	case field == "duration_ms", strings.HasSuffix(field, "status"):
		return "a number"
	case field == "request", field == "response", field == "response.error":
		return "an object"
	case field == "request.params":
		return `a list such as [{"type": "int8", "value": "20"}]`
	case strings.HasSuffix(field, "columns"):
		return `a list such as [{"name": "id", "type": "int8"}]`
	case strings.HasSuffix(field, "rows"):
		return `a list of lists of strings and nulls such as [["20", null]]`
	case strings.HasSuffix(field, "error.fields"):
		return `an object of strings such as {"detail": "Key (id)=(1) already exists."}`
	case strings.HasSuffix(field, "then"):
		return "a list of results"
	case strings.Contains(field, "headers"):
		return `an object of lists of strings such as {"Accept": ["*/*"]}`
	default:
		return "a string"
	}
}

func (r *Record) take(j *recordJSON) error {
	if err := j.check(); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, j.Time)
	if err != nil {
		return fmt.Errorf("time is %q: expected RFC 3339 such as 2026-11-01T08:30:00.123456789Z", j.Time)
	}
	record := Record{
		ID: j.ID, Time: at, Direction: j.Direction, Service: j.Service, Session: j.Session,
		Connection: j.Connection, Parent: j.Parent, Protocol: j.Protocol,
		Duration: time.Duration(math.Round(j.DurationMS * float64(time.Millisecond))),
	}
	if record.Protocol == Postgres {
		record.Request, record.Response, err = j.takeQuery()
	} else {
		record.Protocol = HTTP
		record.Request, record.Response, err = j.takeExchange()
	}
	if err == nil {
		*r = record
	}
	return err
}

func (j *recordJSON) takeExchange() (*Request, *Response, error) {
	request, err := j.Request.take()
	if err != nil {
		return nil, nil, err
	}
	response, err := j.Response.take()
	return request, response, err
}

// maxDurationMS keeps durations exact in nanoseconds.
const maxDurationMS = float64(1<<53) / float64(time.Millisecond)

func (j *recordJSON) check() error {
	switch {
	case j.ID == "":
		return errors.New("id is missing: expected a text that is unique within the capture")
	case j.Time == "":
		return errors.New("time is missing: expected RFC 3339 such as 2026-11-01T08:30:00.123456789Z")
	case j.Direction == "":
		return errors.New("direction is missing: expected inbound or outbound")
	case j.Direction != Inbound && j.Direction != Outbound:
		return fmt.Errorf("direction is %q: expected inbound or outbound", j.Direction)
	case j.Protocol != "" && j.Protocol != HTTP && j.Protocol != Postgres:
		return fmt.Errorf("protocol is %q: expected http or postgres", j.Protocol)
	case j.DurationMS < 0 || j.DurationMS > maxDurationMS:
		return fmt.Errorf("duration_ms is %g: expected milliseconds from 0 to %.0f", j.DurationMS, maxDurationMS)
	case j.Request == nil && j.Protocol == Postgres:
		return errors.New("request is missing: expected an object with sql")
	case j.Request == nil:
		return errors.New("request is missing: expected an object with method and url")
	}
	return nil
}

func (j *requestJSON) take() (*Request, error) {
	switch {
	case j.SQL != nil || j.Params != nil:
		return nil, errors.New("request has sql or params: expected protocol postgres with them")
	case j.Method == "":
		return nil, errors.New("request.method is missing: expected a method such as GET")
	case j.URL == "":
		return nil, errors.New("request.url is missing: expected a request target such as /orders?limit=10")
	case !isToken(j.Method):
		return nil, fmt.Errorf("request.method is %q: expected a method such as GET", j.Method)
	}
	body, err := j.bytes("request")
	if err != nil {
		return nil, err
	}
	return &Request{
		Method: j.Method, URL: j.URL, Host: j.Host, Header: canonicalHeader(j.Headers), Body: body,
	}, nil
}

func (j *responseJSON) take() (*Response, error) {
	if j == nil {
		return nil, nil
	}
	if j.given() {
		return nil, errors.New(
			"response has columns, rows, tag, error or then: expected protocol postgres with them")
	}
	if j.Status < 100 || j.Status > 999 {
		return nil, fmt.Errorf("response.status is %d: expected an HTTP status from 100 to 999", j.Status)
	}
	body, err := j.bytes("response")
	if err != nil {
		return nil, err
	}
	return &Response{Status: j.Status, Header: canonicalHeader(j.Headers), Body: body}, nil
}

func (j *bodyJSON) bytes(side string) ([]byte, error) {
	switch {
	case j.Text != nil && j.Base64 != nil:
		return nil, fmt.Errorf("%s has both body and body_base64: expected one of them", side)
	case j.Text != nil && *j.Text != "":
		return []byte(*j.Text), nil
	case len(j.Base64) > 0:
		return j.Base64, nil
	}
	return nil, nil
}

// isToken tells whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alnum := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// canonicalHeader spells the names as net/http does, so that Get finds them. Names that differ in
// case only are joined in the order of their spelling.
func canonicalHeader(in map[string][]string) http.Header {
	if len(in) == 0 {
		return nil
	}
	names := make([]string, 0, len(in))
	for name := range in {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make(http.Header, len(in))
	for _, name := range names {
		key := textproto.CanonicalMIMEHeaderKey(name)
		out[key] = append(out[key], in[name]...)
	}
	return out
}

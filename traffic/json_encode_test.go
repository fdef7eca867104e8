package traffic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// plainly writes a record by way of encoding/json.
func plainly(tb testing.TB, r *Record) []byte {
	tb.Helper()
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r.form()); err != nil {
		tb.Fatal(err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// orders are records as of a small service: headers as they are, bodies of the size asked for.
func orders(n, size int) []*Record {
	item := `{"id":"ord_01hx3k5v","sku":"A-100","quantity":3,"price":19.90,"note":"leave at the \"back\" door"}`
	body := []byte("[" + strings.TrimSuffix(strings.Repeat(item+",", max(1, size/len(item))), ",") + "]")
	records := make([]*Record, n)
	for i := range records {
		records[i] = &Record{
			ID: fmt.Sprintf("r%06d", i), Time: time.Date(2026, 11, 1, 8, 30, i%60, 123456789, time.UTC),
			Direction: Inbound, Service: "orders", Session: fmt.Sprintf("s%d", i%50), Protocol: HTTP,
			Duration: 1234567 * time.Nanosecond,
			Request: &Request{
				Method: "GET", URL: fmt.Sprintf("/orders/%d?expand=items", i), Host: "orders.example",
				Header: http.Header{
					"Accept": {"application/json"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"shop/4.2"},
					"Authorization": {"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTQyIn0.c2lnbmF0dXJl"},
					"X-Request-Id":  {fmt.Sprintf("5f2b7c1e-%08x", i)},
				},
			},
			Response: &Response{
				Status: 200, Body: body,
				Header: http.Header{
					"Content-Type": {"application/json"}, "Date": {"Sun, 01 Nov 2026 08:30:00 GMT"},
					"Etag": {`W/"33a64df5"`}, "Cache-Control": {"no-store"},
				},
			},
		}
	}
	return records
}

// odd are records that are written in all the ways there are.
func odd() map[string]*Record {
	records := map[string]*Record{"http": exchange(), "query": query(), "order": orders(1, 2000)[0], "nothing": {}}
	add := func(name string, change func(*Record)) {
		r := exchange()
		change(r)
		records[name] = r
	}
	add("controls", func(r *Record) {
		r.Request.Body = []byte("\x00\x01\b\f\n\r\t\x1f\x7f\\\"/<>&\u2028\u2029\u202a\u00e9\U0001f600")
	})
	add("not utf-8", func(r *Record) {
		r.Request.URL, r.ID, r.Session = "/\xff\xc3", "a\xffb", "\xc3"
		r.Request.Header = http.Header{"A\xff": {"caf\xe9", "\xff\xfe", "ok \u00e9"}}
	})
	add("zone", func(r *Record) { r.Time = r.Time.In(time.FixedZone("", -5400)) })
	add("durations", func(r *Record) { r.Duration = 1 })
	add("long", func(r *Record) { r.Duration = 1<<63 - 1 })
	add("negative", func(r *Record) { r.Duration = -1234 })
	add("many headers", func(r *Record) {
		for i := range 100 {
			r.Request.Header[fmt.Sprint("X-", i)] = []string{"a", "", "b"}
		}
	})
	odd := query()
	odd.Request.Query.SQL, odd.Request.Query.Params[0].Type = "select '\xe9'", "\xe9"
	odd.Response.Result.Rows[0][0] = new("\xff")
	odd.Response.Result.Then = []Result{{Error: &QueryError{
		SQLState: "23505", Message: "\xe4", Fields: map[string]string{"hint": "\xf6", "detail": "x", "column": ""},
	}}, {}, {Tag: "BEGIN", Columns: []Column{}, Rows: [][]*string{}}}
	records["odd query"] = odd
	return records
}

func TestAppendJSONIsThatOfEncodingJSON(t *testing.T) {
	for name, r := range odd() {
		t.Run(name, func(t *testing.T) {
			got, err := r.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(plainly(t, r)), string(got)); diff != "" {
				t.Errorf("(-encoding/json +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	for name, size := range map[string]int{"small": 100, "2kB": 2000} {
		r := orders(1, size)[0]
		line := plainly(b, r)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf, _ = r.AppendJSON(buf[:0])
			}
		})
		b.Run(name+"/encoding-json", func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				plainly(b, r)
			}
		})
	}
}

// form is the record as it is written.
func (r *Record) form() *recordJSON {
	return &recordJSON{
		ID: r.ID, Time: r.Time.Format(time.RFC3339Nano), Direction: r.Direction, Service: r.Service,
		Session: r.Session, Connection: r.Connection, Parent: r.Parent, Protocol: r.Protocol,
		DurationMS: float64(r.Duration) / float64(time.Millisecond),
		Request:    r.Request.form(), Response: r.Response.form(),
	}
}

func (r *Request) form() *requestJSON {
	if r == nil {
		return nil
	}
	j := &requestJSON{
		Method: r.Method, URL: percentEncodeInvalid(r.URL), Host: r.Host,
		Headers: textHeader(r.Header), bodyJSON: formBody(r.Body),
	}
	if r.Query != nil {
		sql := asText(r.Query.SQL)
		j.SQL = &sql
		if r.Query.Params != nil {
			j.Params = make([]paramJSON, len(r.Query.Params))
		}
		for i, p := range r.Query.Params {
			j.Params[i] = paramJSON{asText(p.Type), textOrNull(p.Value)}
		}
	}
	return j
}

func (r *Response) form() *responseJSON {
	if r == nil {
		return nil
	}
	j := &responseJSON{Status: r.Status, Headers: textHeader(r.Header), bodyJSON: formBody(r.Body)}
	if r.Result != nil {
		j.resultJSON = r.Result.form()
	}
	return j
}

func (r *Result) form() resultJSON {
	j := resultJSON{Tag: asText(r.Tag)}
	if r.Columns != nil {
		j.Columns = make([]columnJSON, len(r.Columns))
	}
	for i, c := range r.Columns {
		j.Columns[i] = columnJSON{asText(c.Name), asText(c.Type)}
	}
	if r.Rows != nil {
		j.Rows = make([][]*string, len(r.Rows))
	}
	for i, row := range r.Rows {
		j.Rows[i] = make([]*string, len(row))
		for k, value := range row {
			j.Rows[i][k] = textOrNull(value)
		}
	}
	if r.Error != nil {
		j.Error = &errorJSON{asText(r.Error.SQLState), asText(r.Error.Message), maps.Clone(r.Error.Fields)}
		for name, value := range j.Error.Fields {
			j.Error.Fields[name] = asText(value)
		}
	}
	for i := range r.Then {
		j.Then = append(j.Then, r.Then[i].form())
	}
	return j
}

// asText takes bytes that are not UTF-8 as ISO 8859-1.
func asText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return latin1(s)
}

func textOrNull(s *string) *string {
	if s == nil || utf8.ValidString(*s) {
		return s
	}
	t := latin1(*s)
	return &t
}

func formBody(body []byte) bodyJSON {
	switch {
	case len(body) == 0:
		return bodyJSON{}
	case utf8.Valid(body):
		text := string(body)
		return bodyJSON{Text: &text}
	default:
		return bodyJSON{Base64: body}
	}
}

func percentEncodeInvalid(target string) string {
	if utf8.ValidString(target) {
		return target
	}
	var b strings.Builder
	for i := range len(target) {
		if c := target[i]; c < utf8.RuneSelf {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// textHeader is h itself unless a value is not UTF-8 or a list is nil.
func textHeader(h http.Header) http.Header {
	for name, values := range h {
		if values == nil {
			h = h.Clone()
			h[name] = []string{}
		}
	}
	isText := func(values []string) bool {
		return !slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) })
	}
	copied := false
	for name, values := range h {
		if isText(values) {
			continue
		}
		if !copied {
			h, copied = h.Clone(), true
		}
		for i, v := range values {
			if !utf8.ValidString(v) {
				h[name][i] = latin1(v)
			}
		}
	}
	return h
}

func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

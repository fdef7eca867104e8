package compare_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
)

func response(media, body string) *traffic.Response {
	h := http.Header{"Date": {"Mon, 02 Nov 2026 10:00:00 GMT"}}
	if media != "" {
		h.Set("Content-Type", media)
	}
	return &traffic.Response{Status: 200, Header: h, Body: []byte(body)}
}

func jsonResponse(body string) *traffic.Response { return response("application/json", body) }

func newComparer(tb testing.TB, c compare.Config) *compare.Comparer {
	tb.Helper()
	comparer, err := compare.New(c)
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	return comparer
}

// lines writes each difference in one line, for tables: "value $.a 1 | 2".
func lines(o compare.Outcome) []string {
	var out []string
	for _, d := range o.Differences {
		out = append(out, strings.TrimSpace(string(d.Kind)+" "+d.Path+" "+d.Expected+" | "+d.Actual))
	}
	return out
}

// replaced is a Known by a list of pairs.
type replaced map[string]string

func (r replaced) Same(recorded, actual string) bool {
	for from, to := range r {
		recorded = strings.ReplaceAll(recorded, from, to)
	}
	return recorded == actual
}

const uuid1, uuid2 = "0195e0a4-7f1c-7c3e-9d2f-0a1b2c3d4e5f", "7D444840-9DC0-11D1-B245-5FFDCE74FAD2"

func TestCompareOtherBodies(t *testing.T) {
	const form, xml = "application/x-www-form-urlencoded", "application/xml"
	tests := map[string]struct {
		media, expected, actual string
		known                   compare.Known
		want                    []string
		fields, matched         int64
	}{
		"empty":        {fields: 1, matched: 1},
		"became empty": {media: "text/plain", expected: "x", fields: 1, want: []string{"missing body x |"}},
		"was empty":    {media: "text/plain", actual: "x", fields: 1, want: []string{"extra body  | x"}},
		"text": {
			media: "text/plain; charset=utf-8", expected: "a", actual: "b", fields: 1,
			want: []string{"value body a | b"},
		},
		"text known": {
			media: "text/plain", expected: "order ord_1", actual: "order ord_2",
			known: replaced{"ord_1": "ord_2"}, fields: 1, matched: 1,
		},
		"untyped JSON":   {expected: `{"a":1}`, actual: `{ "a": 1.0 }`, fields: 1, matched: 1},
		"untyped scalar": {expected: `1`, actual: `1.0`, fields: 1, want: []string{"value body 1 | 1.0"}},
		"sniffed as text": {
			media: "text/plain; charset=utf-8", expected: `[{"a":1}]`, actual: `[ {"a":1} ]`,
			fields: 1, matched: 1,
		},
		"JSON by suffix": {
			media: "application/problem+json", expected: `{"a":1}`, actual: `{"a":2}`,
			fields: 1, want: []string{"value $.a 1 | 2"},
		},
		"broken JSON recorded": {
			media: "application/json", expected: `{"a":`, actual: `{"a":1}`, fields: 1,
			want: []string{`value body {"a": | {"a":1}`},
		},
		"JSON lines": {
			media: "application/x-ndjson", expected: "{\"a\":1}\n{\"a\":2}\n",
			actual: "{\"a\":1}\n\n{\"a\":3}\n", fields: 2, matched: 1,
			want: []string{"value $[1].a 2 | 3"},
		},
		"JSON lines sniffed as text": {
			media: "text/plain; charset=utf-8", expected: "{\"a\":1,\"b\":2}\n{\"a\":2}\n",
			actual: "{\"b\":2,\"a\":1}\n{\"a\":3}\n", fields: 3, matched: 2,
			want: []string{"value $[1].a 2 | 3"},
		},
		"text that begins as JSON lines do": {
			media: "text/plain", expected: "[1]\nword", actual: "[1]\nworld", fields: 1,
			want: []string{"value body [1]\nword | [1]\nworld"},
		},
		"form": {
			media: form, expected: "a=1&b=x%20y&c=1&c=2", actual: "c=1&c=3&b=x+y&d=4", fields: 5, matched: 2,
			want: []string{`value form.c "2" | "3"`, `missing form.a "1" |`, `extra form.d  | "4"`},
		},
		"xml equal": {
			media: xml, expected: `<o id="1" x="2"><!-- c --><i>a</i><i/></o>`,
			actual: "<?xml version=\"1.0\"?>\n<o x='2' id='1'>\n <i> a </i>\n <i></i>\n</o>",
			fields: 4, matched: 4,
		},
		"xml": {
			media: "application/soap+xml", expected: `<o id="1"><i n="1">a</i><i n="2">b</i></o>`,
			actual: `<o id="2"><i n="1">a</i><i n="2">c</i><j/></o>`,
			fields: 6, matched: 3,
			want: []string{`value /o/@id "1" | "2"`, `value /o/i[2]/text() "b" | "c"`, `extra /o/j[3]  | <j></j>`},
		},
		"xml order": {
			media: xml, expected: `<o><a/><b/></o>`, actual: `<o><b/><a/></o>`, fields: 2,
			want: []string{`order /o [<a></a>,<b></b>] | [<b></b>,<a></a>]`},
		},
		"xml namespace": {
			media: xml, expected: `<o xmlns="u:1"/>`, actual: `<o xmlns="u:2"/>`, fields: 1,
			want: []string{`type /{u:1}o <{u:1}o></{u:1}o> | <{u:2}o></{u:2}o>`},
		},
		"xml prefix": {
			media: xml, expected: `<o xmlns="u:1"/>`, actual: `<p:o xmlns:p="u:1"/>`, fields: 1,
			matched: 1,
		},
		"not xml": {
			media: xml, expected: `<o/>`, actual: `<o>`, fields: 1,
			want: []string{`value body <o/> | <o>`},
		},
		"bytes": {
			media: "image/png", expected: "\x89PNG\x00\x01", actual: "\x89PNG\x00\x02", fields: 1,
			want: []string{"bytes body 6 bytes, sha256 09824c6b | 6 bytes, sha256 19ed57bd, differs at byte 5"},
		},
		"large bytes": {
			media: "image/png", expected: strings.Repeat("\xff", 1<<20),
			actual: strings.Repeat("\xff", 1<<20), fields: 1, matched: 1,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := newComparer(t, compare.DefaultConfig())
			got := c.Compare("GET /", response(tc.media, tc.expected), response(tc.media, tc.actual), tc.known)
			if d := cmp.Diff(tc.want, lines(got), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("differences (-want +got):\n%s", d)
			}
			if got.Fields != tc.fields || got.Matched != tc.matched {
				t.Errorf("fields %d matched %d, want %d and %d", got.Fields, got.Matched, tc.fields, tc.matched)
			}
		})
	}
}

func TestCompareStatusAndMissingSides(t *testing.T) {
	c := newComparer(t, compare.DefaultConfig())
	failed := jsonResponse(`{"error":"x","code":1}`)
	failed.Status = 500
	tests := map[string]struct {
		expected, actual *traffic.Response
		want             compare.Outcome
	}{
		"status": {
			expected: jsonResponse(`{"a":1,"b":2}`), actual: failed,
			want: compare.Outcome{Compared: true, Fields: 4, Differences: []compare.Difference{
				{Path: "status", Group: "status", Kind: compare.Status, Expected: "200", Actual: "500"},
			}},
		},
		"recorded error is right": {
			expected: failed, actual: failed, want: compare.Outcome{
				StatusMatched: true, Compared: true,
				Fields: 2, Matched: 2,
			},
		},
		"nothing recorded": {
			actual: failed, want: compare.Outcome{
				StatusMatched: true,
				NotCompared:   "the recording holds no response",
			},
		},
		"no answer": {expected: failed, want: compare.Outcome{NotCompared: "there is no answer"}},
		"body not recorded": {
			expected: &traffic.Response{Status: 500}, actual: failed,
			want: compare.Outcome{
				StatusMatched: true,
				NotCompared:   "the recording holds neither headers nor a body",
			},
		},
		"body cut by the source": {
			expected: &traffic.Response{Status: 500, Header: http.Header{"Content-Length": {"5"}}}, actual: failed,
			want: compare.Outcome{
				StatusMatched: true, NotCompared: "the recording holds no body, though its Content-Length is 5",
			},
		},
		"body cut by the source, no answer to compare it with": {
			expected: &traffic.Response{Status: 500, Header: http.Header{"X-Headgate-Truncated": {"5"}}},
			actual:   &traffic.Response{Status: 500},
			want:     compare.Outcome{StatusMatched: true, NotCompared: "the recorded body was cut off at capture"},
		},
		"body not recorded, an empty answer": {
			expected: &traffic.Response{Status: 500}, actual: &traffic.Response{Status: 500},
			want: compare.Outcome{StatusMatched: true, NotCompared: "the recording holds neither headers nor a body"},
		},
		"body missing in the source, an empty answer": {
			expected: &traffic.Response{Status: 200, Header: http.Header{"Content-Length": {"5"}}},
			actual:   &traffic.Response{Status: 200, Header: http.Header{"Content-Length": {"0"}}},
			want: compare.Outcome{
				StatusMatched: true, NotCompared: "the recording holds no body, though its Content-Length is 5",
			},
		},
		"answers to HEAD": {
			expected: &traffic.Response{Status: 200, Header: http.Header{"Content-Length": {"5"}}},
			actual:   &traffic.Response{Status: 200, Header: http.Header{"Content-Length": {"6"}}},
			want:     compare.Outcome{StatusMatched: true, Compared: true, Fields: 1, Matched: 1},
		},
		"no content": {
			expected: &traffic.Response{Status: 204}, actual: &traffic.Response{Status: 204},
			want: compare.Outcome{StatusMatched: true, Compared: true, Fields: 1, Matched: 1},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := c.Compare("GET /", tc.expected, tc.actual, nil)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestCompareHeaders(t *testing.T) {
	tests := map[string]struct {
		ignore           []string
		expected, actual http.Header
		want             []string
		fields           int64
	}{
		"only those named": {
			expected: http.Header{"X-Other": {"1"}}, actual: http.Header{"X-Other": {"2"}}, fields: 1,
		},
		"media types by meaning": {
			expected: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
			actual:   http.Header{"Content-Type": {"Application/JSON;charset=UTF-8"}}, fields: 2,
		},
		"another media type": {
			expected: http.Header{"Content-Type": {"application/json"}},
			actual:   http.Header{"Content-Type": {"text/html"}}, fields: 2,
			want: []string{"header header.Content-Type application/json | text/html"},
		},
		"location on another host": {
			expected: http.Header{"Location": {"https://api.example.com/orders/ord_1?x=1"}},
			actual:   http.Header{"Location": {"http://127.0.0.1:8080/orders/ord_2?x=1"}}, fields: 2,
		},
		"location relative": {
			expected: http.Header{"Location": {"/orders/ord_1"}},
			actual:   http.Header{"Location": {"/orders/ord_2"}}, fields: 2,
		},
		"location elsewhere": {
			expected: http.Header{"Location": {"/orders/ord_1"}},
			actual:   http.Header{"Location": {"/carts/ord_2"}}, fields: 2,
			want: []string{"header header.Location /orders/ord_1 | /carts/ord_2"},
		},
		"missing": {
			expected: http.Header{"Location": {"/a"}}, actual: nil, fields: 2,
			want: []string{"header header.Location /a |"},
		},
		"extra": {
			expected: nil, actual: http.Header{"Location": {"/a"}}, fields: 2,
			want: []string{"header header.Location  | /a"},
		},
		"ignored": {ignore: []string{"location"}, expected: http.Header{"Location": {"/a"}}, fields: 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			config := compare.Config{
				Headers: []string{"content-type", "Location"}, Ignore: compare.Ignore{Headers: tc.ignore},
			}
			c := newComparer(t, config)
			expected := &traffic.Response{Status: 200, Header: tc.expected, Body: []byte{}}
			actual := &traffic.Response{Status: 200, Header: tc.actual}
			got := c.Compare("GET /", expected, actual, replaced{"ord_1": "ord_2"})
			if d := cmp.Diff(tc.want, lines(got), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("differences (-want +got):\n%s", d)
			}
			if got.Fields != tc.fields {
				t.Errorf("fields %d, want %d", got.Fields, tc.fields)
			}
		})
	}
}

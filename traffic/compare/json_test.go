package compare_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headgate-dev/headgate/traffic/compare"
)

// jsonTest is one pair of JSON bodies.
type jsonTest struct {
	config           compare.Config
	expected, actual string
	known            compare.Known
	want             []string
	fields, matched  int64
}

func runJSON(t *testing.T, tests map[string]jsonTest) {
	t.Helper()
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := newComparer(t, tc.config)
			got := c.Compare("GET /", jsonResponse(tc.expected), jsonResponse(tc.actual), tc.known)
			if d := cmp.Diff(tc.want, lines(got), cmpopts.EquateEmpty()); d != "" {
				t.Errorf("differences (-want +got):\n%s", d)
			}
			if got.Fields != tc.fields || got.Matched != tc.matched {
				t.Errorf("fields %d matched %d, want %d and %d", got.Fields, got.Matched, tc.fields, tc.matched)
			}
			if !got.Compared || got.OK() != (len(tc.want) == 0) {
				t.Errorf("compared %t, ok %t", got.Compared, got.OK())
			}
			again := c.Compare("GET /", jsonResponse(tc.expected), jsonResponse(tc.expected), nil)
			if !again.OK() || again.Fields != again.Matched {
				t.Errorf("the recorded body differs from itself: %+v", again)
			}
		})
	}
}

func ignore(paths ...string) compare.Config {
	return compare.Config{Ignore: compare.Ignore{JSON: paths}}
}

func match(path string, m compare.Matcher) compare.Config {
	return compare.Config{Match: map[string]compare.Matcher{path: m}}
}

func tolerate(path string, m compare.Tolerance) compare.Config {
	return compare.Config{Tolerate: map[string]compare.Tolerance{path: m}}
}

func unordered(path, by string) compare.Config {
	return compare.Config{Unordered: map[string]compare.Unordered{path: {By: by}}}
}

func TestCompareJSONValues(t *testing.T) {
	runJSON(t, map[string]jsonTest{
		"equal": {
			expected: `{"a":1,"b":[true,null,"x"]}`, actual: `{"a":1,"b":[true,null,"x"]}`, fields: 4,
			matched: 4,
		},
		"order of keys, space": {
			expected: `{"a":1,"b":2}`, actual: "{ \"b\" : 2,\n\t\"a\":1 }", fields: 2, matched: 2,
		},
		"number forms": {
			expected: `[1.0,1e0,10,0,-0.0,1.50]`, actual: `[1,1,1E+1,-0,0,1.5]`, fields: 6, matched: 6,
		},
		"string escapes": {
			expected: `["\u00e9\n\ud83d\ude00\/"]`, actual: `["é\u000a😀/"]`, fields: 1, matched: 1,
		},
		"big integers are exact": {
			expected: `{"n":9007199254740993}`, actual: `{"n":9007199254740992}`,
			want: []string{"value $.n 9007199254740993 | 9007199254740992"}, fields: 1,
		},
		"hostile exponent": {
			expected: `[1e999999999999]`, actual: `[1e999999999998]`, fields: 1,
			want: []string{"value $[0] 1e999999999999 | 1e999999999998"},
		},
		"lone surrogates": {
			expected: `["\ud800"]`, actual: `["\ud801"]`, fields: 1,
			want: []string{"value $[0] \"\xed\xa0\x80\" | \"\xed\xa0\x81\""},
		},
		"value": {
			expected: `{"total":41.5,"s":"open"}`, actual: `{"total":41,"s":"paid"}`, fields: 2,
			want: []string{`value $.s "open" | "paid"`, `value $.total 41.5 | 41`},
		},
		"bool is not its text": {
			expected: `[true]`, actual: `["true"]`, want: []string{`type $[0] true | "true"`}, fields: 1,
		},
		"true is not false": {
			expected: `[true]`, actual: `[false]`, want: []string{`value $[0] true | false`}, fields: 1,
		},
		"null is not missing": {
			expected: `{"a":null}`, actual: `{}`, want: []string{`missing $.a null |`}, fields: 1,
		},
		"type": {
			expected: `{"a":{"b":1,"c":2}}`, actual: `{"a":[1]}`, fields: 2,
			want: []string{`type $.a {"b":1,"c":2} | [1]`},
		},
		"missing and extra": {
			expected: `{"a":1,"old":{"x":1,"y":2}}`, actual: `{"a":1,"new name":3}`, fields: 4,
			matched: 1, want: []string{`missing $.old {"x":1,"y":2} |`, `extra $['new name']  | 3`},
		},
		"extra allowed": {
			config: compare.Config{ExtraFields: compare.Allow}, expected: `{"a":{"b":1}}`,
			actual: `{"a":{"b":1,"c":2},"d":3}`, fields: 1, matched: 1,
		},
		"repeated key": {
			config: compare.Config{ExtraFields: compare.Allow}, expected: `{"a":1}`,
			actual: `{"a":1,"a":2}`, fields: 2, matched: 1, want: []string{`extra $.a  | 2`},
		},
		"empty containers count": {
			expected: `{"a":[],"b":{}}`, actual: `{"b":{},"a":[] }`, fields: 2, matched: 2,
		},
		"html instead": {
			expected: `{"a":1,"b":2}`, actual: `<html>`, fields: 2,
			want: []string{`not_json body {"a":1,"b":2} | <html>`},
		},
		"truncated": {
			expected: `{"a":1}`, actual: `{"a":`, fields: 1,
			want: []string{`not_json body {"a":1} | {"a":`},
		},
		"nothing": {
			expected: `{"a":1}`, actual: ``, fields: 1, want: []string{`not_json body {"a":1} |`},
		},
		"scalar": {
			expected: `"a"`, actual: `"b"`, fields: 1, want: []string{`value $ "a" | "b"`},
		},
		"names that need quotes": {
			expected: `{"a.b":{"1":{"":1}},"ü":2}`, actual: `{"a.b":{"1":{"":3}},"ü":4}`, fields: 2,
			want: []string{`value $['a.b']['1'][''] 1 | 3`, `value $.ü 2 | 4`},
		},
	})
}

func TestCompareJSONArrays(t *testing.T) {
	runJSON(t, map[string]jsonTest{
		"extra elements are never allowed": {
			config: compare.Config{ExtraFields: compare.Allow}, expected: `[1]`, actual: `[1,2]`,
			fields: 2, matched: 1, want: []string{`extra $[1]  | 2`},
		},
		"one inserted element": {
			expected: `[1,2,3,4]`, actual: `[1,9,2,3,4]`, fields: 5, matched: 4,
			want: []string{`extra $[1]  | 9`},
		},
		"one removed element": {
			expected: `[{"id":1},{"id":2},{"id":3}]`, actual: `[{"id":1},{"id":3}]`, fields: 3,
			matched: 2, want: []string{`missing $[1] {"id":2} |`},
		},
		"changed elements stay paired": {
			expected: `{"items":[{"id":1,"p":10},{"id":2,"p":20},{"id":3,"p":30}]}`,
			actual:   `{"items":[{"id":0,"p":0},{"id":1,"p":11},{"id":2,"p":22},{"id":3,"p":33}]}`,
			fields:   8, matched: 3,
			want: []string{
				`extra $.items[0]  | {"id":0,"p":0}`, `value $.items[0].p 10 | 11`,
				`value $.items[1].p 20 | 22`, `value $.items[2].p 30 | 33`,
			},
		},
		"order": {
			expected: `{"t":["a","b","c"]}`, actual: `{"t":["c","b","a"]}`, fields: 3, matched: 1,
			want: []string{`order $.t ["a","b","c"] | ["c","b","a"]`},
		},
		"order below equal ends": {
			expected: `[0,1,2,3]`, actual: `[0,2,1,3]`, fields: 4, matched: 2,
			want: []string{`order $ [0,1,2,3] | [0,2,1,3]`},
		},
		"unordered": {
			config: unordered("$.t", ""), expected: `{"t":["a","b","b","c"]}`,
			actual: `{"t":["c","b","a","b"]}`, fields: 4, matched: 4,
		},
		"unordered counts repetitions": {
			config: unordered("$.t", ""), expected: `{"t":[1,1,2]}`, actual: `{"t":[1,2,2]}`, fields: 3,
			matched: 2, want: []string{`value $.t[1] 1 | 2`},
		},
		"unordered by key": {
			config:   unordered("$.items", "sku"),
			expected: `{"items":[{"sku":"a","n":1},{"sku":"b","n":2}]}`, fields: 4, matched: 3,
			actual: `{"items":[{"sku":"b","n":2},{"sku":"a","n":7}]}`,
			want:   []string{`value $.items[0].n 1 | 7`},
		},
		"another key is another element": {
			config: unordered("$.items", "sku"), expected: `{"items":[{"sku":"a","n":1}]}`,
			actual: `{"items":[{"sku":"c","n":1}]}`, fields: 4,
			want: []string{`missing $.items[0] {"n":1,"sku":"a"} |`, `extra $.items[0]  | {"n":1,"sku":"c"}`},
		},
	})
}

func TestCompareJSONIgnored(t *testing.T) {
	runJSON(t, map[string]jsonTest{
		"ignored": {
			config:   ignore("$..request_id", "$.meta"),
			expected: `{"a":{"request_id":"x","b":1},"meta":{"t":1}}`,
			actual:   `{"a":{"request_id":"y","b":1}}`, fields: 1, matched: 1,
		},
		"ignored and extra": {
			config: ignore("$..debug"), expected: `{"a":[{"b":1}]}`,
			actual: `{"a":[{"b":1,"debug":{"x":[]}}]}`, fields: 1, matched: 1,
		},
		"ignored elements by filter": {
			config:   ignore(`$.items[?@.type == "ad"]`),
			expected: `{"items":[{"type":"ad"},{"type":"x","n":1}]}`,
			actual:   `{"items":[{"type":"x","n":1},{"type":"ad","z":1}]}`, fields: 2, matched: 2,
		},
		"ignored field inside moved elements": {
			config: ignore("$[*].ts"), expected: `[{"id":1,"ts":1},{"id":2,"ts":2}]`,
			actual: `[{"id":7,"ts":5},{"id":1,"ts":6},{"id":2,"ts":7}]`, fields: 3, matched: 2,
			want: []string{`extra $[0]  | {"id":7,"ts":5}`},
		},
		"slices and negative indexes": {
			config: ignore("$.a[1:3]", "$.b[-1]"), expected: `{"a":[1,2,3,4],"b":[1,2]}`,
			actual: `{"a":[1,8,9,4],"b":[1,7]}`, fields: 3, matched: 3,
		},
		"known": {
			known: replaced{"ord_1": "ord_2"}, fields: 4, matched: 4,
			expected: `{"id":"ord_1","href":"/orders/ord_1","by":{"ord_1":[1]},"n":1}`,
			actual:   `{"id":"ord_2","href":"/orders/ord_2","by":{"ord_2":[1]},"n":1}`,
		},
		"known by key": {
			config: unordered("$", "id"), known: replaced{"ord_1": "ord_2"}, fields: 4, matched: 4,
			expected: `[{"id":"ord_1","n":1},{"id":"x","n":2}]`,
			actual:   `[{"id":"x","n":2},{"id":"ord_2","n":1}]`,
		},
	})
}

func TestCompareJSONMatchers(t *testing.T) {
	runJSON(t, map[string]jsonTest{
		"tolerated": {
			config: tolerate("$.n", compare.Tolerance{Absolute: 0.01}), expected: `{"n":1.00}`,
			actual: `{"n":1.01}`, fields: 1, matched: 1,
		},
		"beyond the tolerance": {
			config: tolerate("$.n", compare.Tolerance{Absolute: 0.01}), expected: `{"n":1.00}`,
			actual: `{"n":1.010001}`, fields: 1, want: []string{`value $.n 1.00 | 1.010001`},
		},
		"tolerated relative": {
			config: tolerate("$..n", compare.Tolerance{Relative: 0.05}), expected: `[{"n":-100}]`,
			actual: `[{"n":-105}]`, fields: 1, matched: 1,
		},
		"tolerance is for numbers": {
			config: tolerate("$.n", compare.Tolerance{Absolute: 5}), expected: `{"n":"1"}`,
			actual: `{"n":"2"}`, fields: 1, want: []string{`value $.n "1" | "2"`},
		},
		"tolerance wants numbers on both sides": {
			config: tolerate("$.n", compare.Tolerance{Absolute: 5}), expected: `{"n":1}`,
			actual: `{"n":null}`, fields: 1, want: []string{`type $.n 1 | null`},
		},
		"uuid": {
			config:   match("$.id", compare.Matcher{Type: compare.UUID}),
			expected: `{"id":"` + uuid1 + `"}`, actual: `{"id":"` + uuid2 + `"}`, fields: 1, matched: 1,
		},
		"uuid lost": {
			config:   match("$.id", compare.Matcher{Type: compare.UUID}),
			expected: `{"id":"` + uuid1 + `"}`, actual: `{"id":"x"}`, fields: 1,
			want: []string{`value $.id "` + uuid1 + `" | "x"`},
		},
		"uuid not recorded": {
			config: match("$.id", compare.Matcher{Type: compare.UUID}), expected: `{"id":"x"}`,
			actual: `{"id":"y"}`, fields: 1, want: []string{`value $.id "x" | "y"`},
		},
		"datetime rfc 3339": {
			config:   match("$.t", compare.Matcher{Type: compare.Datetime}),
			expected: `{"t":"2026-11-01T10:00:00Z"}`, actual: `{"t":"2027-01-31T23:59:59.123+01:00"}`,
			fields: 1, matched: 1,
		},
		"datetime http": {
			config:   match("$.t", compare.Matcher{Type: compare.Datetime}),
			expected: `{"t":"Mon, 02 Jan 2006 15:04:05 GMT"}`,
			actual:   `{"t":"Tue, 03 Jan 2006 15:04:05 GMT"}`, fields: 1, matched: 1,
		},
		"datetime epoch": {
			config:   match("$.*", compare.Matcher{Type: compare.Datetime}),
			expected: `{"s":1700000000,"ms":1700000000123}`,
			actual:   `{"s":1800000000,"ms":1800000000123}`, fields: 2, matched: 2,
		},
		"datetime changed its form": {
			config: match("$.t", compare.Matcher{Type: compare.Datetime}), expected: `{"t":1700000000}`,
			actual: `{"t":1700000000123}`, fields: 1,
			want: []string{`value $.t 1700000000 | 1700000000123`},
		},
		"small numbers are no datetimes": {
			config: match("$.t", compare.Matcher{Type: compare.Datetime}), expected: `{"t":12}`,
			actual: `{"t":13}`, fields: 1, want: []string{`value $.t 12 | 13`},
		},
		"integer": {
			config: match("$.n", compare.Matcher{Type: compare.Integer}), expected: `{"n":7}`,
			actual: `{"n":1234567890123456789}`, fields: 1, matched: 1,
		},
		"integer became fraction": {
			config: match("$.n", compare.Matcher{Type: compare.Integer}), expected: `{"n":7}`,
			actual: `{"n":7.5}`, fields: 1, want: []string{`value $.n 7 | 7.5`},
		},
		"number": {
			config: match("$.n", compare.Matcher{Type: compare.Number}), expected: `{"n":7}`,
			actual: `{"n":7.5}`, fields: 1, matched: 1,
		},
		"string": {
			config: match("$.n", compare.Matcher{Type: compare.String}), expected: `{"n":"a"}`,
			actual: `{"n":"b"}`, fields: 1, matched: 1,
		},
		"string became null": {
			config: match("$.n", compare.Matcher{Type: compare.String}), expected: `{"n":"a"}`,
			actual: `{"n":null}`, fields: 1, want: []string{`type $.n "a" | null`},
		},
		"regex": {
			config: match("$.c", compare.Matcher{Regex: "^[A-Z]{3}$"}), expected: `{"c":"EUR"}`,
			actual: `{"c":"USD"}`, fields: 1, matched: 1,
		},
		"regex lost": {
			config: match("$.c", compare.Matcher{Regex: "^[A-Z]{3}$"}), expected: `{"c":"EUR"}`,
			actual: `{"c":"usd"}`, fields: 1, want: []string{`value $.c "EUR" | "usd"`},
		},
	})
}

package mocks_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/mocks"
)

type patternCase struct {
	pattern      string
	hits, misses []string
}

func TestPatterns(t *testing.T) {
	clock := time.Date(2026, 3, 15, 12, 30, 45, 0, time.UTC)
	for name, tt := range patternCases() {
		t.Run(name, func(t *testing.T) {
			mapping := `{"request": {"bodyPatterns": [` + tt.pattern + `]}, "response": {}}`
			options := mocks.Options{Now: func() time.Time { return clock }}
			stubs, err := options.Parse("a.json", []byte(mapping))
			if err != nil {
				t.Fatal(err)
			}
			for _, body := range tt.hits {
				r := &mocks.Request{Method: "POST", Path: "/", Body: mocks.Value{Text: body, Present: body != ""}}
				if _, diffs := stubs[0].Compare(r); !stubs[0].Request.Matches(r) || len(diffs) > 0 {
					t.Errorf("%s does not match: %v", body, diffs)
				}
			}
			for _, body := range tt.misses {
				r := &mocks.Request{Method: "POST", Path: "/", Body: mocks.Value{Text: body, Present: body != ""}}
				if _, diffs := stubs[0].Compare(r); stubs[0].Request.Matches(r) || len(diffs) == 0 {
					t.Errorf("%s matches", body)
				}
			}
		})
	}
}

func patternCases() map[string]patternCase {
	cases := map[string]patternCase{
		"schema": {
			`{"matchesJsonSchema": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}}`,
			[]string{`{"a": 1}`, `{"a": 1.0, "b": 2}`},
			[]string{`{"a": "1"}`, `{}`, `no json`},
		},
		"schema as text of an older draft": {
			`{"matchesJsonSchema": "{\"items\": {\"minimum\": 3, \"exclusiveMinimum\": true}}", "schemaVersion": "V4"}`,
			[]string{`[4]`},
			[]string{`[3]`},
		},
		"numbers": {
			`{"greaterThanEqualNumber": 1.50}, {"lessThanNumber": 1e2}`,
			[]string{"1.5", "99.999", " 2 "},
			[]string{"1.49", "100", "x", "", "1/2", "0x10", "1e999999999"},
		},
		"number equality": {`{"equalToNumber": 10}`, []string{"10.0", "1e1"}, []string{"10.01"}},
		"logic":           {`{"not": {"or": [{"equalTo": "a"}, {"equalTo": "b"}]}}`, []string{"c"}, []string{"a", "b"}},
		"jayway regex": {
			`{"matchesJsonPath": "$.items[?(@.name =~ /ab+/i)]"}`,
			[]string{`{"items":[{"name":"ABB"}]}`},
			[]string{`{"items":[{"name":"xab"}]}`, `{"items":[]}`, `{"items":[{}]}`},
		},
		"function of what is not there": {
			`{"matchesJsonPath": "$.items[?match(@.name, 'ab+')]"}`,
			[]string{`{"items":[{"name":"ab"}]}`},
			[]string{`{"items":[{}]}`},
		},
		"json path to several before equalToJson": {
			`{"matchesJsonPath": {"expression": "$.l[*]", "equalToJson": "[1, 2]"}}`,
			[]string{`{"l":[1,2]}`},
			[]string{`{"l":[[1,2],3]}`},
		},
		"json path to nothing before equalToJson": {
			`{"matchesJsonPath": {"expression": "$.*", "equalToJson": "[]"}}`, []string{`{}`}, []string{`{"a":1}`},
		},
		"json path in null": {
			`{"matchesJsonPath": {"expression": "$.a", "absent": true}}`, []string{`{}`, `[]`, ``}, []string{`null`},
		},
		"schema of text": {`{"matchesJsonSchema": {"type": "string"}}`, []string{`1`, `null`, `x`}, []string{`{}`, ``}},
		"jayway names":   {`{"matchesJsonPath": "$.first-name"}`, []string{`{"first-name":"x"}`}, []string{`{"first":1}`}},
		"jayway no root": {`{"matchesJsonPath": "a.b"}`, []string{`{"a":{"b":1}}`}, []string{`{"a":1}`}},
		"jayway filter": {
			`{"matchesJsonPath": "$..book[?(@.price < 10 && @.category == 'fiction')]"}`,
			[]string{`{"s":{"book":[{"price":8,"category":"fiction"}]}}`},
			[]string{`{"s":{"book":[{"price":12}]}}`},
		},
		"json path number as Java prints it": {
			`{"matchesJsonPath": {"expression": "$.a", "equalTo": "10.5"}}`, []string{`{"a":10.50}`}, []string{`{"a":10.51}`},
		},
	}
	for _, more := range []map[string]patternCase{xmlCases(), dateCases()} {
		for name, c := range more {
			cases[name] = c
		}
	}
	return cases
}

func xmlCases() map[string]patternCase {
	return map[string]patternCase{
		"xml": {
			`{"equalToXml": "<a x='1' y='2'><b>t</b><c/></a>"}`,
			[]string{
				"<a y=\"2\" x=\"1\">\n <c></c>\n <b> t </b><!-- n --></a>",
				`<?xml version="1.0"?><a x="1" y="2"><b>t</b><c/></a>`,
			},
			[]string{
				`<a x="1" y="2"><b>u</b><c/></a>`, `<a x="1"><b>t</b><c/></a>`, `<a x="1" y="2"><b>t</b></a>`,
				`<a`, `{}`, ``, `<a x="1" y="2"><b>t</b><c/></a> x`,
			},
		},
		"xml namespaces": {
			`{"equalToXml": "<p:a xmlns:p='urn:x'><p:b/></p:a>"}`,
			[]string{`<a xmlns="urn:x"><b/></a>`},
			[]string{`<a xmlns="urn:y"><b/></a>`, `<a><b/></a>`},
		},
		"xml order of one name": {
			`{"equalToXml": "<a><b>1</b><b>2</b></a>", "ignoreOrderOfSameNode": true}`,
			[]string{`<a><b>2</b><b>1</b></a>`},
			[]string{`<a><b>2</b><b>3</b></a>`},
		},
		"xml in order": {`{"equalToXml": "<a><b>1</b><b>2</b></a>"}`, nil, []string{`<a><b>2</b><b>1</b></a>`}},
		"xml placeholders": {
			`{"equalToXml": "<a n='${xmlunit.isNumber}'><b>${xmlunit.ignore}</b><c>[[xmlunit.matchesRegex(x+)]]</c></a>",
				"enablePlaceholders": true, "placeholderOpeningDelimiterRegex": "(?:\\[\\[|\\$\\{)",
				"placeholderClosingDelimiterRegex": "(?:\\]\\]|\\})"}`,
			[]string{`<a n="1.5"><b>any</b><c>xx</c></a>`, `<a n="1.5"><b/><c>x</c></a>`},
			[]string{`<a n="x"><b>any</b><c>xx</c></a>`, `<a n="1"><b>any</b><c>y</c></a>`},
		},
		"xml exempted": {
			`{"equalToXml": "<a x='1'><b/></a>", "exemptedComparisons": ["ATTR_VALUE", "NAMESPACE_URI"]}`,
			[]string{`<a x="2"><b/></a>`},
			[]string{`<a><b/></a>`},
		},
		"xpath": {
			`{"matchesXPath": "/order[@id='7']/item[price > 10]"}`,
			[]string{`<order id="7"><item><price>11</price></item></order>`},
			[]string{`<order id="8"><item><price>11</price></item></order>`, `no xml`, `<order id="7">`},
		},
		"xpath with a pattern": {
			`{"matchesXPath": {"expression": "//n:b/text()", "matches": "[0-9]+"}, "xPathNamespaces": {"n": "urn:x"}}`,
			[]string{`<a xmlns="urn:x"><b>x</b><b>12</b></a>`},
			[]string{`<a xmlns="urn:x"><b>x</b></a>`, `<a><b>12</b></a>`},
		},
		"xpath to an element": {
			`{"matchesXPath": {"expression": "//b", "equalToXml": "<b><c>1</c></b>"}}`,
			[]string{`<a><b><c>1</c></b></a>`},
			[]string{`<a><b><c>2</c></b></a>`, `<a/>`},
		},
		"xpath deep": {
			`{"matchesXPath": "//a"}`,
			[]string{strings.Repeat("<a>", 900) + strings.Repeat("</a>", 900)},
			[]string{strings.Repeat("<a>", 100_000) + strings.Repeat("</a>", 100_000)},
		},
	}
}

func dateCases() map[string]patternCase {
	return map[string]patternCase{
		"before a date": {
			`{"before": "2026-03-01T00:00:00Z"}`,
			[]string{
				"2026-02-28T23:59:59Z", "2026-03-01T00:30:00+01:00", "2026-02-01T00:30:00+01:00[Europe/Paris]",
				"Sat, 28 Feb 2026 23:59:59 GMT",
			},
			[]string{"2026-03-01T00:00:00Z", "2027-01-01", "x", ""},
		},
		"local": {
			`{"equalToDateTime": "2026-03-01T10:00:00"}`,
			[]string{"2026-03-01T10:00:00", "2026-03-01T10:00:00+05:00"},
			[]string{"2026-03-01"},
		},
		"now": {`{"after": "now -2 days"}`, []string{"2026-03-13T12:30:46Z"}, []string{"2026-03-13T12:30:45Z"}},
		"offset in fields": {
			`{"before": "now", "expectedOffset": 1, "expectedOffsetUnit": "HOURS"}`,
			[]string{"2026-03-15T13:30:44Z"},
			[]string{"2026-03-15T13:30:45Z"},
		},
		"truncated before the offset": {
			`{"equalToDateTime": "now +1 months", "truncateExpected": "first day of month"}`,
			[]string{"2026-04-01T00:00:00Z"},
			[]string{"2026-04-15T00:00:00Z"},
		},
		"truncated last": {
			`{"equalToDateTime": "now +20 days", "truncateExpected": "first day of next month", "applyTruncationLast": true}`,
			[]string{"2026-05-01T00:00:00Z"},
			[]string{"2026-04-21T00:00:00Z"},
		},
		"truncated actual": {
			`{"equalToDateTime": "2020-03-01T00:00:00Z", "truncateActual": "first day of month"}`,
			[]string{"2020-03-17T11:00:00Z"},
			[]string{"2020-04-17T11:00:00Z"},
		},
		"format": {
			`{"equalToDateTime": "2021-06-24T00:00:00", "actualFormat": "dd/MM/yyyy"}`,
			[]string{"24/06/2021"},
			[]string{"25/06/2021", "2021-06-24", "31/02/2021"},
		},
		"unix": {
			`{"after": "2021-06-14T12:13:14Z", "actualFormat": "unix"}`,
			[]string{"1623672795"},
			[]string{"1623672794", "x"},
		},
	}
}

// Stubs are asked by many requests at once.
func TestMatchConcurrently(t *testing.T) {
	stub := parse(t, `{"request": {"bodyPatterns": [{"matchesXPath": "count(//a) > 1"},
		{"matchesXPath": "//a[position() = last()]"},
		{"equalToXml": "<r><a/><a/></r>"}]}, "response": {}}`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				r := &mocks.Request{Method: "POST", Path: "/", Body: *mocks.NewValue("<r><a/><a/></r>")}
				if !stub.Request.Matches(r) {
					t.Error("it does not match")
				}
			}
		})
	}
	wg.Wait()
}

package mockstest

import "net/http"

// matchCase is one request pattern and what it answers and does not.
type matchCase struct {
	request      string
	hits, misses []call
}

func matchCases() map[string]matchCase {
	cases := map[string]matchCase{}
	for _, part := range []map[string]matchCase{targetCases(), namedCases(), bodyCases()} {
		for name, c := range part {
			cases[name] = c
		}
	}
	return cases
}

func targetCases() map[string]matchCase {
	return map[string]matchCase{
		"method": {
			`{"method": "HEAD", "url": "/a"}`,
			[]call{{method: http.MethodHead, target: "/a"}},
			[]call{{target: "/a"}},
		},
		"any method": {
			`{"method": "ANY", "url": "/a"}`,
			[]call{{target: "/a"}, {method: http.MethodDelete, target: "/a"}},
			[]call{{target: "/b"}},
		},
		"url with query": {
			`{"url": "/a?x=1&y=2"}`,
			[]call{{target: "/a?x=1&y=2"}},
			[]call{{target: "/a"}, {target: "/a?y=2&x=1"}, {target: "/a?x=1&y=2&z=3"}},
		},
		"urlPath": {
			`{"urlPath": "/a%20b"}`,
			[]call{{target: "/a%20b"}, {target: "/a%20b?x=1"}},
			[]call{{target: "/a"}},
		},
		"urlPattern is a full match": {
			`{"urlPattern": "/a/[0-9]+\\?x=.*"}`,
			[]call{{target: "/a/12?x=1"}},
			[]call{{target: "/a/12"}, {target: "/b/a/12?x=1"}},
		},
		"urlPathPattern": {
			`{"urlPathPattern": "/a/[0-9]+"}`,
			[]call{{target: "/a/12?x=1"}},
			[]call{{target: "/a/12/b"}},
		},
		"urlPathTemplate": {
			`{"urlPathTemplate": "/c/{id}/d/{n}", "pathParameters": {"id": {"matches": "[a-z]+"}}}`,
			[]call{{target: "/c/abc/d/1"}, {target: "/c/abc/d/1?q=1"}},
			[]call{{target: "/c/12/d/1"}, {target: "/c/abc/d/1/e"}},
		},
	}
}

func namedCases() map[string]matchCase {
	return map[string]matchCase{
		"query equality": {
			`{"urlPath": "/a", "queryParameters": {"x": {"equalTo": "1 2"}}}`,
			[]call{{target: "/a?x=1+2&y=3"}, {target: "/a?x=0&x=1%202"}},
			[]call{{target: "/a"}, {target: "/a?x=12"}},
		},
		"query of several values": {
			`{"urlPath": "/a", "queryParameters": {"x": {"hasExactly": [{"equalTo": "1"}, {"equalTo": "2"}]},
				"y": {"includes": [{"equalTo": "3"}]}}}`,
			[]call{{target: "/a?x=1&x=2&y=3"}, {target: "/a?x=2&x=1&y=4&y=3"}},
			[]call{{target: "/a?x=1&y=3"}, {target: "/a?x=1&x=2&x=3&y=3"}, {target: "/a?x=1&x=2&y=4"}},
		},
		"absent": {
			`{"urlPath": "/a", "queryParameters": {"x": {"absent": true}}, "headers": {"X-A": {"absent": true}}}`,
			[]call{{target: "/a"}},
			[]call{{target: "/a?x="}, {target: "/a", headers: []string{"X-A: 1"}}},
		},
		"headers": {
			`{"url": "/a", "headers": {"x-tenant": {"equalTo": "ACME", "caseInsensitive": true},
				"Accept": {"contains": "json"}, "X-B": {"doesNotMatch": "b.*"}}}`,
			[]call{
				{target: "/a", headers: []string{"X-Tenant: acme", "Accept: text/json", "X-B: ab"}},
				{target: "/a", headers: []string{"X-Tenant: acme", "Accept: text/json"}},
			},
			[]call{
				{target: "/a", headers: []string{"X-Tenant: other", "Accept: text/json"}},
				{target: "/a", headers: []string{"X-Tenant: acme", "Accept: text/json", "X-B: b1"}},
			},
		},
		"logic": {
			`{"url": "/a", "headers": {"X-A": {"or": [{"absent": true},
				{"and": [{"contains": "a"}, {"not": {"contains": "b"}}]}]}}}`,
			[]call{{target: "/a"}, {target: "/a", headers: []string{"X-A: xax"}}},
			[]call{{target: "/a", headers: []string{"X-A: ab"}}, {target: "/a", headers: []string{"X-A: x"}}},
		},
		"cookies": {
			`{"url": "/a", "cookies": {"session": {"matches": "[0-9]+"}}}`,
			[]call{{target: "/a", headers: []string{"Cookie: other=1; session=42"}}},
			[]call{{target: "/a", headers: []string{"Cookie: session=x"}}, {target: "/a"}},
		},
	}
}

// posts are POST requests to /a with these bodies.
func posts(bodies ...string) []call {
	calls := make([]call, len(bodies))
	for i, b := range bodies {
		calls[i] = call{method: http.MethodPost, target: "/a", body: b}
	}
	return calls
}

// body is a request pattern for POST /a with these body patterns.
func body(patterns string) string {
	return `{"method": "POST", "url": "/a", "bodyPatterns": [` + patterns + `]}`
}

func bodyCases() map[string]matchCase {
	return map[string]matchCase{
		"body text": {
			body(`{"contains": "b"}, {"doesNotContain": "c"}, {"matches": "a.*"}`),
			posts("ab"), posts("abc", "b", ""),
		},
		"body equality": {body(`{"equalTo": "a b"}`), posts("a b"), posts("a b ", "")},
		"absent body":   {body(`{"absent": true}`), posts(""), posts("x")},
		"binary body":   {body(`{"binaryEqualTo": "AP8="}`), posts("\x00\xff"), posts("\x00")},
		"json order": {
			body(`{"equalToJson": {"a": 1, "b": [1, 2]}}`), posts(`{"b":[1,2],"a":1.0}`),
			posts(`{"a":1,"b":[2,1]}`, `{"a":1}`, `{"a":1,"b":[1,2],"c":0}`, "no json"),
		},
		"json as text": {body(`{"equalToJson": "[1, \"x\"]"}`), posts(`[1,"x"]`), posts(`["x",1]`)},
		"json null":    {body(`{"equalToJson": {"a": null}}`), posts(`{"a":null}`), posts(`{}`)},
		"json array order": {
			body(`{"equalToJson": [1, {"a": 2}, 3], "ignoreArrayOrder": true}`),
			posts(`[3,1,{"a":2}]`), posts(`[3,1,1]`, `[1,3]`),
		},
		"json extra": {
			body(`{"equalToJson": {"a": [1]}, "ignoreExtraElements": true}`),
			posts(`{"a":[1],"b":2}`, `{"a":[1,2]}`), posts(`{"b":2}`, `{"a":[2,1]}`),
		},
		"json placeholders": {
			body(`{"equalToJson": {"i": "${json-unit.ignore}", "s": "${json-unit.any-string}",
				"n": "${json-unit.any-number}", "b": "${json-unit.any-boolean}", "r": "${json-unit.regex}[A-Z]+"}}`),
			posts(`{"i":[1],"s":"x","n":1,"b":false,"r":"AB"}`),
			posts(`{"i":1,"s":1,"n":1,"b":true,"r":"AB"}`, `{"i":1,"s":"","n":"1","b":true,"r":"AB"}`,
				`{"i":1,"s":"","n":1,"b":0,"r":"AB"}`, `{"i":1,"s":"","n":1,"b":true,"r":"ABc"}`),
		},
		"json path exists": {
			body(`{"matchesJsonPath": "$.a[?(@.x > 1)]"}`),
			posts(`{"a":[{"x":1},{"x":2}]}`), posts(`{"a":[{"x":1}]}`, `{}`, "text"),
		},
		"json path value": {
			body(`{"matchesJsonPath": {"expression": "$.a", "equalTo": "x"}},
				{"matchesJsonPath": {"expression": "$.n", "matches": "4.*"}},
				{"matchesJsonPath": {"expression": "$.z", "absent": true}},
				{"matchesJsonPath": {"expression": "$.o", "equalToJson": {"k": [1]}}}`),
			posts(`{"a":"x","n":42,"o":{"k":[1]}}`),
			posts(`{"a":"y","n":42,"o":{"k":[1]}}`, `{"a":"x","n":42,"z":1,"o":{"k":[1]}}`,
				`{"a":"x","n":42,"o":{"k":[2]}}`),
		},
	}
}

package transform

import (
	"strings"
	"testing"
)

func TestMistakes(t *testing.T) {
	files := map[string]string{
		"good.csv": "a,b\n", "three.csv": "# ids\na,b\n1,2,3\n", "twice.csv": "a,b\na,c\n", "blank.csv": "a,\n",
		"none.csv":  "# no line\n",
		"quote.csv": "a,b\n\"x,y\n", "empty.key": "\n",
		"public.pem": "-----BEGIN PUBLIC KEY-----\nAA\n-----END PUBLIC KEY-----\n",
		"other.pem":  "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n", "break.csv": "u,\"to\nken\"\n",
	}
	cases := map[string]struct{ list, want string }{
		"an unknown transform": {`[{redakt: {headers: [A]}}]`, `redakt`},
		"an unknown key":       {`[{redact: {header: [A]}}]`, `header`},
		"none": {
			`[{where: "GET /"}]`,
			`run.yaml:1:2: found no transform, expected one of redact, token,`,
		},
		"two in one": {
			`[{host: {from: a, to: b}, ids: {map: good.csv}}]`,
			`found host and ids, expected one of`,
		},
		"nothing named": {`[{redact: {}}]`, `redact names nothing`},
		"a header's name": {
			`[{redact: {headers: [A, "B:"]}}]`,
			`run.yaml:1:25: found "B:", expected the name of a header`,
		},
		"a path":                {`[{redact: {json: [$.a, "$.b["]}}]`, `run.yaml:1:24: redact json: `},
		"the whole body":        {`[{redact: {json: $}}]`, `$ is all of the body`},
		"all members":           {`[{redact: {json: "$.*"}}]`, `$.* is all of the body`},
		"all values":            {`[{redact: {json: "$..*"}}]`, `$..* is all of the body`},
		"a filter":              {`[{redact: {json: "$[?@.a]"}}]`, `has a slice or a filter`},
		"an index from the end": {`[{json: {remove: "$.a[-1]"}}]`, `counts from the end`},
		"no token":              {`[{token: {header: A}}]`, `value`},
		"a line break":          {"[{token: {header: A, value: \"x\\ny\"}}]", `the value has a line break in it`},
		"in for a token":        {`[{token: {header: A, value: x}, in: both}]`, `in does not go with token`},
		"an unknown side":       {`[{set_header: {A: x}, in: all}]`, `all`},
		"a direction":           {`[{set_header: {A: x}, where: {direction: in}}]`, `in`},
		"no map":                {`[{ids: {}}]`, `map`},
		"a map that is missing": {`[{ids: {map: gone.csv}}]`, `run.yaml:1:14: reading a file of transforms: `},
		"three columns":         {`[{ids: {map: three.csv}}]`, `three.csv: line 3: 3 columns, expected 2`},
		"an id twice": {
			`[{ids: {map: twice.csv}}]`,
			`twice.csv: line 2: "a" stands in the first column for the second time`,
		},
		"an empty value": {`[{ids: {map: blank.csv}}]`, `blank.csv: line 1: a value is empty`},
		"an empty map":   {`[{ids: {map: none.csv}}]`, `none.csv: no line holds two values`},
		"an open quote":  {`[{ids: {map: quote.csv}}]`, `quote.csv: line 2`},
		"a token with a break": {
			`[{user_tokens: {header: A, map: break.csv}}]`,
			`the value has a line break in it`,
		},
		"a key that is missing": {`[{jwt: {header: A, key_file: gone.key}}]`, `gone.key`},
		"an empty key":          {`[{jwt: {header: A, key_file: empty.key}}]`, `empty.key is empty`},
		"a public key":          {`[{jwt: {header: A, key_file: public.pem}}]`, `public.pem holds a public key`},
		"no key":                {`[{jwt: {header: A, key_file: other.pem}}]`, `other.pem holds no private key`},
		"a URL for a host": {
			`[{host: {from: "https://a/", to: b}}]`,
			`expected a host without scheme and path`,
		},
		"no shift":               {`[{time: {}}]`, `shift`},
		"an unknown shift":       {`[{time: {shift: now}}]`, `expected capture_to_now or a duration`},
		"a shift below a second": {`[{time: {shift: 500ms}}]`, `whole seconds`},
		"a shift of nothing":     {`[{time: {shift: 0s}}]`, `whole seconds`},
		"a cookie's name":        {`[{cookies: {set: {"a b": c}}}]`, `found "a b", expected the name of a cookie`},
		"an id with a break": {
			`[{ids: {map: break.csv}}]`,
			`the value has a line break in it`,
		},
		"brackets without an IPv6 address": {`[{host: {from: "[12]", to: b}}]`, `expected a host without`},
		"a cookie's value": {
			`[{cookies: {set: {a: "b;c"}}}]`,
			`the cookie a has a blank, a semicolon or a line break`,
		},
		"a regular expression": {`[{replace: {regexp: "("}}]`, `run.yaml:1:21: replace: `},
		"one that matches all": {`[{replace: {regexp: "a*"}}]`, `matches the empty text`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, ds := load(t, tc.list, files)
			if ds.Err() == nil || !strings.Contains(ds.Error(), tc.want) {
				t.Errorf("findings: %v", ds)
			}
		})
	}
}

func TestManyPaths(t *testing.T) {
	var paths []string
	for range 32 {
		paths = append(paths, "$..a.b.c")
	}
	list := func(n int) string { return `[{redact: {json: ["` + strings.Join(paths[:n], `", "`) + `"]}}]` }
	if _, ds := load(t, list(32), nil); ds.Err() != nil {
		t.Error(ds)
	}
	paths = append(paths, "$.d")
	if _, ds := load(t, list(33), nil); ds.Err() == nil || !strings.Contains(ds.Error(),
		"$.d is one path too many") {
		t.Errorf("findings: %v", ds)
	}
}

func TestTransformsThatDoNothing(t *testing.T) {
	c := mustLoad(t,
		`[{redact: {headers: [Cookie], json: [$.pin, $.pni]}}, {set_header: {A: "1"}, where: "GET /x"},
		{replace: {regexp: nothing}, allow_unused: true}, {cookies: {remove: [b]}}]`, nil)
	if err := c.Apply(record("/a", `{"pin":1}`, "{}", "Cookie: a=1")); err != nil {
		t.Fatal(err)
	}
	want := "run.yaml:1:45: error: would do nothing: redact json $.pni applies to none of 1 records"
	ds := c.Check()
	if len(ds) != 3 || !strings.Contains(ds.Error(), strings.ReplaceAll(want, " error:", "")) ||
		!strings.Contains(ds.Error(), "set_header A") || !strings.Contains(ds.Error(), "cookies remove b") {
		t.Errorf("findings: %v", ds)
	}
}

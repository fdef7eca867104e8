package compare_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/compare"
)

func decode(t *testing.T, src string) (compare.Config, spec.Diagnostics) {
	t.Helper()
	document, ds := spec.Parse("pipeline.yaml", []byte(src), spec.Options{})
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	c := compare.DefaultConfig()
	return c, spec.Decode(document.Root, &c)
}

func TestConfigDecodes(t *testing.T) {
	c, ds := decode(t, `
ignore: {json: ["$.timestamp", "$..request_id"], headers: [Date, X-Request-Id]}
tolerate: {"$.total": 0.01, "$.eta": {relative: 5%}, "$.n": {absolute: 2}, "$.p": 2.5%}
match: {"$.id": uuid, "$.created_at": datetime, "$.code": {regex: "^[A-Z]{3}$"}}
unordered: {"$.items": {by: sku}, "$.tags": true, "$.list": false}
headers: [Content-Type, Location]
endpoints:
  "GET /orders/{id}": {ignore: {json: ["$.x"]}, extra_fields: allow}
`)
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	want := compare.Config{
		Ignore: compare.Ignore{
			JSON: []string{"$.timestamp", "$..request_id"}, Headers: []string{"Date", "X-Request-Id"},
		},
		Tolerate: map[string]compare.Tolerance{
			"$.total": {Absolute: 0.01}, "$.eta": {Relative: 0.05}, "$.n": {Absolute: 2}, "$.p": {Relative: 0.025},
		},
		Match: map[string]compare.Matcher{
			"$.id": {Type: "uuid"}, "$.created_at": {Type: "datetime"}, "$.code": {Regex: "^[A-Z]{3}$"},
		},
		Unordered:   map[string]compare.Unordered{"$.items": {By: "sku"}, "$.tags": {}, "$.list": {Off: true}},
		ExtraFields: compare.Fail,
		Headers:     []string{"Content-Type", "Location"},
		Endpoints: map[string]compare.Rules{
			"GET /orders/{id}": {Ignore: compare.Ignore{JSON: []string{"$.x"}}, ExtraFields: compare.Allow},
		},
	}
	if d := cmp.Diff(want, c); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	newComparer(t, c)
}

func TestConfigMistakesAreNamed(t *testing.T) {
	tests := map[string]struct{ src, want string }{
		"matcher":            {`match: {"$.a": uid}`, `1:16: unknown matcher "uid"`},
		"matcher key":        {`match: {"$.a": {regexp: x}}`, `unknown key "regexp" in a matcher`},
		"matcher regex":      {`match: {"$.a": {regex: "("}}`, `missing closing )`},
		"matcher list":       {`match: {"$.a": [uuid]}`, `found a list, expected a matcher`},
		"tolerance":          {`tolerate: {"$.a": much}`, `1:19: found "much", expected a number`},
		"negative tolerance": {`tolerate: {"$.a": -1}`, `not negative`},
		"relative number":    {`tolerate: {"$.a": {relative: 5}}`, `expected a percentage such as 5%`},
		"tolerance key":      {`tolerate: {"$.a": {abs: 5}}`, `unknown key "abs" in a tolerance`},
		"empty tolerance":    {`tolerate: {"$.a": {}}`, `the tolerance is empty`},
		"unordered":          {`unordered: {"$.a": sku}`, `found "sku", expected true or {by: key}`},
		"unordered key":      {`unordered: {"$.a": {key: sku}}`, `unknown key "key", expected by`},
		"unordered empty":    {`unordered: {"$.a": {}}`, `found an empty mapping`},
		"extra fields":       {`extra_fields: warn`, `extra_fields`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, ds := decode(t, tc.src)
			err := ds.Err()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

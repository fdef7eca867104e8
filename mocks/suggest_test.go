package mocks_test

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/mocks"
)

func TestMissSuggestion(t *testing.T) {
	tests := map[string]struct {
		where []string
		want  string
	}{
		"one field":       {[]string{"$.request_id"}, `match: {ignore: {json: ["$.request_id"]}}`},
		"field of a list": {[]string{"$.a[0].b", "$.a[1].b"}, `match: {ignore: {json: ["$.a[*].b"]}}`},
		"query":           {[]string{"query.ts"}, `match: {ignore: {query: ["ts"]}}`},
		"both": {
			[]string{"query.ts", "$['a b']"}, `match: {ignore: {json: ["$['a b']"], query: ["ts"]}}`,
		},
		"another path":  {[]string{"path"}, ""},
		"also a header": {[]string{"$.a", "header.X-Tenant"}, ""},
		"whole body":    {[]string{"$"}, ""},
		"too many":      {[]string{"$.a", "$.b", "$.c", "$.d"}, ""},
		"nothing":       {nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			near := mocks.Near{}
			for _, w := range tt.where {
				near.Differences = append(near.Differences, mocks.Difference{Where: w, Expected: "1", Actual: "2"})
			}
			got := near.Suggestion()
			if got != tt.want {
				t.Fatalf("got %s, want %s", got, tt.want)
			}
			if got == "" {
				return
			}
			doc, ds := spec.Parse("line", []byte(strings.TrimPrefix(got, "match: ")), spec.Options{})
			match := mocks.DefaultMatch()
			ds.Add(spec.Decode(doc.Root, &match))
			if ds.Err() != nil || match.Validate() != nil {
				t.Errorf("%s: %v, %v", got, ds.Err(), match.Validate())
			}
		})
	}
}

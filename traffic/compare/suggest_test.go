package compare_test

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
)

func answer(body string) *traffic.Response {
	return &traffic.Response{Status: 200, Header: map[string][]string{
		"Content-Type": {"application/json"}, "Location": {"/at/" + body[:2]},
	}, Body: []byte(body)}
}

// TestSuggestion compares two answers, reads the suggested line as settings, and compares again.
func TestSuggestion(t *testing.T) {
	tests := map[string]struct{ recorded, actual, want string }{
		"datetime": {
			`{"created_at":"2026-11-01T08:00:00Z"}`, `{"created_at":"2026-11-20T09:30:00Z"}`,
			`replay.compare.match: {"$.created_at": datetime}`,
		},
		"epoch": {
			`{"at":1760000000}`, `{"at":1770000000}`, `replay.compare.match: {"$.at": datetime}`,
		},
		"uuid in a list": {
			`{"items":[{"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}]}`,
			`{"items":[{"id":"16fd2706-8baf-433b-82eb-8c7fada847da"}]}`,
			`replay.compare.match: {"$.items[*].id": uuid}`,
		},
		"issued id": {
			`{"id":"ord_9f2k3m1x"}`, `{"id":"ord_1a8s7d6f"}`,
			`replay.compare.match: {"$.id": {regex: "^ord_[0-9a-z]{8}$"}}`,
		},
		"token of hex": {
			`{"t":"00ff00ff"}`, `{"t":"12ab34cd99"}`, `replay.compare.match: {"$.t": {regex: "^[0-9a-f]+$"}}`,
		},
		"near number": {`{"total":115.40}`, `{"total":115.39}`, `replay.compare.tolerate: {"$.total": 0.01}`},
		"counter": {
			`{"n":10}`, `{"n":99}`, `replay.compare.endpoints: {"GET /a": {match: {"$.n": integer}}}`,
		},
		"other number": {
			`{"n":0.5}`, `{"n":9.25}`, `replay.compare.endpoints: {"GET /a": {match: {"$.n": number}}}`,
		},
		"other text": {
			`{"name":"Ada"}`, `{"name":"Grace"}`, `replay.compare.endpoints: {"GET /a": {match: {"$.name": string}}}`,
		},
		"boolean": {
			`{"ok":true}`, `{"ok":false}`, `replay.compare.endpoints: {"GET /a": {ignore: {json: ["$.ok"]}}}`,
		},
		"other type": {
			`{"qty":2}`, `{"qty":"2"}`, `replay.compare.endpoints: {"GET /a": {ignore: {json: ["$.qty"]}}}`,
		},
		"missing": {
			`{"a":1,"b":2}`, `{"a":1}`, `replay.compare.endpoints: {"GET /a": {ignore: {json: ["$.b"]}}}`,
		},
		"extra": {
			`{"a":1}`, `{"a":1,"b":2}`, `replay.compare.endpoints: {"GET /a": {extra_fields: allow}}`,
		},
		"extra element": {
			`{"l":[1]}`, `{"l":[1,2]}`, `replay.compare.endpoints: {"GET /a": {ignore: {json: ["$.l"]}}}`,
		},
		"order":         {`{"l":[1,2,3]}`, `{"l":[3,1,2]}`, `replay.compare.unordered: {"$.l": true}`},
		"odd name":      {`{"a b":1.0}`, `{"a b":1.01}`, `replay.compare.tolerate: {"$['a b']": 0.01}`},
		"whole body":    {`["x"]`, `["y"]`, ""},
		"no longer one": {`{"a":1}`, `<html>`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			groups := grouped(t, compare.DefaultConfig(), answer(tt.recorded), answer(tt.actual))
			if len(groups) != 1 {
				t.Fatalf("%d groups: %v", len(groups), groups)
			}
			got := groups[0].Suggestion()
			if got != tt.want {
				t.Fatalf("got  %s\nwant %s", got, tt.want)
			}
			if got == "" {
				return
			}
			if left := grouped(t, settings(t, got), answer(tt.recorded), answer(tt.actual)); len(left) > 0 {
				t.Errorf("with %s still: %v", got, left)
			}
		})
	}
}

func grouped(t *testing.T, c compare.Config, recorded, actual *traffic.Response) []compare.Group {
	t.Helper()
	comparer, err := compare.New(c)
	if err != nil {
		t.Fatal(err)
	}
	var all compare.Aggregate
	all.Add("GET /a", comparer.Compare("GET /a", recorded, actual, nil), "r1")
	return all.Groups()
}

// settings are those of one suggested line.
func settings(t *testing.T, line string) compare.Config {
	t.Helper()
	doc, ds := spec.Parse("line", []byte(strings.TrimPrefix(line, "replay.compare.")), spec.Options{})
	c := compare.DefaultConfig()
	ds.Add(spec.Decode(doc.Root, &c))
	if err := ds.Err(); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return c
}

func TestSuggestionForHeadersAndStatus(t *testing.T) {
	config := compare.DefaultConfig()
	config.Headers = []string{"Location"}
	recorded, actual := answer(`{"a":1}`), answer(`{"a":1}`)
	actual.Header = map[string][]string{"Content-Type": {"application/json"}, "Location": {"/elsewhere"}}
	groups := grouped(t, config, recorded, actual)
	const want = `replay.compare.endpoints: {"GET /a": {ignore: {headers: [Location]}}}`
	if len(groups) != 1 || groups[0].Suggestion() != want {
		t.Errorf("got %v, want %s", groups, want)
	}
	actual.Status = 500
	for _, g := range grouped(t, compare.DefaultConfig(), recorded, actual) {
		if got := g.Suggestion(); got != "" {
			t.Errorf("another status: %s", got)
		}
	}
}

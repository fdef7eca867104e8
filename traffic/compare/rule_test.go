package compare_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
)

func TestNewRefuses(t *testing.T) {
	tests := map[string]struct {
		config compare.Config
		want   []string
	}{
		"bad path": {
			compare.Config{Ignore: compare.Ignore{JSON: []string{"$.a["}}},
			[]string{"ignore.json $.a[: "},
		},
		"no dollar": {
			compare.Config{Match: map[string]compare.Matcher{"id": {Type: "uuid"}}},
			[]string{"match id: ", "starts with $"},
		},
		"root": {
			compare.Config{Ignore: compare.Ignore{JSON: []string{"$"}}},
			[]string{"ignore.json $: ", "silence"},
		},
		"all members":  {compare.Config{Ignore: compare.Ignore{JSON: []string{"$.*"}}}, []string{"silence"}},
		"all below":    {compare.Config{Ignore: compare.Ignore{JSON: []string{"$..*"}}}, []string{"silence"}},
		"all elements": {compare.Config{Ignore: compare.Ignore{JSON: []string{"$[*]"}}}, []string{"silence"}},
		"slice":        {compare.Config{Ignore: compare.Ignore{JSON: []string{"$[0:]"}}}, []string{"silence"}},
		"two levels":   {compare.Config{Ignore: compare.Ignore{JSON: []string{"$[*].*"}}}, []string{"silence"}},
		"all strings": {
			compare.Config{Match: map[string]compare.Matcher{"$..*": {Type: "string"}}},
			[]string{"match $..*: ", "silence"},
		},
		"bad regex": {
			compare.Config{Match: map[string]compare.Matcher{"$.a": {Regex: "("}}},
			[]string{"match $.a: ", "missing closing )"},
		},
		"bad matcher": {
			compare.Config{Match: map[string]compare.Matcher{"$.a": {Type: "date"}}},
			[]string{`unknown matcher "date"`},
		},
		"negative": {
			compare.Config{Tolerate: map[string]compare.Tolerance{"$.a": {Absolute: -1}}},
			[]string{"tolerate $.a: ", "not negative"},
		},
		"any share": {
			compare.Config{Tolerate: map[string]compare.Tolerance{"$.a": {Relative: 1}}},
			[]string{"tolerate $.a: ", "100%"},
		},
		"extra fields": {compare.Config{ExtraFields: "maybe"}, []string{`extra_fields "maybe"`}},
		"all at once": {
			compare.Config{
				Ignore:    compare.Ignore{JSON: []string{"$[", "$"}},
				Unordered: map[string]compare.Unordered{"x": {}},
			},
			[]string{"ignore.json $[: ", "ignore.json $: ", "unordered x: "},
		},
		"endpoint": {
			compare.Config{Endpoints: map[string]compare.Rules{
				"GET /": {Ignore: compare.Ignore{JSON: []string{"$"}}},
			}},
			[]string{`endpoints."GET /".ignore.json $: `},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := compare.New(tc.config)
			if err == nil || c != nil {
				t.Fatalf("New = %v, %v; want an error", c, err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestNewAcceptsNarrowWildcards(t *testing.T) {
	_, err := compare.New(compare.Config{
		Match:     map[string]compare.Matcher{"$..*": {Type: "datetime"}},
		Unordered: map[string]compare.Unordered{"$..*": {}},
		Tolerate:  map[string]compare.Tolerance{"$..*": {Relative: 0.01}},
		Ignore:    compare.Ignore{JSON: []string{"$.data.*", "$[*].ts", "$..[?@.secret]"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRulesCountTheirUse(t *testing.T) {
	c := newComparer(t, compare.Config{
		Ignore:    compare.Ignore{JSON: []string{"$..ts", "$.nowhere"}, Headers: []string{"Date", "X-None"}},
		Match:     map[string]compare.Matcher{"$.id": {Type: "uuid"}},
		Tolerate:  map[string]compare.Tolerance{"$.n": {Absolute: 1}},
		Unordered: map[string]compare.Unordered{"$.tags": {}, "$.off": {Off: true}},
		Endpoints: map[string]compare.Rules{
			"GET /b": {Ignore: compare.Ignore{JSON: []string{"$.b"}}, ExtraFields: compare.Allow},
		},
	})
	a := `{"id":"` + uuid1 + `","n":1,"ts":1,"x":[{"ts":2}],"tags":[1,2],"b":1}`
	b := `{"id":"` + uuid2 + `","n":2,"ts":9,"x":[{"ts":2}],"tags":[2,1],"b":2,"more":1}`
	for _, actual := range []string{a, b} {
		if o := c.Compare("GET /b", jsonResponse(a), jsonResponse(actual), nil); !o.OK() {
			t.Errorf("differs: %v", lines(o))
		}
	}
	general := c.Compare("GET /", jsonResponse(a), jsonResponse(b), nil)
	if want := []string{"value $.b 1 | 2", "extra $.more  | 1"}; !cmp.Equal(want, lines(general)) {
		t.Errorf("without the rules of the endpoint: %v, want %v", lines(general), want)
	}
	want := []compare.RuleUse{
		{Key: "ignore.json $..ts", Matched: 6, Excused: 2},
		{Key: "ignore.json $.nowhere"},
		{Key: "tolerate $.n", Matched: 3, Excused: 2},
		{Key: "match $.id", Matched: 3, Excused: 2},
		{Key: "unordered $.tags", Matched: 3, Excused: 2},
		{Key: "ignore.headers Date", Matched: 3},
		{Key: "ignore.headers X-None"},
		{Key: `endpoints."GET /b".ignore.json $.b`, Matched: 2, Excused: 1},
	}
	if d := cmp.Diff(want, c.Rules()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestEverythingIgnoredIsNotCompared(t *testing.T) {
	c := newComparer(t, compare.Config{Ignore: compare.Ignore{JSON: []string{"$.a", "$.b"}}})
	got := c.Compare("GET /", jsonResponse(`{"a":1,"b":2}`), jsonResponse(`{"a":3,"b":4}`), nil)
	if got.Compared || got.Fields != 0 || got.NotCompared != "the rules ignore every field of the body" {
		t.Errorf("got %+v", got)
	}
}

// A function of a filter meets an element that lacks the member: the filter does not hold there.
func TestFilterOnMissingMember(t *testing.T) {
	ignore := compare.Ignore{JSON: []string{"$.list[?match(@.k,'v')]"}}
	c, err := compare.New(compare.Config{Ignore: ignore, ExtraFields: compare.Fail})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(body string) *traffic.Response {
		h := http.Header{"Content-Type": {"application/json"}}
		return &traffic.Response{Status: 200, Header: h, Body: []byte(body)}
	}
	o := c.Compare("GET /", answer(`{"list":[{},{"k":"v","n":1}]}`), answer(`{"list":[{},{"k":"v","n":2}]}`), nil)
	if len(o.Differences) != 0 {
		t.Errorf("differences %v", o.Differences)
	}
}

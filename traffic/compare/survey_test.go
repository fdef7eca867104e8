package compare_test

import (
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
)

// answers gives each body once, with its endpoint before the first colon.
func answers(list ...string) iter.Seq2[string, *traffic.Response] {
	return func(yield func(string, *traffic.Response) bool) {
		for _, a := range list {
			endpoint, body, _ := strings.Cut(a, ":")
			if !yield(endpoint, jsonResponse(body)) {
				return
			}
		}
	}
}

func TestSurvey(t *testing.T) {
	ignore := func(paths ...string) compare.Config {
		return compare.Config{Ignore: compare.Ignore{JSON: paths}}
	}
	tests := map[string]struct {
		config  compare.Config
		wide    []string
		absent  []string
		unknown []string
	}{
		"one name of many":        {config: ignore("$..ts")},
		"a name that is nowhere":  {config: ignore("$..nothing")},
		"a named place is no net": {config: ignore("$.list")},
		"half is not more than half": {
			config: ignore("$.list[*].id", "$.list[*].n"),
		},
		"a name all over the place": {
			config: ignore("$..id", "$..n"),
			wide: []string{"nothing of a recorded answer of GET /b is compared, because of " +
				"ignore.json $..id, ignore.json $..n"},
		},
		"everything below": {
			config: ignore("$.list[*].*"),
			wide:   []string{"ignore.json $.list[*].* leaves out 6 of the 10 recorded fields (GET /a: 6)"},
		},
		"only at its endpoint": {
			config: compare.Config{Endpoints: map[string]compare.Rules{
				"GET /b": {Ignore: compare.Ignore{JSON: []string{"$['id','n']"}}},
			}},
			wide: []string{"nothing of a recorded answer of GET /b is compared, because of " +
				`endpoints."GET /b".ignore.json $['id','n']`},
		},
		"an endpoint of which there is no answer": {
			config:  compare.Config{Endpoints: map[string]compare.Rules{"GET /d": {ExtraFields: compare.Allow}}},
			unknown: []string{"GET /d"},
		},
		"headers": {
			config: compare.Config{Headers: []string{"Content-Type", "X-Nowhere"}}, absent: []string{"X-Nowhere"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newComparer(t, tt.config)
			got := c.Survey(answers(
				`GET /a:{"id":1,"ts":5,"list":[{"id":2,"n":1},{"id":3,"n":1},{"id":4,"n":2}]}`,
				`GET /b:{"id":5,"n":2}`, `GET /c:not JSON`,
			))
			if d := cmp.Diff(compare.Survey{Wide: tt.wide, Absent: tt.absent, Unknown: tt.unknown}, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			for _, use := range c.Rules() {
				if use.Matched > 0 {
					t.Errorf("a survey counts as use: %+v", use)
				}
			}
		})
	}
}

func TestExcuses(t *testing.T) {
	c := newComparer(t, compare.Config{
		Ignore: compare.Ignore{JSON: []string{"$..ts", "$.idle"}, Headers: []string{"Date"}},
		Match:  map[string]compare.Matcher{"$.id": {Type: "uuid"}},
	})
	for endpoint, bodies := range map[string][2]string{
		"GET /a": {`{"v":1,"ts":1,"x":{"ts":2}}`, `{"v":1,"ts":2,"x":{"ts":3}}`},
		"GET /b": {`{"v":1,"ts":1,"id":"` + uuid1 + `"}`, `{"v":1,"id":"` + uuid2 + `"}`},
		"GET /c": {`{"v":1,"ts":1}`, `{"v":2,"ts":1}`},
	} {
		c.Compare(endpoint, jsonResponse(bodies[0]), jsonResponse(bodies[1]), nil)
	}
	got := c.Excuses()
	want := []compare.Excuse{{Key: "ignore.json $..ts", Endpoints: map[string]int64{"GET /a": 2, "GET /b": 1}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("(-want +got):\n%s", d)
	}
	if got[0].Total() != 3 || got[0].String() != "GET /a: 2, GET /b: 1" {
		t.Errorf("%d in %s", got[0].Total(), got[0])
	}
}

func TestRegexMustConstrain(t *testing.T) {
	tests := map[string]struct {
		regex   string
		refused bool
	}{
		"anything": {".*", true}, "something": {".+", true}, "anchored": {"^.*$", true},
		"one character": {`\S`, true}, "maybe": {"x?", true}, "a word somewhere": {`[a-z0-9]*`, true},
		"alternatives": {`^(\d+|.*)$`, true}, "letters and digits": {"^[0-9A-Za-z]+$", false},
		"no blanks": {`^\S+$`, false}, "a prefix": {"^ord_", false}, "a length": {"^.{8}$", false},
		"a digit": {`\d`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := compare.New(compare.Config{Match: map[string]compare.Matcher{"$.a": {Regex: tt.regex}}})
			if refused := err != nil; refused != tt.refused {
				t.Errorf("%s: %v", tt.regex, err)
			}
		})
	}
}

package difftest

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRegexSample(t *testing.T) {
	for _, expr := range []string{
		"[a-z]+", `\d{1,3}`, "a|bc", "^abc.*$", "(?i)abc", `[^\s]+`, "/things/([^/]+)/parts", "x{0,2}y", "(a(b(c)?)+)*",
	} {
		t.Run(expr, func(t *testing.T) {
			if got := regexSample(expr); !regexp.MustCompile(`^(?:` + expr + `)$`).MatchString(got) {
				t.Errorf("%q does not match", got)
			}
		})
	}
	if got := regexSample("(?=java)"); got != "" {
		t.Errorf("an expression that Go does not read: got %q, want nothing", got)
	}
}

func TestDocumentFor(t *testing.T) {
	for expr, want := range map[string]string{
		"":                          `"v"`,
		".a.b":                      `{"a":{"b":"v"}}`,
		"['a'][0]":                  `{"a":["v"]}`,
		"..name":                    `{"deep":{"name":"v"}}`,
		".a[*].b":                   `{"a":[{"b":"v"}]}`,
		".a.length()":               `{"a":"v"}`,
		".l[?(@.k == 'x')].n":       `{"l":[{"decoy":true},{"k":"x","n":"v","other":1}]}`,
		".l[?(@.n > 3)]":            `{"l":[{"decoy":true},{"n":3,"other":1}]}`,
		".l[?(@.k =~ /ab./i)].n":    `{"l":[{"decoy":true},{"k":"abk","n":"v","other":1}]}`,
		".*":                        `{"any":"v"}`,
		".a[-1]":                    `{"a":["v"]}`,
		".deep_er.with-dash['x y']": `{"deep_er":{"with-dash":{"x y":"v"}}}`,
	} {
		t.Run(expr, func(t *testing.T) {
			if diff := cmp.Diff(want, documentFor(expr, `"v"`)); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGeneratorRepeatsItself(t *testing.T) {
	draw := func(seed uint64) *Case {
		g := &Generator{Rand: rand.New(rand.NewPCG(seed, 0)), Now: time.Unix(1_700_000_000, 0).UTC()}
		for range 20 {
			g.Case("skipped")
		}
		return g.Case("kept")
	}
	if diff := cmp.Diff(draw(7), draw(7)); diff != "" {
		t.Errorf("the same seed (-first +second):\n%s", diff)
	}
	if cmp.Equal(draw(7), draw(8)) {
		t.Error("another seed gives the same case")
	}
}

func TestFirstRequestIsMeantToMatch(t *testing.T) {
	var mapping map[string]any
	if err := decode([]byte(`{"request": {"method": "PUT", "urlPathTemplate": "/t/{id}",
		"pathParameters": {"id": {"equalTo": "5"}},
		"queryParameters": {"q": {"includes": [{"equalTo": "a"}, {"contains": "b"}]}},
		"headers": {"X-A": {"matches": "[a-c]+"}}, "cookies": {"s": {"equalTo": "v"}},
		"bodyPatterns": [{"equalToJson": "{\"n\":\"${json-unit.any-number}\"}"}]}}`), &mapping); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 0))
	got := sampler{}.requestsFor(r, mapping, 30)
	want := Request{
		Method: "PUT", Target: "/t/5?q=a&q=abb",
		Header: [][2]string{{"X-A", "cc"}, {"Cookie", "s=v"}}, Body: `{"n":42}`,
	}
	got[0].Header[0][1] = regexp.MustCompile("^[a-c]+$").ReplaceAllString(got[0].Header[0][1], "cc")
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("first request (-want +got):\n%s", diff)
	}
	if len(got) != 30 {
		t.Errorf("%d requests, want 30", len(got))
	}
}

func TestDiffer(t *testing.T) {
	base := Answer{Matched: true, Status: 200, Reason: "OK", Header: http.Header{"X-A": {"1"}}, Body: "b"}
	c := &Case{Mappings: []map[string]any{{"response": map[string]any{"statusMessage": "Fine"}}}}
	for name, tc := range map[string]struct {
		change func(a *Answer)
		want   string
	}{
		"alike":             {func(*Answer) {}, ""},
		"matched":           {func(a *Answer) { a.Matched = false }, "matched"},
		"status":            {func(a *Answer) { a.Status = 201 }, "status"},
		"broken":            {func(a *Answer) { a.Broken = true }, "broken"},
		"reason of a stub":  {func(a *Answer) { a.Reason = "Fine" }, "reason"},
		"the server's own":  {func(a *Answer) { a.Reason = "Okay" }, ""},
		"header value":      {func(a *Answer) { a.Header = http.Header{"X-A": {"2"}} }, "header.X-A"},
		"connection header": {func(a *Answer) { a.Header = http.Header{"X-A": {"1"}, "Date": {"now"}} }, ""},
		"body":              {func(a *Answer) { a.Body = "c" }, "body"},
	} {
		t.Run(name, func(t *testing.T) {
			other := base
			tc.change(&other)
			if got := differ(c, &base, &other); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	random := &Case{Mappings: []map[string]any{{"response": map[string]any{"body": "{{randomValue length=3}}"}}}}
	other := base
	other.Body = "another"
	if got := differ(random, &base, &other); got != "" {
		t.Errorf("a random body: got %q, want no difference", got)
	}
}

// scripted answers by a function of the mappings and the request.
type scripted struct {
	loaded *Case
	match  func(c *Case, r *Request) bool
}

func (s *scripted) Load(_ context.Context, c *Case) error {
	s.loaded = c
	return nil
}

func (s *scripted) Do(_ context.Context, r *Request) (*Answer, error) {
	return &Answer{Matched: s.match(s.loaded, r), Status: 200}, nil
}

func TestShrink(t *testing.T) {
	asks := func(c *Case) bool {
		for _, m := range c.Mappings {
			if object(object(m["request"])["headers"])["X-A"] != nil {
				return true
			}
		}
		return false
	}
	pair := Pair{
		Java: &scripted{match: func(c *Case, r *Request) bool { return asks(c) && r.has("X-A") }},
		Ours: &scripted{match: func(*Case, *Request) bool { return false }},
	}
	c := &Case{Name: "c"}
	err := decode([]byte(`[{"request": {"url": "/other"}, "response": {}}, {"priority": 2, "request": {"url": "/a",
		"headers": {"X-A": {"equalTo": "1"}, "X-B": {"equalTo": "2"}}}, "response": {"body": "x"}}]`), &c.Mappings)
	if err != nil {
		t.Fatal(err)
	}
	c.Requests = []Request{
		{Method: "GET", Target: "/"},
		{Method: "POST", Target: "/a", Header: [][2]string{{"X-B", "2"}, {"X-A", "1"}}, Body: "text"},
	}
	f, err := pair.Run(t.Context(), c)
	if err != nil || len(f.Disagreements) != 1 || f.Agreed != 1 {
		t.Fatalf("got %+v, %v; want one disagreement and one agreement", f, err)
	}
	small := pair.Shrink(t.Context(), f.Disagreements[0], 200).Case
	want := &Case{
		Name: "c",
		Mappings: []map[string]any{{
			"request": map[string]any{"headers": map[string]any{"X-A": map[string]any{}}}, "response": map[string]any{},
		}},
		Requests: []Request{{Method: "GET", Target: "/a", Header: [][2]string{{"X-A", "1"}}}},
	}
	if diff := cmp.Diff(want, small); diff != "" {
		t.Errorf("shrunk (-want +got):\n%s", diff)
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{
		"a/mappings/one.json": `{"request": {"url": "/"},
			"response": {"bodyFileName": "b.txt", "fixedDelayMilliseconds": 9000}}`,
		"a/__files/b.txt":    "content",
		"two.json":           `{"mappings": [{"request": {}, "response": {"proxyBaseUrl": "http://elsewhere.test/base"}}]}`,
		"not-a-mapping.json": `{"title": "x"}`,
		"broken.json":        `{`,
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g := &Generator{Rand: rand.New(rand.NewPCG(1, 0))}
	cases, err := g.Folder(dir, "http://127.0.0.1:1")
	if err != nil || len(cases) != 2 {
		t.Fatalf("got %d cases, %v; want 2", len(cases), err)
	}
	one, two := cases[0], cases[1]
	delay := object(one.Mappings[0]["response"])["fixedDelayMilliseconds"]
	if delay != nil || string(one.Files["b.txt"]) != "content" {
		t.Errorf("first case: delay %v and file %q, want no delay and the content", delay, one.Files["b.txt"])
	}
	if got := object(two.Mappings[0]["response"])["proxyBaseUrl"]; got != "http://127.0.0.1:1/base" {
		t.Errorf("second case: proxied to %v", got)
	}
	if len(one.Requests) == 0 || one.Mappings[0]["id"] == nil {
		t.Errorf("first case has %d requests and ID %v", len(one.Requests), one.Mappings[0]["id"])
	}
}

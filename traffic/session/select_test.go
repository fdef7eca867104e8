package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
)

// apply makes a set of what is selected.
func apply(s Select, records []*traffic.Record, seed uint64) *traffic.Set {
	sieve := s.Sieve(seed)
	var kept []*traffic.Record
	for _, r := range traffic.Sorted(records) {
		if s.Keep(r) && sieve.Take(r.Session) {
			kept = append(kept, r)
		}
	}
	return traffic.NewSet(kept)
}

func TestSelectApply(t *testing.T) {
	tests := map[string]struct {
		change func(*Select)
		want   string
	}{
		"all":           {func(*Select) {}, "0 1 2 3 4 5"},
		"since":         {func(s *Select) { s.Since = time.Unix(4, 0) }, "4 5"},
		"until":         {func(s *Select) { s.Until = time.Unix(2, 0) }, "0 1"},
		"limit":         {func(s *Select) { s.Limit = 3 }, "0 1 2"},
		"limit above":   {func(s *Select) { s.Limit = 30 }, "0 1 2 3 4 5"},
		"method":        {func(s *Select) { s.Methods = []string{"post"} }, "1 3"},
		"endpoint":      {func(s *Select) { s.Endpoints = []string{"GET /orders/*"} }, "2 4"},
		"two endpoints": {func(s *Select) { s.Endpoints = []string{"GET /orders/*", "/health"} }, "0 2 4"},
		"together":      {func(s *Select) { s.Methods, s.Limit = []string{"GET"}, 2 }, "0 2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var m made
			m.add("/health", "")
			m.add("/orders", "").Request.Method = "POST"
			m.add("/orders/1?x=/a/b", "")
			m.add("/orders", "").Request.Method = "POST"
			m.add("/orders/2", "")
			m.add("/orders/2/items", "")
			m.add("/out", "").Direction = traffic.Outbound
			s := DefaultSelect()
			test.change(&s)
			if err := s.Validate(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range apply(s, m, 1).Records() {
				got = append(got, r.ID)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSampleTakesWholeSessions(t *testing.T) {
	var m made
	for i := range 4000 {
		m.add("/", "").Session = fmt.Sprintf("user-%d", i%2000)
	}
	s := Select{Sample: 0.1}
	first, again, other := apply(s, m, 1), apply(s, m, 1), apply(s, m, 2)
	if n := len(first.Sessions); n < 150 || n > 250 {
		t.Errorf("10%% of 2000 sessions are %d", n)
	}
	for _, session := range first.Sessions {
		if len(session.Records) != 2 {
			t.Errorf("session %s has %d records", session.Key, len(session.Records))
		}
	}
	if !cmp.Equal(first, again) || cmp.Equal(first, other) {
		t.Error("the sample does not follow the seed")
	}
}

func TestSelectValidate(t *testing.T) {
	bad := Select{
		Sample: 2, Limit: -1, Since: time.Unix(2, 0), Until: time.Unix(1, 0),
		Endpoints: []string{"orders", "GET /[", "/ok/**"},
	}
	err := bad.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"sample is 200%", "limit is -1", "is not before until", `endpoint is "orders"`, `endpoint is "GET /["`,
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got %q", lines)
	}
	for i, line := range lines {
		if !strings.Contains(line, want[i]) {
			t.Errorf("got %q, want %q", line, want[i])
		}
	}
}

func TestEndpointMatches(t *testing.T) {
	tests := map[string]struct {
		pattern, target string
		want            bool
	}{
		"exact":             {"GET /orders", "/orders?a=b", true},
		"other method":      {"POST /orders", "/orders", false},
		"any method":        {"* /orders", "/orders", true},
		"one segment":       {"/orders/*", "/orders/1", true},
		"not two segments":  {"/orders/*", "/orders/1/items", false},
		"templated":         {"GET /orders/{id}", "/orders/17", true},
		"any rest":          {"/orders/**", "/orders/1/items", true},
		"any rest, none":    {"/orders/**", "/orders", true},
		"any rest of other": {"/orders/**", "/ordersx/1", false},
		"star then rest":    {"/*/items/**", "/a/items/b/c", true},
		"star then rest no": {"/*/items/**", "/a/b/items/c", false},
		"everything":        {"/**", "/a/b", true},
		"absolute target":   {"/orders/*", "http://h/orders/1", true},
		"escaped":           {"/a b", "/a%20b", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := endpointMatches(test.pattern, &traffic.Request{Method: "GET", URL: test.target})
			if got != test.want {
				t.Errorf("%q on %q: got %v", test.pattern, test.target, got)
			}
		})
	}
}

func TestConfigsDecode(t *testing.T) {
	type settings struct {
		Session Config `yaml:"session"`
		Select  Select `yaml:"select"`
	}
	const text = `
session: {jwt_claim: sub}
select: {since: 2026-11-01T00:00:00Z, limit: 5, sample: 10%, methods: [GET], endpoints: ["GET /orders/*"]}
`
	doc, ds := spec.Parse("p.yaml", []byte(text), spec.Options{})
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	got := settings{Select: DefaultSelect()}
	if err := spec.Decode(doc.Root, &got).Err(); err != nil {
		t.Fatal(err)
	}
	want := settings{Config{JWTClaim: "sub"}, Select{
		Since: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Limit: 5, Sample: 0.1,
		Methods: []string{"GET"}, Endpoints: []string{"GET /orders/*"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

package traffic

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at makes a record of a session at a second.
func at(session string, second int) *Record {
	return &Record{
		ID: fmt.Sprintf("%s%d", session, second), Session: session, Direction: Inbound,
		Time:    time.Unix(int64(second), 0).UTC(),
		Request: &Request{Method: "GET", URL: fmt.Sprintf("/orders/%d?a=b", second)},
	}
}

func ids(s *Set) map[string][]string {
	out := make(map[string][]string)
	for _, session := range s.Sessions {
		for _, r := range session.Records {
			out[session.Key] = append(out[session.Key], r.ID)
		}
	}
	return out
}

func keys(s *Set) []string {
	var out []string
	for _, session := range s.Sessions {
		out = append(out, session.Key)
	}
	return out
}

func sample() *Set {
	return NewSet([]*Record{at("b", 5), at("a", 3), at("b", 2), at("c", 1), at("a", 9), at("c", 1)})
}

func TestNewSetGroupsInOrder(t *testing.T) {
	set := sample()
	if diff := cmp.Diff([]string{"c", "b", "a"}, keys(set)); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	want := map[string][]string{"a": {"a3", "a9"}, "b": {"b2", "b5"}, "c": {"c1", "c1"}}
	if diff := cmp.Diff(want, ids(set)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if set.Len() != 6 || len(set.Records()) != 6 || !set.Sessions[1].Start.Equal(time.Unix(2, 0)) {
		t.Errorf("len %d, start %v", set.Len(), set.Sessions[1].Start)
	}
	if diff := cmp.Diff(map[string]int{"GET /orders/{id}": 6}, set.Endpoints()); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
}

func TestCanary(t *testing.T) {
	tests := map[string]struct {
		n            int
		canary, rest []string
	}{
		"none":          {0, nil, []string{"c", "b", "a"}},
		"negative":      {-1, nil, []string{"c", "b", "a"}},
		"part of one":   {1, []string{"c"}, []string{"b", "a"}},
		"exactly one":   {2, []string{"c"}, []string{"b", "a"}},
		"into the next": {3, []string{"c", "b"}, []string{"a"}},
		"more than all": {99, []string{"c", "b", "a"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			canary, rest := sample().Canary(test.n)
			if diff := cmp.Diff([][]string{test.canary, test.rest}, [][]string{keys(canary), keys(rest)}); diff != "" {
				t.Errorf("split (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHash(t *testing.T) {
	base := sample().Hash()
	if len(base) != 64 {
		t.Fatalf("hash is %q", base)
	}
	regrouped := sample()
	regrouped.Sessions[0], regrouped.Sessions[2] = regrouped.Sessions[2], regrouped.Sessions[0]
	if regrouped.Hash() != base {
		t.Error("the order of sessions changed the hash")
	}
	changes := map[string]func(*Record){
		"id":     func(r *Record) { r.ID += "x" },
		"method": func(r *Record) { r.Request.Method = "PUT" },
		"url":    func(r *Record) { r.Request.URL += "x" },
		"body":   func(r *Record) { r.Request.Body = []byte("x") },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			set := sample()
			change(set.Sessions[1].Records[0])
			if set.Hash() == base {
				t.Error("the hash did not change")
			}
		})
	}
}

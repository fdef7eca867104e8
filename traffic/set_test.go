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
}

// digest is the fingerprint of a set.
func digest(s *Set) string {
	var d Digest
	for _, r := range s.Records() {
		d.Add(DigestOf(r))
	}
	return d.String()
}

func TestDigest(t *testing.T) {
	base := digest(sample())
	if len(base) != 64 {
		t.Fatalf("hash is %q", base)
	}
	regrouped := sample()
	regrouped.Sessions[0], regrouped.Sessions[2] = regrouped.Sessions[2], regrouped.Sessions[0]
	if digest(regrouped) != base {
		t.Error("the order of sessions changed the hash")
	}
	twice := sample()
	twice.Sessions = append(twice.Sessions, twice.Sessions[0])
	if digest(twice) == base {
		t.Error("records that come twice do not change the hash")
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
			if digest(set) == base {
				t.Error("the hash did not change")
			}
		})
	}
}

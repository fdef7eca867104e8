package verify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic/replay"
)

// TestRetrace sends a session up to one of its records, with the values that the service issues.
func TestRetrace(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/new":
			fmt.Fprint(w, `{"id":"ord_9z8y7x6w5v"}`)
		case "/orders/ord_9z8y7x6w5v":
			fmt.Fprint(w, `{"id":"ord_9z8y7x6w5v","total":2}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	first := exchange("1", "/new", 200, `{"id":"ord_1a2b3c4d5e"}`)
	second := exchange("2", "/orders/ord_1a2b3c4d5e", 200, `{"id":"ord_1a2b3c4d5e","total":1}`)
	third := exchange("3", "/later", 200, `{}`)
	plan, _, ds := load(t, capture(t, first, second, third), simple)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	at, ok, err := plan.Find("2")
	if !ok || err != nil || at.Index != 1 {
		t.Fatalf("found %+v, %v", at, ok)
	}
	if _, ok, _ := plan.Find("4"); ok {
		t.Error("found a record that is not there")
	}
	before := 0
	s := &stage{}
	list, err := plan.Retrace(t.Context(), s.env(server.URL), at, func() { before = len(asked) })
	if err != nil || len(list) != 2 {
		t.Fatalf("%d exchanges, %v", len(list), err)
	}
	if diff := cmp.Diff([]string{"/new", "/orders/ord_9z8y7x6w5v"}, asked); diff != "" || before != 1 {
		t.Errorf("asked %d before the last; -want +got:\n%s", before, diff)
	}
	if !list[0].Matched() || list[1].Matched() || list[1].Bucket != replay.Differed {
		t.Errorf("outcomes %+v, %+v", list[0].Outcome, list[1].Outcome)
	}
	if d := list[1].Outcome.Differences; len(d) != 1 || d[0].Path != "$.total" {
		t.Errorf("differences %+v", d)
	}
	if diff := cmp.Diff([]string{"1", "2"}, s.played); diff != "" {
		t.Errorf("played: %s", diff)
	}
}

func TestRetraceWithoutAnAnswer(t *testing.T) {
	plan, _, ds := load(t, capture(t, exchange("1", "/a", 200, `{}`)), simple)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	at, _, _ := plan.Find("1")
	list, err := plan.Retrace(t.Context(), (&stage{}).env("http://127.0.0.1:1"), at, nil)
	if err != nil || len(list) != 1 || list[0].Matched() || list[0].Bucket != replay.TransportError {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := plan.Retrace(t.Context(), (&stage{}).env("nonsense"), at, nil); err == nil {
		t.Error("a target that is no URL was taken")
	}
}

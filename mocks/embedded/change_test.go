package embedded_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

func parse(t *testing.T, mappings string) []*mocks.Stub {
	t.Helper()
	stubs, err := mocks.ParseStubs("test.json", []byte(mappings))
	if err != nil {
		t.Fatal(err)
	}
	return stubs
}

func open(t *testing.T, p embedded.Provider, mappings string) *embedded.Server {
	t.Helper()
	plan := &mocks.Plan{Name: "test", Miss: mocks.Miss{Status: 404}}
	if mappings != "" {
		plan.Stubs = parse(t, mappings)
	}
	s, err := p.Open(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func text(t *testing.T, s mocks.Server, target string) string {
	t.Helper()
	resp, body := do(t, request(t, "GET", s.URL()+target, nil))
	if resp.StatusCode == http.StatusNotFound {
		return "miss"
	}
	return body
}

func TestStubsChangeWhileServing(t *testing.T) {
	s := open(t, embedded.Provider{}, `{"id": "1", "request": {"url": "/a"}, "response": {"body": "loaded"}}`)
	stub := func(id, url, body string) *mocks.Stub {
		return parse(t, fmt.Sprintf(`{"id": %q, "request": {"url": %q}, "response": {"body": %q}}`, id, url, body))[0]
	}
	got := []string{text(t, s, "/a")}
	if err := s.Add(stub("2", "/a", "newer")); err != nil {
		t.Fatal(err)
	}
	got = append(got, text(t, s, "/a"))
	if known, err := s.Edit(stub("1", "/a", "edited, still older")); err != nil || !known {
		t.Fatal(known, err)
	}
	got = append(got, text(t, s, "/a"))
	if !s.Remove("2") || s.Remove("2") {
		t.Fatal("the stub is there once")
	}
	got = append(got, text(t, s, "/a"))
	s.RemoveWhere(func(*mocks.Stub) bool { return true })
	got = append(got, text(t, s, "/a"))
	if known, err := s.Edit(stub("9", "/a", "x")); err != nil || known {
		t.Fatal(known, err)
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	got = append(got, text(t, s, "/a"))
	want := []string{"loaded", "newer", "newer", "edited, still older", "miss", "loaded"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if j := s.Journal(); j.Matched != 1 || j.Hits["1"] != 1 {
		t.Errorf("the journal after a reset: %+v", j)
	}
}

// Changing and asking at the same time loses no request and no count.
func TestChangesUnderLoad(t *testing.T) {
	s := open(t, embedded.Provider{}, `{"id": "fix", "request": {"url": "/fix"}, "response": {"body": "x"}}`)
	const rounds = 60
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range rounds {
			id := fmt.Sprint("s", i)
			stub := parse(t, fmt.Sprintf(`{"id": %q, "request": {"url": "/%s"}, "response": {}}`, id, id))
			if err := s.Add(stub...); err != nil {
				t.Error(err)
			}
			if i%2 == 0 {
				s.Remove(id)
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			for range rounds {
				if text(t, s, "/fix") != "x" {
					t.Error("the stub that stays was not found")
				}
			}
		})
	}
	wg.Wait()
	if j := s.Journal(); j.Hits["fix"] != 2*rounds || len(s.Stubs()) != 1+rounds/2 {
		t.Errorf("%d hits, %d stubs", j.Hits["fix"], len(s.Stubs()))
	}
}

func TestScenariosAreSeenAndSet(t *testing.T) {
	s := open(t, embedded.Provider{}, `{"mappings": [
		{"id": "1", "scenarioName": "s", "requiredScenarioState": "Started", "newScenarioState": "two",
		 "request": {"url": "/s"}, "response": {"body": "1"}},
		{"id": "2", "scenarioName": "s", "requiredScenarioState": "two",
		 "request": {"url": "/s"}, "response": {"body": "2"}}]}`)
	text(t, s, "/s")
	all := s.Scenarios()
	if len(all) != 1 || all[0].State != "two" || !cmp.Equal(all[0].States, []string{"Started", "two"}) {
		t.Fatalf("got %+v", all)
	}
	if err := s.SetState("s", mocks.Started); err != nil || text(t, s, "/s") != "1" {
		t.Errorf("set to its start: %v", err)
	}
	if s.SetState("s", "three") == nil || s.SetState("t", "two") == nil {
		t.Error("a state and a scenario that nobody has were accepted")
	}
	s.ResetScenarios()
	if text(t, s, "/s") != "1" {
		t.Error("it was not reset")
	}
	s.RemoveWhere(func(*mocks.Stub) bool { return true })
	if len(s.Scenarios()) != 0 {
		t.Error("a scenario without stubs is left")
	}
}

func TestRequestLogIsBounded(t *testing.T) {
	s := open(t, embedded.Provider{Log: 3}, `{"request": {"url": "/a"}, "response": {"body": "x"}}`)
	for i := range 5 {
		text(t, s, fmt.Sprintf("/a?n=%d", i))
	}
	text(t, s, "/a")
	events, forgotten := s.Events()
	if len(events) != 3 || forgotten != 3 || events[0].Request.URL != "/a?n=3" || events[2].Stub == nil ||
		events[0].Stub != nil || string(events[2].Body) != "x" || events[0].ID == events[1].ID {
		t.Errorf("got %d events, %d forgotten: %+v", len(events), forgotten, events)
	}
	if j := s.Journal(); j.Requests != 6 {
		t.Errorf("counted %d, want all 6", j.Requests)
	}
	if gone := s.RemoveEvents(func(e *embedded.Event) bool { return e.Stub == nil }); len(gone) != 2 {
		t.Errorf("removed %d", len(gone))
	}
	none := open(t, embedded.Provider{Log: -1}, "")
	text(t, none, "/a")
	if events, _ := none.Events(); len(events) != 0 {
		t.Error("a log that was turned off remembers")
	}
}

func TestGlobalDelay(t *testing.T) {
	s := open(t, embedded.Provider{}, `{"mappings": [
		{"request": {"url": "/a"}, "response": {}},
		{"request": {"url": "/own"}, "response": {"fixedDelayMilliseconds": 1}}]}`)
	s.SetSettings(embedded.Settings{FixedDelay: 80})
	for target, slow := range map[string]bool{"/a": true, "/own": false} {
		begin := time.Now()
		text(t, s, target)
		if took := time.Since(begin); (took >= 80*time.Millisecond) != slow {
			t.Errorf("%s took %s", target, took)
		}
	}
}

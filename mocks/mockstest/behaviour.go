package mockstest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

// Record is a table entry for tests: an outbound exchange with a JSON request and answer.
func Record(id, method, target, body string, status int, answer string) *traffic.Record {
	header := http.Header{"Content-Type": {"application/json"}}
	return &traffic.Record{
		ID: id, Direction: traffic.Outbound, Protocol: traffic.HTTP,
		Request:  &traffic.Request{Method: method, URL: target, Header: header.Clone(), Body: []byte(body)},
		Response: &traffic.Response{Status: status, Header: header.Clone(), Body: []byte(answer)},
	}
}

// steps is a scenario of n steps behind one URL; the last one stays.
func steps(n int) string {
	var list []string
	for i := range n {
		required, next := mocks.Started, ""
		if i > 0 {
			required = fmt.Sprint("step ", i+1)
		}
		if i+1 < n {
			next = fmt.Sprintf(`, "newScenarioState": "step %d"`, i+2)
		}
		list = append(list, fmt.Sprintf(`{"scenarioName": "s", "requiredScenarioState": %q%s,
			"request": {"method": "GET", "url": "/s"}, "response": {"body": "%d"}}`, required, next, i+1))
	}
	return `{"mappings": [` + strings.Join(list, ",") + `]}`
}

func scenarioOrder(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, steps(3))
	var got []string
	for range 5 {
		got = append(got, call{target: "/s"}.do(t, s).body)
	}
	if diff := cmp.Diff([]string{"1", "2", "3", "3", "3"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func concurrentScenario(t *testing.T, p mocks.Provider) {
	t.Helper()
	const clients = 50
	s := start(t, p, steps(clients))
	got := together(t, clients, func(int) reply { return call{target: "/s"}.must(t, s) })
	var bodies []string
	for _, r := range got {
		bodies = append(bodies, r.body)
	}
	slices.Sort(bodies)
	if unique := len(slices.Compact(bodies)); unique != clients {
		t.Errorf("%d clients saw %d different steps; each step has to be served exactly once", clients, unique)
	}
}

// must reports an error without ending the test, so that it may run beside others.
func (c call) must(t *testing.T, s mocks.Server) reply {
	t.Helper()
	r, err := c.try(t, s)
	if err != nil {
		t.Error(err)
	}
	return r
}

// together runs n calls at the same time.
func together(t *testing.T, n int, do func(i int) reply) []reply {
	t.Helper()
	got := make([]reply, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { got[i] = do(i) })
	}
	wg.Wait()
	return got
}

func misses(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, `{"mappings": [
		{"name": "charge", "request": {"method": "POST", "url": "/charges",
		 "bodyPatterns": [{"equalToJson": {"amount": 20, "currency": "EUR"}}]}, "response": {}},
		{"name": "students", "request": {"method": "GET", "url": "/students?id=1"}, "response": {}}
	]}`)
	wrong := call{method: http.MethodPost, target: "/charges", body: `{"amount":21,"currency":"EUR"}`}
	for range 2 {
		r := wrong.do(t, s)
		if r.status != mocks.DefaultMissStatus || r.header.Get(mocks.MissHeader) != "1" {
			t.Errorf("miss: got %d %v", r.status, r.header)
		}
	}
	call{target: "/students?id=20"}.do(t, s)
	j := s.Journal()
	if len(j.Misses) != 2 || j.Misses[0].Count != 2 || j.Misses[1].Count != 1 || j.Unmatched != 3 {
		t.Fatalf("misses: got %+v", j.Misses)
	}
	for i, want := range []struct{ stub, where string }{{"charge", "$.amount"}, {"students", "query.id"}} {
		m := j.Misses[i]
		if len(m.Nearest) == 0 || m.Nearest[0].Stub.Name != want.stub ||
			len(m.Nearest[0].Differences) != 1 || m.Nearest[0].Differences[0].Where != want.where {
			t.Errorf("miss %d: nearest %+v, want %s with a difference in %s", i, m.Nearest, want.stub, want.where)
		}
		if m.Candidate == nil || m.Candidate.Response.Code() != http.StatusNotImplemented {
			t.Errorf("miss %d: candidate %+v", i, m.Candidate)
			continue
		}
		if c := serve(t, p, []*mocks.Stub{m.Candidate}); i == 0 && wrong.do(t, c).status != 501 {
			t.Error("the candidate does not match the request it was made from")
		}
	}
}

func journal(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, `{"id": "5f7a3c7e-0000-4000-8000-000000000001",
		"request": {"url": "/a"}, "response": {}}`)
	const clients, each = 20, 10
	together(t, clients, func(i int) reply {
		for n := range each {
			target := "/a"
			if n%2 == 1 {
				target = fmt.Sprintf("/miss/%d", i)
			}
			call{target: target}.must(t, s)
		}
		return reply{}
	})
	j := s.Journal()
	half := int64(clients * each / 2)
	if j.Requests != 2*half || j.Matched != half || j.Unmatched != half {
		t.Errorf("got %d requests, %d matched, %d unmatched", j.Requests, j.Matched, j.Unmatched)
	}
	if n := j.Hits["5f7a3c7e-0000-4000-8000-000000000001"]; n != half || len(j.Hits) != 1 {
		t.Errorf("hits: got %v", j.Hits)
	}
	if int64(len(j.Latencies)) != half || len(j.Misses) != clients {
		t.Errorf("got %d latencies and %d distinct misses", len(j.Latencies), len(j.Misses))
	}
}

func rewind(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, steps(2))
	for range 2 {
		for _, want := range []string{"1", "2"} {
			if got := (call{target: "/s"}).do(t, s).body; got != want {
				t.Errorf("got step %s, want %s", got, want)
			}
		}
		call{target: "/miss"}.do(t, s)
		if j := s.Journal(); j.Requests != 3 || j.Unmatched != 1 {
			t.Errorf("got %d requests, %d unmatched", j.Requests, j.Unmatched)
		}
		if err := s.Rewind(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(mocks.Journal{}, s.Journal(), cmp.Comparer(sameEmpty)); diff != "" {
			t.Errorf("journal after a rewind (-want +got):\n%s", diff)
		}
	}
}

func sameEmpty(a, b map[string]int64) bool { return len(a) == len(b) }

func ownRecording(t *testing.T, p mocks.Provider) {
	t.Helper()
	rec, err := mocks.FromTraffic([]*traffic.Record{
		Record("1", "POST", "/charges", `{"amount":20,"request_id":"a"}`, 201, `{"id":1}`),
		Record("2", "POST", "/charges", `{"request_id":"b","amount":20.0}`, 409, `{"error":"again"}`),
		Record("3", "GET", "/items?page=1&size=2", ``, 200, `[1]`),
		Record("4", "GET", "/items?size=2&page=3&page=2", ``, 200, `[2]`),
		Record("5", "POST", "/charges", `{"amount":20,"request_id":"c"}`, 409, `{"error":"again"}`),
	}, mocks.Match{Ignore: mocks.Ignore{JSON: []string{"$.request_id"}}, Repeat: mocks.RepeatLast})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, p, rec.Stubs)
	c, err := mocks.SelfCheck(t.Context(), s.URL(), rec.Exchanges)
	if err != nil {
		t.Fatal(err)
	}
	if c.Rate != 1 || c.Requests != 5 || len(c.Latencies) != 5 {
		t.Errorf("self-check: %+v", c)
	}
	call{method: http.MethodPost, target: "/charges", body: `{"amount":21,"request_id":"a"}`}.do(t, s)
	if j := s.Journal(); j.Matched != 5 || j.Unmatched != 1 {
		t.Errorf("another amount was answered: %d matched, %d unmatched", j.Matched, j.Unmatched)
	}
}

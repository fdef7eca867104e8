package mockstest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
		plan := &mocks.Plan{Name: fmt.Sprint("candidate ", i), Stubs: []*mocks.Stub{m.Candidate}}
		if c := servePlan(t, p, plan); i == 0 && wrong.do(t, c).status != 501 {
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

// missStatus wants the status of the plan for a miss, and repeated headers told whole.
func missStatus(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := servePlan(t, p, &mocks.Plan{Name: "suite", Miss: mocks.Miss{Status: 501}})
	asked := call{method: http.MethodPut, target: "/a?b=%20c", body: "\x00\xff", headers: []string{"X-A: 1", "X-A: 2"}}
	if got := asked.do(t, s); got.status != 501 || got.header.Get(mocks.MissHeader) == "" {
		t.Errorf("got %d %v, want 501", got.status, got.header)
	}
	j := s.Journal()
	if len(j.Misses) != 1 {
		t.Fatalf("got %d misses, want 1", len(j.Misses))
	}
	m := j.Misses[0]
	got := []string{m.Request.Method, m.Request.URL, string(m.Request.Body)}
	if diff := cmp.Diff([]string{asked.method, asked.target, asked.body}, got); diff != "" {
		t.Errorf("the miss (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1", "2"}, m.Request.Header["X-A"]); diff != "" {
		t.Errorf("its header (-want +got):\n%s", diff)
	}
	if m.Request.Host == "" || time.Since(m.Time).Abs() > time.Minute || len(m.Nearest) > 0 {
		t.Errorf("got host %q, time %s, nearest %v", m.Request.Host, m.Time, m.Nearest)
	}
}

// journalOfMany wants counts that stay exact when there are more requests than anyone keeps.
func journalOfMany(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, `{"mappings": [
		{"id": "5f7a3c7e-0000-4000-8000-000000000001", "request": {"url": "/a"}, "response": {"body": "a"}},
		{"id": "5f7a3c7e-0000-4000-8000-000000000002", "request": {"url": "/b"}, "response": {"body": "b"}}
	]}`)
	const clients, each = 10, 600
	together(t, clients, func(int) reply {
		for n := range each {
			call{target: [...]string{"/a", "/b", "/c"}[n%3]}.must(t, s)
		}
		return reply{}
	})
	const third = clients * each / 3
	want := mocks.Journal{
		Requests: 3 * third, Matched: 2 * third, Unmatched: third,
		Hits: map[string]int64{
			"5f7a3c7e-0000-4000-8000-000000000001": third, "5f7a3c7e-0000-4000-8000-000000000002": third,
		},
	}
	j := s.Journal()
	if len(j.Misses) != 1 || j.Misses[0].Count != third {
		t.Errorf("misses: got %+v", j.Misses)
	}
	j.Misses, j.Latencies = nil, nil
	if diff := cmp.Diff(want, j); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

// exactQuery wants a recorded query as it was recorded: no parameter more, none less, no value more.
func exactQuery(t *testing.T, p mocks.Provider) {
	t.Helper()
	rec, err := mocks.FromTraffic([]*traffic.Record{
		Record("1", "GET", "/items?page=1&size%5B%5D=2", ``, 200, `1`),
		Record("2", "GET", "/items?page=1&size%5B%5D=2&sort=a+b", ``, 200, `2`),
		Record("3", "GET", "/items?tag=a&tag=b", ``, 200, `3`),
		Record("4", "GET", "/items?page=1", ``, 200, `4`),
		Record("5", "GET", "/items", ``, 200, `5`),
	}, mocks.Match{Ignore: mocks.Ignore{Query: []string{"ts"}}, Repeat: mocks.RepeatLast})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, p, rec.Stubs)
	for target, want := range map[string]string{
		"/items?page=1&size[]=2":                "1",
		"/items?size%5b%5D=2&ts=12&page=1&ts=3": "1",
		"/items?sort=a%20b&size[]=2&page=1&&":   "2",
		"/items?tag=b&tag=a":                    "3",
		"/items?page=1&ts=0":                    "4",
		"/items?ts":                             "5",
		"/items?page=1&size[]=2&more=1":         "",
		"/items?page=1&page=1&size[]=2":         "",
		"/items?page=1&page=2&size[]=2":         "",
		"/items?tag=a":                          "",
		"/items?tag=a&tag=b&tag=c":              "",
		"/items?page=2":                         "",
		"/items?page=1&Page=1":                  "",
		"/items?page=1&pages=1":                 "",
		"/items/?page=1":                        "",
	} {
		got := call{target: target}.do(t, s)
		if miss := got.header.Get(mocks.MissHeader) != ""; miss != (want == "") || !miss && got.body != want {
			t.Errorf("%s: got %d %q, want %q", target, got.status, got.body, want)
		}
	}
}

// liveServices wants stubs refused that would pass requests on.
func liveServices(t *testing.T, p mocks.Provider) {
	t.Helper()
	stubs, err := mocks.ParseStubs("suite.json",
		[]byte(`{"name": "on", "request": {"url": "/"}, "response": {"proxyBaseUrl": "http://127.0.0.1:1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Start(t.Context(), &mocks.Plan{Name: "suite", Stubs: stubs})
	if err == nil {
		_ = s.Close()
		t.Fatal("a mock that calls a live service was started")
	}
	if !strings.Contains(err.Error(), "on") || !strings.Contains(err.Error(), "proxyBaseUrl") {
		t.Errorf("got %v, want the stub and the field by name", err)
	}
}

// twoMocks wants mocks of one provider kept apart, even where their stubs and scenarios have one name.
func twoMocks(t *testing.T, p mocks.Provider) {
	t.Helper()
	stubs, err := mocks.ParseStubs("suite.json", []byte(steps(2)))
	if err != nil {
		t.Fatal(err)
	}
	one := servePlan(t, p, &mocks.Plan{Name: "one", Stubs: stubs})
	two := servePlan(t, p, &mocks.Plan{Name: "two", Stubs: stubs[:1], Miss: mocks.Miss{Status: 502}})
	for _, want := range []string{"1", "2", "2"} {
		if got := (call{target: "/s"}).do(t, one); got.body != want {
			t.Errorf("one: got %d %q, want %q", got.status, got.body, want)
		}
	}
	if got := (call{target: "/s"}).do(t, two); got.body != "1" {
		t.Errorf("two: got %d %q, want step 1", got.status, got.body)
	}
	if got := (call{target: "/none"}).do(t, two); got.status != 502 {
		t.Errorf("two: a miss got %d, want 502", got.status)
	}
	if err := two.Rewind(t.Context()); err != nil {
		t.Fatal(err)
	}
	if j := one.Journal(); j.Requests != 3 || j.Matched != 3 || len(j.Misses) > 0 {
		t.Errorf("one: got %+v", j)
	}
	if j := two.Journal(); j.Requests != 0 {
		t.Errorf("two: got %+v after its rewind", j)
	}
	if got := (call{target: "/s"}).do(t, one); got.body != "2" {
		t.Errorf("one: got %q after the rewind of two, want 2", got.body)
	}
	if err := one.Close(); err != nil {
		t.Error(err)
	}
	if got := (call{target: "/s"}).do(t, two); got.body != "1" {
		t.Errorf("two: got %d %q after the close of one, want 1", got.status, got.body)
	}
}

package embedded

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

// randomStub draws a mapping from a world so small that stubs overlap.
func randomStub(r *rand.Rand, i int) string {
	scenario := pick(r, ``, ``, ``,
		`"scenarioName": "s", "requiredScenarioState": "Started", "newScenarioState": "b",`,
		`"scenarioName": "s", "requiredScenarioState": "b",`,
		`"scenarioName": "t", "newScenarioState": "Started",`)
	request := pick(r, `"url": "/a?x=1&y=2"`, `"url": "/a"`,
		`"urlPath": "/a"`, `"urlPathPattern": "/[ab]"`, `"urlPath": "/b"`)
	method := pick(r, `"GET"`, `"POST"`, `"ANY"`)
	query := pick(r, `{}`, `{"x": {"equalTo": "1"}}`, `{"x": {"matches": ".*"}}`,
		`{"x": {"hasExactly": [{"equalTo": "1"}, {"equalTo": "2"}]}}`, `{"x": {"equalTo": "1"}, "y": {"equalTo": "2"}}`,
		`{"x": {"hasExactly": [{"equalTo": "1"}, {"equalTo": "1"}]}}`)
	headers := pick(r, `{}`, `{}`, `{"x-t": {"equalTo": "1"}}`, `{"X-T": {"absent": true}}`)
	body := pick(r, ``, ``, `{"absent": true}`, `{"equalTo": "x"}`,
		`{"equalToJson": {"a": 1, "b": "${json-unit.ignore}"}}`,
		`{"equalToJson": {"a": "${json-unit.ignore-element}", "b": 2}}`,
		`{"equalToJson": {"a": 1}, "ignoreExtraElements": true}`)
	extra := pick(r, ``, ``, `"metadata": {"headgate": {"exactQuery": true, "ignoreQuery": ["y"]}},`)
	return fmt.Sprintf(`{"id": "%d", "priority": %d, %s %s "request": {"method": %s, %s, "queryParameters": %s,
		"headers": %s, "bodyPatterns": [%s]}, "response": {}}`,
		i, 1+r.IntN(3), scenario, extra, method, request, query, headers, body)
}

func randomRequest(r *rand.Rand) *mocks.Request {
	header := http.Header{}
	for range r.IntN(3) {
		header.Add("X-T", pick(r, "1", "2"))
	}
	return mocks.NewRequest(&traffic.Request{
		Method: pick(r, "GET", "POST"),
		URL:    pick(r, "/a", "/b") + pick(r, "", "?x=1", "?x=1&y=2", "?x=1&x=2", "?x=1&x=1", "?y=2&x=1", "?x=2&z=1"),
		Header: header,
		Body:   []byte(pick(r, "", "x", `{"a":1,"b":2}`, `{"b":2}`, `{"a":1.0,"b":null,"c":1}`)),
	})
}

// slowly finds what the index has to find by trying every stub.
func slowly(x *index, r *mocks.Request, states map[string]string) *entry {
	var top *entry
	for _, e := range x.entries {
		s := e.stub
		current, moved := states[s.Scenario]
		if !moved {
			current = mocks.Started
		}
		if s.Scenario != "" && s.RequiredState != "" && s.RequiredState != current || !s.Request.Matches(r) {
			continue
		}
		if top == nil || s.Rank() < top.stub.Rank() || s.Rank() == top.stub.Rank() && e.at > top.at {
			top = e
		}
	}
	if top != nil && top.stub.Scenario != "" && top.stub.NewState != "" {
		states[top.stub.Scenario] = top.stub.NewState
	}
	return top
}

func indexOf(tb testing.TB, stubs []*mocks.Stub) *index {
	tb.Helper()
	l, err := newLibrary(stubs, false)
	if err != nil {
		tb.Fatal(err)
	}
	return l.snapshot()
}

func TestIndexFindsWhatAScanFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	hits := 0
	for round := range 120 {
		var mappings []string
		for i := range 1 + r.IntN(30) {
			mappings = append(mappings, randomStub(r, i))
		}
		list := strings.Join(mappings, ",")
		stubs, err := mocks.ParseStubs("r.json", []byte(`{"mappings": [`+list+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		x := indexOf(t, stubs)
		a, states := newAttempt(), map[string]string{}
		for range 40 {
			req := randomRequest(r)
			want, got := slowly(x, req, states), x.lookup(req, a)
			if want != got {
				t.Fatalf("round %d: %s %s %q: got %v, want %v\n%s",
					round, req.Method, req.Target(), req.Body.Text, got, want, list)
			}
			if got != nil {
				hits++
			}
		}
	}
	if hits < 500 {
		t.Errorf("only %d hits: the test says little", hits)
	}
}

func TestIndexRefusesOneIDTwice(t *testing.T) {
	stubs, err := mocks.ParseStubs("a.json", []byte(`{"mappings": [
		{"id": "x", "request": {}, "response": {}}, {"id": "x", "request": {}, "response": {}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Provider{}).Start(t.Context(), &mocks.Plan{Stubs: stubs}); err == nil {
		t.Error("it was accepted")
	}
}

// charges are n recorded requests that differ in one field, and one that none of them matches.
func charges(tb testing.TB, n int) (*index, *mocks.Request) {
	tb.Helper()
	var records []*traffic.Record
	for i := range n {
		records = append(records, charge(i))
	}
	m := mocks.DefaultMatch()
	m.Ignore.JSON = []string{"$.request_id"}
	rec, err := mocks.FromTraffic(records, m)
	if err != nil {
		tb.Fatal(err)
	}
	x := indexOf(tb, rec.Stubs)
	miss := charge(n - 1).Request
	miss.Body = fmt.Appendf(nil, `{"order": "ord_%d", "amount": 3, "currency": "EUR", "request_id": "z"}`, n-1)
	return x, mocks.NewRequest(miss)
}

func charge(i int) *traffic.Record {
	body := fmt.Sprintf(`{"order": "ord_%d", "amount": %d, "currency": "EUR", "request_id": "r%d"}`, i, 100+i, i)
	header := http.Header{"Content-Type": {"application/json"}}
	return &traffic.Record{
		Protocol: traffic.HTTP,
		Request:  &traffic.Request{Method: "POST", URL: "/charges", Header: header, Body: []byte(body)},
		Response: &traffic.Response{Status: 201, Header: header, Body: fmt.Appendf(nil, `{"id": %d}`, i)},
	}
}

func TestNearestOfMany(t *testing.T) {
	const n = 2000
	x, miss := charges(t, n)
	if e := x.lookup(miss, newAttempt()); e != nil {
		t.Fatalf("it matches %+v", e.stub)
	}
	found := x.near().nearest(miss)
	if len(found) != 3 {
		t.Fatalf("got %d", len(found))
	}
	want := mocks.Difference{Where: "$.amount", Expected: strconv.Itoa(100 + n - 1), Actual: "3"}
	if d := found[0].Differences; len(d) != 1 || d[0] != want {
		t.Errorf("the nearest differs in %+v, want %+v", d, want)
	}
	if found[1].Distance <= found[0].Distance {
		t.Errorf("distances %g and %g", found[0].Distance, found[1].Distance)
	}
}

func TestNearestOnOtherPaths(t *testing.T) {
	stubs, err := mocks.ParseStubs("a.json", []byte(`{"mappings": [
		{"name": "other", "request": {"method": "GET", "url": "/x/y/z"}, "response": {}},
		{"name": "alice", "request": {"method": "GET", "url": "/students/alice"}, "response": {}},
		{"name": "pattern", "request": {"method": "GET", "urlPathPattern": "/courses/[0-9]+"}, "response": {}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	x := indexOf(t, stubs)
	found := x.near().nearest(&mocks.Request{Method: "GET", Path: "/students/bob"})
	want := mocks.Difference{Where: "path", Expected: "/students/alice", Actual: "/students/bob"}
	if len(found) != 3 || found[0].Stub.Name != "alice" || found[0].Differences[0] != want {
		t.Errorf("got %+v", found)
	}
}

func BenchmarkNearest(b *testing.B) {
	x, miss := charges(b, 10_000)
	for b.Loop() {
		fresh := *miss
		if len(x.near().nearest(&fresh)) != 3 {
			b.Fatal("not three")
		}
	}
}

package summary_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/safety"
	"github.com/headgate-dev/headgate/traffic/summary"
)

func at(second int) time.Time {
	return time.Date(2026, 11, 1, 8, 0, second, 0, time.UTC)
}

func inbound(id, url string, status int) *traffic.Record {
	return &traffic.Record{
		ID: id, Time: at(1), Duration: 10 * time.Millisecond, Direction: traffic.Inbound,
		Request:  &traffic.Request{Method: "GET", URL: url},
		Response: &traffic.Response{Status: status, Body: []byte("0123456789")},
	}
}

func outbound(parent, service string) *traffic.Record {
	r := inbound("out-"+parent, "/pay", 200)
	r.Direction, r.Parent, r.Service, r.Time = traffic.Outbound, parent, service, at(2)
	return r
}

func query(sql, state string) *traffic.Record {
	r := outbound("a", "orders-db")
	r.Protocol = traffic.Postgres
	r.Request = &traffic.Request{Query: &traffic.Query{SQL: sql}}
	r.Response = &traffic.Response{Result: &traffic.Result{Tag: "SELECT 1"}}
	if state != "" {
		r.Response.Result = &traffic.Result{Then: []traffic.Result{{Error: &traffic.QueryError{SQLState: state}}}}
	}
	return r
}

// capture is a small capture of everything.
func capture() []*traffic.Record {
	cut := inbound("cut", "/orders", 200)
	cut.Response.Header = http.Header{traffic.TruncatedHeader: {"99"}}
	open := inbound("open", "/health", 0)
	open.Response, open.Duration = nil, 0
	return []*traffic.Record{
		inbound("a", "/orders/17", 200), inbound("b", "/orders/18", 200), inbound("c", "/orders/19", 200),
		inbound("d", "/orders/20", 404),
		cut, open, outbound("a", "payments"), outbound("b", "payments"), outbound("b", "payments"), outbound("", "stock"),
		query("select * from t where id = 7 -- x", ""), query("select  *  from t where id = 8", "23505"),
		inbound("m", "/users/bob@corp.com", 200),
	}
}

func of(records []*traffic.Record) *summary.Summary {
	s := summary.New()
	for _, r := range records {
		s.Add(r)
	}
	return s
}

func TestReport(t *testing.T) {
	got := of(capture()).Report()
	small := summary.Size{P50: 10, P95: 10, Max: 10}
	ten := &summary.Latency{P50: 10.016, P95: 10.016, P99: 10.016}
	from, to := at(1), at(2).Add(10*time.Millisecond)
	want := summary.Report{
		Records: 13, Inbound: 7, Outbound: 6, Pairs: 12, Truncated: 1, From: &from, To: &to, Untied: 1,
		Endpoints: []summary.Operation{
			{
				Name: "GET /orders/{id}", Requests: 4, Statuses: map[string]int{"200": 3, "404": 1},
				Latency: ten, ResponseBody: small,
			},
			{Name: "GET /health", Requests: 1, NoResponse: 1, Statuses: map[string]int{}},
			{Name: "GET /orders", Requests: 1, Statuses: map[string]int{"200": 1}, Latency: ten, ResponseBody: small},
			{Name: "GET /users/{email}", Requests: 1, Statuses: map[string]int{"200": 1}, Latency: ten, ResponseBody: small},
		},
		Services: []summary.Operation{
			{Name: "payments", Requests: 3, Statuses: map[string]int{"200": 3}, Latency: ten, ResponseBody: small},
			{Name: "orders-db", Requests: 2, Statuses: map[string]int{"ok": 1, "23505": 1}, Latency: ten},
			{Name: "stock", Requests: 1, Statuses: map[string]int{"200": 1}, Latency: ten, ResponseBody: small},
		},
		Statements: []summary.Operation{
			{Name: "select * from t where id = ?", Requests: 2, Statuses: map[string]int{"ok": 1, "23505": 1}, Latency: ten},
		},
		Lacking: []summary.Lacking{{Endpoint: "GET /orders/{id}", Status: "200", Requests: 3, Without: 1}},
		Findings: []safety.Found{{
			Kind: safety.Email, Where: "path", Endpoint: "GET /users/{email}", Count: 1, Sample: "b***@c***.com", Record: "m",
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

// stored is a summary that was written and read again.
func stored(t *testing.T, s *summary.Summary) *summary.Summary {
	t.Helper()
	b, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var again summary.Summary
	if err := again.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return &again
}

func TestMergeAndStore(t *testing.T) {
	records := capture()
	want := of(records).Report()
	for split := range len(records) + 1 {
		whole := summary.New()
		whole.Merge(stored(t, of(records[split:])))
		whole.Merge(of(records[:split]))
		if diff := cmp.Diff(want, stored(t, whole).Report()); diff != "" {
			t.Fatalf("split at %d (-want +got):\n%s", split, diff)
		}
	}
}

func TestStoredIsNotBelieved(t *testing.T) {
	b, err := of(capture()).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]byte{"nothing": nil, "version": append([]byte{99}, b[1:]...), "cut off": b[:len(b)/2]}
	for name, bad := range tests {
		t.Run(name, func(t *testing.T) {
			if summary.New().UnmarshalBinary(bad) == nil {
				t.Error("it is read without an error")
			}
		})
	}
}

func TestBounds(t *testing.T) {
	s := summary.New()
	for i := range summary.Most + 3 {
		s.Add(inbound(strconv.Itoa(i), "/"+strings.Repeat("x", i+1), 200))
	}
	list := s.Report().Endpoints
	if len(list) != summary.Most+1 || list[0].Name != summary.Other || list[0].Requests != 3 {
		t.Errorf("%d endpoints, first %q with %d", len(list), list[0].Name, list[0].Requests)
	}
}

// More causes than are remembered take no more memory, and not the square of the time.
func TestCausesAreBounded(t *testing.T) {
	s, r := summary.New(), outbound("", "stock")
	s.Add(inbound("last", "/x", 200))
	const more = 3
	for i := range 2*summary.MostIDs + more {
		r.Parent = strconv.Itoa(i)
		s.Add(r)
	}
	if got := s.Report().Forgotten; got != more {
		t.Errorf("%d forgotten, want %d", got, more)
	}
	s.Merge(stored(t, s))
	if got := s.Report().Forgotten; got != 2*more+2*summary.MostIDs {
		t.Errorf("%d forgotten after a merge", got)
	}
}

func TestNormal(t *testing.T) {
	tests := map[string]struct{ sql, want string }{
		"numbers":     {"select a1 from t where x = 12.5e3 limit 10", "select a1 from t where x = ? limit ?"},
		"texts":       {"insert into t values ('it''s', 'x', 7)", "insert into t values (?)"},
		"list":        {"select 1 where id in (1,2, 3)", "select ? where id in (?)"},
		"parameters":  {"select $1, $2", "select $1, $2"},
		"comment":     {"select /* trace=1 */ a\n-- b\nfrom t;", "select a from t"},
		"name":        {`select "a b" from t`, `select "a b" from t`},
		"dollar":      {"select $x$ it's $x$, 2", "select ?"},
		"not closed":  {"select 'abc", "select ?"},
		"not closed2": {"select $$abc /*", "select ?"},
		"escapes":     {`select E'it\'s hunter2', e'\\', 'a\' from e where e = 1`, "select ? from e where e = ?"},
		"empty":       {"", ""},
		"long":        {strings.Repeat("a", 400), strings.Repeat("a", 300)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := summary.Normal(tt.sql); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzNormal(f *testing.F) {
	for _, sql := range []string{"select 'a' $1 -- b", "$a$", "/*", "\"", "'", "1e", "\xff", "?, ?, ?"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if text := summary.Normal(sql); len(text) > 320 || strings.Contains(text, "?, ?") {
			t.Errorf("%q became %q", sql, text)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	b, err := of(capture()).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(_ *testing.T, b []byte) {
		s := summary.New()
		if s.UnmarshalBinary(b) == nil {
			s.Merge(of(capture()))
			s.Report()
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	r := inbound("a", "/orders/17?limit=2", 200)
	r.Response.Body = []byte(strings.Repeat(`{"id":"ord_1","name":"A thing","price":12.5},`, 20))
	s := summary.New()
	b.ReportAllocs()
	for b.Loop() {
		s.Add(r)
	}
}

func BenchmarkMerge(b *testing.B) {
	s := summary.New()
	for i := range 1_000_000 {
		s.Add(inbound(strconv.Itoa(i), fmt.Sprintf("/e%c/%d", 'a'+i%20, i), 200))
	}
	stored, err := s.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(stored))/1e6, "B/record")
	for b.Loop() {
		var again summary.Summary
		if err := again.UnmarshalBinary(stored); err != nil {
			b.Fatal(err)
		}
		whole := summary.New()
		whole.Merge(&again)
		whole.Report()
	}
}

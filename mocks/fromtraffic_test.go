package mocks_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/mockstest"
	"github.com/headgate-dev/headgate/traffic"
)

func post(body string, status int, answer string) *traffic.Record {
	return mockstest.Record("", "POST", "/charges", body, status, answer)
}

func get(target, answer string) *traffic.Record {
	return mockstest.Record("", "GET", target, "", 200, answer)
}

func withRequest(r *traffic.Record, change func(*traffic.Request)) *traffic.Record {
	change(r.Request)
	return r
}

func form(body string) *traffic.Record {
	return withRequest(post(body, 200, "x"), func(r *traffic.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	})
}

func tenant(name string) *traffic.Record {
	return withRequest(get("/a", name), func(r *traffic.Request) {
		if name != "" {
			r.Header.Set("X-Tenant", name)
		}
	})
}

// requests are the request patterns of a recording as JSON, each with its state and answer.
func requests(t *testing.T, r *mocks.Recording) []string {
	t.Helper()
	var out []string
	for _, s := range r.Stubs {
		data, err := json.Marshal(s.Request)
		if err != nil {
			t.Fatal(err)
		}
		line := string(data)
		if s.RequiredState != "" {
			line += " " + s.RequiredState + ">" + s.NewState
		}
		out = append(out, line+" = "+string(s.Response.Payload()))
	}
	return out
}

func TestFromTraffic(t *testing.T) {
	const one = `{"method":"POST","url":"/charges","bodyPatterns":[{"equalToJson":{"amount":20}}]}`
	tests := map[string]struct {
		records []*traffic.Record
		match   func(*mocks.Match)
		want    []string
	}{
		"values count": {
			records: []*traffic.Record{get("/students?id=1", "one"), get("/students?id=20", "twenty")},
			want: []string{
				`{"method":"GET","url":"/students?id=1","bodyPatterns":[{"absent":true}]} = one`,
				`{"method":"GET","url":"/students?id=20","bodyPatterns":[{"absent":true}]} = twenty`,
			},
		},
		"same answers collapse": {
			records: []*traffic.Record{post(`{"amount":20}`, 200, "a"), post(`{ "amount" : 2e1 }`, 200, "a")},
			want:    []string{one + ` = a`},
		},
		"differing answers are a sequence, the last one stays": {
			records: []*traffic.Record{
				post(`{"amount":20}`, 200, "a"), post(`{"amount":20}`, 200, "a"), post(`{"amount":20.0}`, 409, "b"),
				post(`{"amount":20}`, 409, "b"),
			},
			want: []string{one + ` Started>step 2 = a`, one + ` step 2>step 3 = a`, one + ` step 3> = b`},
		},
		"a sequence that ends in misses": {
			records: []*traffic.Record{post(`{"amount":20}`, 200, "a"), post(`{"amount":20}`, 200, "a")},
			match:   func(m *mocks.Match) { m.Repeat = mocks.RepeatMiss },
			want:    []string{one + ` Started>step 2 = a`, one + ` step 2>step 3 = a`},
		},
		"ignored json": {
			records: []*traffic.Record{
				post(`{"amount":20,"items":[{"id":1},{"id":2}],"a":{"at":1}}`, 200, "a"),
				post(`{"amount":20,"items":[{"id":3},{"id":4}],"a":{"at":null}}`, 200, "a"),
				post(`{"amount":20,"items":[{"id":3}],"a":{}}`, 200, "a"),
			},
			match: func(m *mocks.Match) { m.Ignore.JSON = []string{"$.items[*].id", "$..at", "$.none"} },
			want: []string{
				`{"method":"POST","url":"/charges","bodyPatterns":[{"equalToJson":{"a":{"at":"${json-unit.ignore}"},"amount":20,` +
					`"items":[{"id":"${json-unit.ignore}"},{"id":"${json-unit.ignore}"}]}}]} = a`,
				`{"method":"POST","url":"/charges","bodyPatterns":[{"equalToJson":{"a":{},"amount":20,` +
					`"items":[{"id":"${json-unit.ignore}"}]}}]} = a`,
			},
		},
		"ignored query": {
			records: []*traffic.Record{get("/a?ts=1&b=2&b=1&c=x%20y", "x"), get("/a?b=1&b=2&c=x+y&ts=2", "x")},
			match:   func(m *mocks.Match) { m.Ignore.Query = []string{"ts"} },
			want: []string{
				`{"method":"GET","urlPath":"/a","queryParameters":{"b":{"hasExactly":[{"equalTo":"1"},{"equalTo":"2"}]},` +
					`"c":{"equalTo":"x y"}},"bodyPatterns":[{"absent":true}]} = x`,
			},
		},
		"query in another order": {
			records: []*traffic.Record{get("/a?x=1&y=2", "x"), get("/a?y=2&x=1", "x")},
			want: []string{`{"method":"GET","urlPath":"/a","queryParameters":{"x":{"equalTo":"1"},"y":{"equalTo":"2"}},` +
				`"bodyPatterns":[{"absent":true}]} = x`},
		},
		"declared headers": {
			records: []*traffic.Record{tenant("a"), tenant("b"), tenant("")},
			match:   func(m *mocks.Match) { m.Headers = []string{"x-tenant"} },
			want: []string{
				`{"method":"GET","url":"/a","headers":{"X-Tenant":{"equalTo":"a"}},"bodyPatterns":[{"absent":true}]} = a`,
				`{"method":"GET","url":"/a","headers":{"X-Tenant":{"equalTo":"b"}},"bodyPatterns":[{"absent":true}]} = b`,
				`{"method":"GET","url":"/a","headers":{"X-Tenant":{"absent":true}},"bodyPatterns":[{"absent":true}]} = `,
			},
		},
		"forms": {
			records: []*traffic.Record{form("a=1&b=2"), form("b=2&a=1"), form("a=1&b=3")},
			want: []string{
				`{"method":"POST","url":"/charges","bodyPatterns":[` +
					`{"or":[{"equalTo":"a=1\u0026b=2"},{"equalTo":"b=2\u0026a=1"}]}]} = x`,
				`{"method":"POST","url":"/charges","bodyPatterns":[{"equalTo":"a=1\u0026b=3"}]} = x`,
			},
		},
		"text, binary, and what looks like a placeholder": {
			records: []*traffic.Record{
				post("<a/>", 200, "x"), post("\xff\x00", 200, "\xff"), post(`{"a":"${json-unit.ignore}"}`, 200, "x"),
			},
			want: []string{
				`{"method":"POST","url":"/charges","bodyPatterns":[{"equalTo":"\u003ca/\u003e"}]} = x`,
				`{"method":"POST","url":"/charges","bodyPatterns":[{"binaryEqualTo":"/wA="}]} = ` + "\xff",
				`{"method":"POST","url":"/charges","bodyPatterns":[{"equalTo":"{\"a\":\"${json-unit.ignore}\"}"}]} = x`,
			},
		},
		"absolute urls": {
			records: []*traffic.Record{get("http://pay.test/a?b=1#c", "x"), get("https://pay.test", "y")},
			want: []string{
				`{"method":"GET","url":"/a?b=1","bodyPatterns":[{"absent":true}]} = x`,
				`{"method":"GET","url":"/","bodyPatterns":[{"absent":true}]} = y`,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := mocks.DefaultMatch()
			if tt.match != nil {
				tt.match(&m)
			}
			got, err := mocks.FromTraffic(tt.records, m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, requests(t, got)); diff != "" {
				t.Errorf("stubs (-want +got):\n%s", diff)
			}
			again, err := mocks.FromTraffic(tt.records, m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asJSON(t, got.Stubs), asJSON(t, again.Stubs)); diff != "" {
				t.Errorf("built twice:\n%s", diff)
			}
			if _, err := mocks.ParseStubs("again.json", []byte(`{"mappings": `+asJSON(t, got.Stubs)+`}`)); err != nil {
				t.Errorf("the stubs do not load: %v", err)
			}
			for _, x := range got.Exchanges {
				if !slices.ContainsFunc(got.Stubs, func(s *mocks.Stub) bool { return s.ID == x.StubID }) {
					t.Errorf("exchange with the unknown stub %q", x.StubID)
				}
			}
		})
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFromTrafficReports(t *testing.T) {
	noAnswer := get("/a", "x")
	noAnswer.Response = nil
	upgraded := get("/a", "x")
	upgraded.Response.Status = 101
	m := mocks.DefaultMatch()
	m.Ignore = mocks.Ignore{JSON: []string{"$.id", "$.none"}, Query: []string{"ts"}}
	m.Headers = []string{"x-tenant"}
	records := []*traffic.Record{noAnswer, upgraded, post(`{"id":1}`, 200, ""), post(`{"id":2}`, 200, ""), tenant("a")}
	got, err := mocks.FromTraffic(records, m)
	if err != nil {
		t.Fatal(err)
	}
	want := []mocks.RuleUse{{"json $.id", 2}, {"json $.none", 0}, {"query ts", 0}, {"header X-Tenant", 1}}
	if diff := cmp.Diff(want, got.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if len(got.Unusable) != 2 || got.Unusable[0].Reason != "it has no response" ||
		got.Unusable[1].Reason != "status 101 cannot be answered" || len(got.Exchanges) != 3 {
		t.Errorf("unusable: %+v", got.Unusable)
	}
	if got.Stubs[0].Name != "POST /charges" || got.Stubs[0].Metadata["headgate"] == nil {
		t.Errorf("stub %+v", got.Stubs[0])
	}
}

func TestFromTrafficKeepsRecordedOrder(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	late, early := get("/a", "late"), get("/a", "early")
	late.Time, early.Time = at.Add(time.Second), at
	got, err := mocks.FromTraffic([]*traffic.Record{late, early}, mocks.DefaultMatch())
	if err != nil {
		t.Fatal(err)
	}
	if first := string(got.Stubs[0].Response.Payload()); first != "early" {
		t.Errorf("the first step answers %q", first)
	}
}

func TestRecordedHeaders(t *testing.T) {
	r := get("/a", "x")
	r.Response.Header = http.Header{
		"Content-Type": {"text/plain"}, "Set-Cookie": {"a=1", "b=2"}, "Date": {"now"}, "Content-Length": {"9"},
		"Content-Encoding": {"gzip"}, "Transfer-Encoding": {"chunked"}, "Connection": {"close"},
	}
	got, err := mocks.FromTraffic([]*traffic.Record{r}, mocks.DefaultMatch())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]mocks.Values{"Content-Type": {"text/plain"}, "Set-Cookie": {"a=1", "b=2"}}
	if diff := cmp.Diff(want, got.Stubs[0].Response.Headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestMatchValidate(t *testing.T) {
	tests := map[string]mocks.Match{
		"repeat":     {Repeat: "first"},
		"json path":  {Repeat: mocks.RepeatLast, Ignore: mocks.Ignore{JSON: []string{"$.["}}},
		"whole body": {Repeat: mocks.RepeatLast, Ignore: mocks.Ignore{JSON: []string{"$"}}},
		"all fields": {Repeat: mocks.RepeatLast, Ignore: mocks.Ignore{JSON: []string{"$.*"}}},
		"all values": {Repeat: mocks.RepeatLast, Ignore: mocks.Ignore{JSON: []string{"$..*"}}},
		"query":      {Repeat: mocks.RepeatLast, Ignore: mocks.Ignore{Query: []string{""}}},
		"header":     {Repeat: mocks.RepeatLast, Headers: []string{"X Y"}},
	}
	for name, m := range tests {
		t.Run(name, func(t *testing.T) {
			if err := m.Validate(); err == nil {
				t.Error("it was accepted")
			}
			if _, err := mocks.FromTraffic(nil, m); err == nil {
				t.Error("FromTraffic accepted it")
			}
		})
	}
	if err := mocks.DefaultMatch().Validate(); err != nil {
		t.Error(err)
	}
}

func TestLatency(t *testing.T) {
	tests := map[string]struct {
		want  mocks.Latency
		delay int64
		bad   bool
	}{
		"none":     {want: mocks.Latency{}},
		"recorded": {want: mocks.Latency{Recorded: true}, delay: 20},
		"50ms":     {want: mocks.Latency{Fixed: 50 * time.Millisecond}, delay: 50},
		"50":       {bad: true},
		"-1s":      {bad: true},
		"[1]":      {bad: true},
	}
	for text, tt := range tests {
		t.Run(text, func(t *testing.T) {
			doc, ds := spec.Parse("a.yaml", []byte("latency: "+text), spec.Options{})
			if err := ds.Err(); err != nil {
				t.Fatal(err)
			}
			var got struct {
				Latency mocks.Latency `yaml:"latency"`
			}
			if err := spec.Decode(doc.Root, &got).Err(); (err != nil) != tt.bad {
				t.Fatalf("got %v", err)
			}
			if tt.bad {
				return
			}
			if got.Latency != tt.want {
				t.Errorf("got %+v, want %+v", got.Latency, tt.want)
			}
			if d := delayed(t, got.Latency); d != tt.delay {
				t.Errorf("the stub waits %d ms, want %d", d, tt.delay)
			}
		})
	}
	if len(mocks.Latency{}.JSONSchemaSpec()) == 0 {
		t.Error("no schema")
	}
}

// delayed is the delay of a stub that was recorded at 10, 20 and 90 ms.
func delayed(t *testing.T, l mocks.Latency) int64 {
	t.Helper()
	var records []*traffic.Record
	for _, ms := range []time.Duration{90, 10, 20} {
		r := get("/a", "x")
		r.Duration = ms * time.Millisecond
		records = append(records, r)
	}
	rec, err := mocks.FromTraffic(records, mocks.DefaultMatch())
	if err != nil {
		t.Fatal(err)
	}
	rec.Delay(l)
	return rec.Stubs[0].Response.FixedDelay
}

func TestWriteMisses(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	req := &traffic.Request{Method: "POST", URL: "/charges?b=<1>", Body: []byte(`{"a":"<x>"}`)}
	dir := filepath.Join(t.TempDir(), "unmatched")
	j := mocks.Journal{Misses: []mocks.MissReport{{Request: req, Candidate: mocks.Candidate(req, at)}, {Request: req}}}
	if err := mocks.WriteMisses(dir, j); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "001-POST-charges.json" {
		t.Fatalf("got %v, %v", files, err)
	}
	stubs, err := mocks.LoadStubs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s := stubs[0]; !s.Request.Matches(mocks.NewRequest(req)) || s.Response.Code() != 501 {
		t.Errorf("candidate %+v", s)
	}
	if want, got := "map[headgate:map[missed:2026-11-01T00:00:00Z]]", fmt.Sprint(stubs[0].Metadata); got != want {
		t.Errorf("metadata %s, want %s", got, want)
	}
	if err := mocks.WriteMisses(filepath.Join(dir, files[0].Name()), j); err == nil {
		t.Error("a folder that cannot be made was accepted")
	}
	none := filepath.Join(dir, "none")
	if err := mocks.WriteMisses(none, mocks.Journal{}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a folder was made for nothing")
	}
}

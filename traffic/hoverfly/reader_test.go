package hoverfly

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

// simulation writes pairs.
func simulation(pairs ...string) string {
	return `{"data": {"pairs": [` + strings.Join(pairs, ",") + `], "globalActions": {"delays": []}},
		"meta": {"schemaVersion": "v5.2"}}`
}

// exact writes a part of a request with one matcher.
func exact(value string) string { return `[{"matcher": "exact", "value": "` + value + `"}]` }

// smallest is a pair with no more than it needs.
func smallest() string {
	return `{"request": {"method": ` + exact("GET") + `, "path": ` + exact("/") + `}, "response": {"status": 200}}`
}

// outcomes collects the records and what is told of the others.
func outcomes(t *testing.T, file string) (records []*traffic.Record, told []string) {
	t.Helper()
	return readertest.Outcomes(t, NewReader("x", strings.NewReader(file)))
}

func TestRead(t *testing.T) {
	file := simulation(
		`{"request": {"method": `+exact("POST")+`, "scheme": `+exact("https")+`, "destination": `+exact("pay.test:81")+`,
			"path": `+exact("/a b")+`, "query": {"q": `+exact("1")+`, "a": [{"matcher": "array", "value": ["x", "y"]}]},
			"headers": {"accept": `+exact("*/*")+`}, "body": [{"matcher": "json", "value": "{\"n\": 1}"}],
			"requiresState": {"sequence:1": "1"}},
		  "response": {"status": 201, "body": "//4=", "encodedBody": true, "headers": {"X": ["1", "2"]},
			"templated": false, "fixedDelay": 250}}`,
		`{"request": {"method": `+exact("GET")+`, "path": `+exact("/b%20")+`, "deprecatedQuery": `+exact("c=d")+`},
		  "response": {"status": 204, "body": ""}}`,
	)
	want := []*traffic.Record{
		{
			ID: "x#1", Time: time.Unix(0, 0).UTC(), Direction: traffic.Outbound, Service: "pay.test:81",
			Protocol: traffic.HTTP, Duration: 250 * time.Millisecond,
			Request: &traffic.Request{
				Method: "POST", URL: "/a%20b?a=x&a=y&q=1", Host: "pay.test:81", Header: http.Header{"Accept": {"*/*"}},
				Body: []byte(`{"n": 1}`),
			},
			Response: &traffic.Response{Status: 201, Header: http.Header{"X": {"1", "2"}}, Body: []byte("\xff\xfe")},
		},
		{
			ID: "x#2", Time: time.Unix(0, 0).UTC(), Direction: traffic.Outbound, Protocol: traffic.HTTP,
			Request:  &traffic.Request{Method: "GET", URL: "/b%20?c=d", Header: http.Header{}},
			Response: &traffic.Response{Status: 204, Header: http.Header{}},
		},
	}
	records, told := outcomes(t, file)
	if diff := cmp.Diff(want, records); diff != "" || len(told) > 0 {
		t.Errorf("told %q\n%s", told, diff)
	}
	if !Sniff([]byte(file)) {
		t.Error("not sniffed")
	}
}

func TestTold(t *testing.T) {
	pair := func(request, response string) string {
		return simulation(`{"request": {` + request + `}, "response": {` + response + `}}`)
	}
	request := `"method": ` + exact("GET") + `, "path": ` + exact("/")
	cases := map[string]struct{ file, want string }{
		"glob": {
			pair(request+`, "query": {"a": [{"matcher": "glob", "value": "*"}]}`, `"status": 200`),
			"x:1: left out: simulation pairs with the matcher glob",
		},
		"state":    {pair(request+`, "requiresState": {"a": "b"}`, `"status": 200`), "x:1: left out: " + stateful},
		"template": {pair(request, `"status": 200, "templated": true`), "x:1: left out: " + templated},
		"any":      {pair(`"path": `+exact("/"), `"status": 200`), "x:1: left out: " + anyCall},
		"file":     {pair(request, `"status": 200, "bodyFile": "a"`), "x:1: left out: " + elsewhere},
		"status":   {pair(request, `"status": 2`), "x:1: pair: the status is 2: expected a number from 100 to 999"},
		"body": {
			pair(request, `"status": 200, "encodedBody": true, "body": "?"`),
			"x:1: pair: the encoded body: illegal",
		},
		"value": {
			pair(request+`, "body": [{"matcher": "exact", "value": 1}]`, `"status": 200`),
			"x:1: pair: the matcher exact has the value 1: expected a text",
		},
		"version 1": {`{"data": {"pairs": [{"request": {"method": "GET"}}]}}`, "x:1: pair: json: cannot unmarshal string"},
		"nothing":   {`{"data": {}}`, `x: no simulation of Hoverfly: it has no "pairs"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes(t, c.file)
			if len(records) > 0 || len(told) != 1 || !strings.HasPrefix(told[0], c.want) {
				t.Errorf("%d records, told %q, want %q", len(records), told, c.want)
			}
		})
	}
}

// TestEveryTruncation cuts a simulation at every byte: what was read is whole, and the end is told.
func TestEveryTruncation(t *testing.T) {
	whole := simulation(smallest())
	for n := range len(whole) {
		if _, told := outcomes(t, whole[:n]); len(told) != 1 || !strings.Contains(told[0], "truncated") {
			t.Fatalf("after %d bytes: %q", n, told)
		}
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]bool{
		`{"data":{"pairs":[`: true, `{"meta": {}, "data": {"pairs"`: true,
		`{"data": {"x": 1}}`: false, `{"a": {"pairs": 1}}`: false,
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(simulation(smallest()))
	f.Fuzz(func(t *testing.T, file string) {
		records, _ := outcomes(t, file)
		for _, r := range records {
			if !strings.HasPrefix(r.Request.URL, "/") || r.Response == nil {
				t.Errorf("record %+v", r)
			}
		}
	})
}

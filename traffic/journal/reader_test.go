package journal

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

const file = `{
  "requests" : [ {
    "id" : "u2",
    "request" : {
      "url" : "/b", "absoluteUrl" : "http://localhost:8080/b", "method" : "GET",
      "headers" : { "Accept" : "*/*", "X" : [ "1", "2" ] }, "loggedDate" : 1793534401000, "body" : ""
    },
    "responseDefinition" : { "status" : 404 },
    "response" : { "status" : 404, "body" : "No response could be served" },
    "wasMatched" : false, "timing" : { "totalTime" : 3 }
  }, {
    "id" : "u1",
    "request" : {
      "url" : "/a?b=c", "absoluteUrl" : "http://localhost:8080/a?b=c", "method" : "POST",
      "headers" : { "Host" : "h.test" }, "loggedDate" : 1793534400000, "bodyAsBase64" : "//4=", "body" : "??"
    },
    "response" : { "status" : 201, "headers" : { "Content-Type" : "text/plain" }, "body" : "hi" },
    "wasMatched" : true, "timing" : { "totalTime" : 12 }
  } ],
  "meta" : { "total" : 2 }, "requestJournalDisabled" : false
}`

// outcomes collects the records and what is told of the others.
func outcomes(t *testing.T, file string) (records []*traffic.Record, told []string) {
	t.Helper()
	return readertest.Outcomes(t, NewReader("x", strings.NewReader(file)))
}

func TestRead(t *testing.T) {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	want := []*traffic.Record{
		{
			ID: "u1", Time: noon, Duration: 12 * time.Millisecond, Direction: traffic.Inbound, Protocol: traffic.HTTP,
			Request: &traffic.Request{
				Method: "POST", URL: "/a?b=c", Host: "h.test", Header: http.Header{}, Body: []byte("\xff\xfe"),
			},
			Response: &traffic.Response{
				Status: 201, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("hi"),
			},
		},
		{
			ID: "u2", Time: noon.Add(time.Second), Duration: 3 * time.Millisecond,
			Direction: traffic.Inbound, Protocol: traffic.HTTP,
			Request: &traffic.Request{
				Method: "GET", URL: "/b", Host: "localhost:8080", Header: http.Header{"Accept": {"*/*"}, "X": {"1", "2"}},
			},
		},
	}
	records, told := outcomes(t, file)
	if diff := cmp.Diff(want, records); diff != "" || len(told) > 0 {
		t.Errorf("told %q\n%s", told, diff)
	}
}

func TestTold(t *testing.T) {
	one := func(event string) string { return `{"requests": [` + event + `]}` }
	request := `{"request": {"url": "/", "method": "GET", "loggedDate": 1}, `
	cases := map[string]struct{ file, want string }{
		"request": {one(`{}`), "x:1: request: expected a request with method and url"},
		"time": {
			one(`{"request": {"url": "/", "method": "GET"}}`),
			"x:1: request: no loggedDate: expected milliseconds since 1970",
		},
		"status": {
			one(request + `"response": {"status": 20}}`),
			"x:1: request: the status is 20: expected a number from 100 to 999",
		},
		"body": {
			one(request + `"response": {"status": 200, "bodyAsBase64": "?"}}`),
			"x:1: request: bodyAsBase64: illegal base64 data at input byte 0",
		},
		"no journal": {`{"meta": {}}`, `x: no request journal of WireMock: it has no "requests"`},
		"shape":      {one(`1`), "x:1: request: json: cannot unmarshal number into Go value of type journal.event"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes(t, c.file)
			if diff := cmp.Diff([]string{c.want}, told); diff != "" || len(records) > 0 {
				t.Errorf("%d records\n%s", len(records), diff)
			}
		})
	}
}

// TestFarTimes brings requests into order whose times are far from ours.
func TestFarTimes(t *testing.T) {
	request := func(ms string) string { return `{"request": {"method": "GET", "url": "/", "loggedDate": ` + ms + `}}` }
	list := []string{request("1"), request("27700000000000"), request("9300000000000")}
	records, told := outcomes(t, `{"requests": [`+strings.Join(list, ",")+`]}`)
	var years []int
	for _, r := range records {
		years = append(years, r.Time.Year())
	}
	if diff := cmp.Diff([]int{1970, 2264, 2847}, years); diff != "" || len(told) > 0 {
		t.Errorf("told %q\n%s", told, diff)
	}
}

// TestEveryTruncation cuts a journal at every byte: what was read is whole, and the end is told.
func TestEveryTruncation(t *testing.T) {
	for n := range len(file) {
		if _, told := outcomes(t, file[:n]); len(told) != 1 || !strings.Contains(told[0], "truncated") {
			t.Fatalf("after %d bytes: %q", n, told)
		}
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]bool{
		file: true, `{"requests":[]`: true, `{"requests": 1}`: false, `{"a": {"requests": [{`: false,
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file)
	f.Fuzz(func(t *testing.T, file string) {
		records, _ := outcomes(t, file)
		for i, r := range records {
			if r.Request.URL == "" || r.ID == "" || i > 0 && r.Time.Before(records[i-1].Time) {
				t.Errorf("record %+v", r)
			}
		}
	})
}

package traffic

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func exchange() *Record {
	return &Record{
		ID: "r1", Time: time.Date(2026, 11, 1, 8, 30, 0, 123456789, time.UTC), Direction: Inbound,
		Service: "orders", Session: "s1", Parent: "p1", Protocol: HTTP, Duration: 1234567 * time.Nanosecond,
		Request: &Request{
			Method: "POST", URL: "/orders?x=1", Host: "orders.example",
			Header: http.Header{"Accept": {"a/b", "c/d"}}, Body: []byte("<a>&\"\x00\u2028"),
		},
		Response: &Response{Status: 201, Header: http.Header{"Location": {"/orders/1"}}, Body: []byte{0xff, 0x00}},
	}
}

func TestRecordJSONRoundTrip(t *testing.T) {
	tests := map[string]func(*Record){
		"full":             func(*Record) {},
		"no response":      func(r *Record) { r.Response = nil },
		"no bodies":        func(r *Record) { r.Request.Body, r.Response.Body = nil, nil },
		"binary request":   func(r *Record) { r.Request.Body = []byte{0, 1, 0xfe} },
		"only what it has": func(r *Record) { r.Service, r.Session, r.Parent, r.Request.Header = "", "", "", nil },
		"no duration":      func(r *Record) { r.Duration = 0 },
		"long duration":    func(r *Record) { r.Duration = 26*time.Hour + 1 },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			want := exchange()
			change(want)
			line, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var got Record
			if err := json.Unmarshal(line, &got); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if diff := cmp.Diff(want, &got); diff != "" {
				t.Errorf("record changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordJSONForm(t *testing.T) {
	line, err := exchange().AppendJSON([]byte("> "))
	if err != nil {
		t.Fatal(err)
	}
	want := `> {"id":"r1","time":"2026-11-01T08:30:00.123456789Z","direction":"inbound","service":"orders",` +
		`"session":"s1","parent":"p1","protocol":"http","duration_ms":1.234567,` +
		`"request":{"method":"POST","url":"/orders?x=1","host":"orders.example",` +
		`"headers":{"Accept":["a/b","c/d"]},"body":"<a>&\"\u0000\u2028"},` +
		`"response":{"status":201,"headers":{"Location":["/orders/1"]},"body_base64":"/wA="}}`
	if diff := cmp.Diff(want, string(line)); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func TestRecordJSONBytesThatAreNotText(t *testing.T) {
	r := exchange()
	r.Request.URL = "/caf\xe9"
	r.Request.Header = http.Header{"X-Name": {"ok", "caf\xe9"}}
	line, err := r.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var got Record
	if err := got.UnmarshalJSON(line); err != nil {
		t.Fatal(err)
	}
	if got.Request.URL != "/caf%E9" || got.Request.Header["X-Name"][1] != "caf\u00e9" {
		t.Errorf("got %q and %q", got.Request.URL, got.Request.Header)
	}
	if r.Request.Header["X-Name"][1] != "caf\xe9" {
		t.Error("writing changed the record")
	}
}

func TestRecordJSONErrors(t *testing.T) {
	const good = `{"id":"1","time":"2026-11-01T00:00:00Z","direction":"inbound",` +
		`"request":{"method":"GET","url":"/"},"response":{"status":200}}`
	tests := map[string]struct{ old, new, want string }{
		"no id":             {`"id":"1",`, ``, "id is missing"},
		"no time":           {`"time":"2026-11-01T00:00:00Z",`, ``, "time is missing"},
		"bad time":          {`2026-11-01T`, `yesterday`, "time is"},
		"no direction":      {`"direction":"inbound",`, ``, "direction is missing"},
		"bad direction":     {`inbound`, `sideways`, `direction is "sideways"`},
		"bad protocol":      {`"id":"1"`, `"id":"1","protocol":"ftp"`, `protocol is "ftp"`},
		"postgres":          {`"id":"1"`, `"id":"1","protocol":"postgres"`, "protocol is postgres"},
		"negative duration": {`"id":"1"`, `"id":"1","duration_ms":-1`, "duration_ms is -1"},
		"huge duration":     {`"id":"1"`, `"id":"1","duration_ms":1e300`, "duration_ms is 1e+300"},
		"no request":        {`"request":`, `"req":`, "request is missing"},
		"no method":         {`"method":"GET",`, ``, "request.method is missing"},
		"bad method":        {`GET`, `G T`, `request.method is "G T"`},
		"no url":            {`"url":"/"`, `"url":""`, "request.url is missing"},
		"bad status":        {`200`, `42`, "response.status is 42"},
		"status text":       {`200`, `"200"`, "response.status: found string of the wrong type"},
		"id number":         {`"id":"1"`, `"id":1`, "id: found number"},
		"header text":       {`"url":"/"`, `"url":"/","headers":{"A":"b"}`, "request.headers"},
		"body number":       {`"url":"/"`, `"url":"/","body":3`, "request.body: found number"},
		"two bodies":        {`"url":"/"`, `"url":"/","body":"a","body_base64":"YQ=="`, "both body and"},
		"bad base64":        {`"url":"/"`, `"url":"/","body_base64":"%%"`, "illegal base64"},
		"not json":          {`"id"`, `id`, "not valid JSON at byte 2"},
		"a list":            {good, `[]`, "found array where a record"},
		"nul":               {`"1"`, "\"\x00\"", "not valid JSON"},
		"not utf-8":         {`"1"`, "\"\xff\"", "invalid UTF-8 at byte 8"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var r Record
			err := r.UnmarshalJSON([]byte(strings.Replace(good, test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestRecordJSONTolerates(t *testing.T) {
	line := `{"new":{"a":[1]},"id":"1","time":"2026-11-01T01:00:00+01:00","direction":"outbound",` +
		`"request":{"method":"GET","url":"/","later":true,"headers":{"x-a":["2"],"X-A":["1"]},"body":""}}`
	var r Record
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatal(err)
	}
	if r.Protocol != HTTP || r.Response != nil || r.Request.Body != nil {
		t.Errorf("got %+v", r)
	}
	if diff := cmp.Diff(http.Header{"X-A": {"1", "2"}}, r.Request.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func FuzzRecordJSON(f *testing.F) {
	line, _ := exchange().MarshalJSON()
	f.Add(line)
	f.Add([]byte(`{"id":"1","time":"2026-11-01T00:00:00Z","direction":"inbound",` +
		`"request":{"method":"A","url":"/"}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var r, again Record
		if r.UnmarshalJSON(line) != nil {
			return
		}
		first, err := r.MarshalJSON()
		if err != nil {
			t.Skip() // years above 9999 are read nowhere
		}
		if err := again.UnmarshalJSON(first); err != nil {
			t.Fatalf("%v in %s", err, first)
		}
		second, err := again.MarshalJSON()
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v: %s became %s", err, first, second)
		}
	})
}

package jsonlog

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

func read(t *testing.T, line string) *traffic.Record {
	t.Helper()
	if !Sniff([]byte(line + "\n")) {
		t.Error("not sniffed")
	}
	r := NewReader("logs/x", strings.NewReader(line))
	record, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("then %v", err)
	}
	return record
}

func TestRead(t *testing.T) {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		line string
		want traffic.Record
	}{
		"Shadowtraf": {
			`{"id": "u1", "timestamp": "2026-11-01T12:00:00", "method": "POST", "path": "/orders", "query": "a=b",
			 "headers": {"host": "h.test", "content-type": "application/json"}, "body": "{}",
			 "response_status": 201, "response_latency_ms": 12.5}`,
			traffic.Record{
				ID: "u1", Time: noon, Duration: 12500 * time.Microsecond,
				Request: &traffic.Request{
					Method: "POST", URL: "/orders?a=b", Host: "h.test", Header: http.Header{"Content-Type": {"application/json"}},
					Body: []byte("{}"),
				},
				Response: &traffic.Response{Status: 201, Header: http.Header{traffic.TruncatedHeader: {"0"}}},
			},
		},
		"Shadowtraf's nginx converter": {
			`{"timestamp": "2026-11-01T13:00:00+01:00", "method": "GET", "path": "/a?b=c", "body": "", "user_agent": "x"}`,
			traffic.Record{
				ID: "x:1", Time: noon,
				Request: &traffic.Request{Method: "GET", URL: "/a?b=c", Header: http.Header{"User-Agent": {"x"}}},
			},
		},
		"nginx": {
			`{"msec": "1793534400.000", "request_method": "GET", "request_uri": "/a", "status": "200",
			 "body_bytes_sent": "5", "request_time": "0.250", "http_referer": "-", "remote_addr": "1.2.3.4", "host": "h"}`,
			traffic.Record{
				ID: "x:1", Time: noon, Duration: 250 * time.Millisecond,
				Request: &traffic.Request{
					Method: "GET", URL: "/a", Host: "h", Header: http.Header{"X-Forwarded-For": {"1.2.3.4"}},
				},
				Response: &traffic.Response{Status: 200, Header: http.Header{traffic.TruncatedHeader: {"5"}}},
			},
		},
		"Traefik": {
			`{"StartUTC": "2026-11-01T12:00:00Z", "RequestMethod": "PUT", "RequestPath": "/a", "DownstreamStatus": 204,
			 "Duration": 3000000, "RequestHost": "h"}`,
			traffic.Record{
				ID: "x:1", Time: noon, Duration: 3 * time.Millisecond,
				Request: &traffic.Request{
					Method: "PUT", URL: "/a", Host: "h", Header: http.Header{traffic.TruncatedHeader: {"0"}},
				},
				Response: &traffic.Response{Status: 204, Header: http.Header{}},
			},
		},
		"Caddy": {
			`{"ts": 1793534400, "request": {"method": "GET", "uri": "/a", "host": "h", "headers": {"Accept": ["x", "y"]}},
			 "status": 200, "size": 0, "duration": 0.001}`,
			traffic.Record{
				ID: "x:1", Time: noon, Duration: time.Millisecond,
				Request:  &traffic.Request{Method: "GET", URL: "/a", Header: http.Header{"Accept": {"x", "y"}}},
				Response: &traffic.Response{Status: 200, Header: http.Header{}},
			},
		},
		"request line, milliseconds, JSON bodies": {
			`{"time": 1793534400000, "request": "POST /a HTTP/1.1", "request_body": {"b": 1}, "status": 200,
			 "response_body": [1.0]}`,
			traffic.Record{
				ID: "x:1", Time: noon,
				Request:  &traffic.Request{Method: "POST", URL: "/a", Header: http.Header{}, Body: []byte(`{"b":1}`)},
				Response: &traffic.Response{Status: 200, Header: http.Header{}, Body: []byte(`[1.0]`)},
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.want.Direction, c.want.Protocol = traffic.Inbound, traffic.HTTP
			if diff := cmp.Diff(&c.want, read(t, strings.ReplaceAll(c.line, "\n", " "))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	cases := map[string]struct{ line, want string }{
		"no JSON": {`{"a"`, "x:2: last line is truncated: no JSON object: unexpected EOF"},
		"no object": {
			`[1]`,
			"x:2: no JSON object: json: cannot unmarshal array into Go value of type map[string]interface {}",
		},
		"two on one line": {
			`{"method": "GET", "path": "/a", "time": 1} {"method": "GET", "path": "/b", "time": 1}` + "\n",
			`x:2: expected one JSON object, found "{\"method\": \"GET\", \"path\": \"/b\", \"time\": " behind it`,
		},
		"no request": {
			`{"time": 1}`,
			"x:2: no method and path: expected keys such as method and path, " +
				"or request_method and request_uri",
		},
		"no time": {
			`{"method": "GET", "path": "/"}`,
			"x:2: no time: expected a key such as timestamp, time or time_iso8601",
		},
		"time": {
			`{"method": "GET", "path": "/", "time": "soon"}`,
			`x:2: the time is "soon": expected RFC 3339, or Unix seconds`,
		},
		"status": {
			`{"method": "GET", "path": "/", "time": 1, "status": 20}`,
			"x:2: the status is 20: expected a number from 100 to 999",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := NewReader("x", strings.NewReader("\n"+c.line)).Read()
			if _, ok := errors.AsType[*traffic.MalformedError](err); !ok || err.Error() != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
	if Sniff([]byte(`{"level": "info"}`)) || Sniff([]byte("x")) {
		t.Error("sniffed what is no request")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"time": 1, "request": "POST /a HTTP/1.1", "request_body": {"b": 1}, "status": 200}`)
	f.Fuzz(func(t *testing.T, file string) {
		records, told := readertest.Outcomes(t, NewReader("x", strings.NewReader(file)))
		for _, r := range records {
			if r.Request.Method == "" || r.Time.IsZero() {
				t.Errorf("record %+v", r)
			}
		}
		if lines := strings.Count(file, "\n") + 1; len(records)+len(told) > lines {
			t.Errorf("%d records and %d errors of %d lines", len(records), len(told), lines)
		}
	})
}

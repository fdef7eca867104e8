package rrpair

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

// internal writes a pair as JSON.
func internal(direction, request, response string) string {
	return fmt.Sprintf(`{"msgType":"rrpair","ts":"2026-11-01T12:00:00.5Z","l7protocol":"http","duration":155,`+
		`"tags":{"service":"orders"},"uuid":"8+rZRpCxQ6un1r4/eZ6Ogw==","direction":%q,`+
		`"http":{"req":{"url":"/a","uri":"/a?b=c","method":"POST","host":"h.test",`+
		`"headers":{"A":["1, x","2"],":authority":["h"],"Date":["Sun, 1"]},"bodyBase64":%q},`+
		`"res":{"statusCode":201,"headers":{"Content-Length":["3"]},"bodyBase64":%q}}}`,
		direction, base64.StdEncoding.EncodeToString([]byte(request)), base64.StdEncoding.EncodeToString([]byte(response)))
}

func markdown(request, response, metadata, pair string) string {
	return "### REQUEST (TEST) ###\n" + request + "\n### RESPONSE ###\n" + response +
		"\n### SIGNATURE ###\nhttp:host is h\n\n### METADATA ###\n" + metadata +
		"\n### INTERNAL - DO NOT MODIFY ###\njson: " + pair + "\n"
}

// outcomes collects the records and what is told of the others.
func outcomes(t *testing.T, file string) (records []*traffic.Record, told []string) {
	t.Helper()
	return readertest.Outcomes(t, NewReader("x.md", strings.NewReader(file)))
}

// What proxymock 2.5 writes: heads and bodies within lines of ```, an INTERNAL section that may lack both.
func TestReadFenced(t *testing.T) {
	fenced := func(request, response string) string {
		const fence = "```\n"
		pair := `{"msgType":"rrpair","ts":"2026-11-01T12:00:00Z","l7protocol":"http","uuid":"u","direction":"IN",` +
			`"service":"bank","http":{"req":{"uri":"/pay","method":"POST","host":"h"},"res":{"statusCode":400}}}`
		return "### REQUEST ###\n" + fence + "POST http://h:80/pay HTTP/1.1\nAccept: a\\, b\n" + fence + "\n" +
			fence + request + fence + "\n### RESPONSE ###\n" + fence + "HTTP/1.1 404 Not Found\nA: b\n" + fence +
			"\n" + fence + response + fence + "\n### SIGNATURE ###\n" + fence + "http:host is h\n" + fence +
			"\n### METADATA ###\n" + fence + "direction: OUT\nuuid: 7\nts: 2026-11-01T12:00:01Z\n" +
			"duration: 21ms\n" + fence + "\n### INTERNAL - DO NOT MODIFY ###\n" + fence + "json: " + pair + "\n" + fence
	}
	for name, c := range map[string]struct{ request, response, sent, answered string }{
		"bodies":    {"{\n  \"n\": 1\n}\n", "<a>\n", `{"n":1}`, "<a>"},
		"no bodies": {"", "", "", ""},
		"markdown":  {"# A\n```\nb\n```\nc\n", "```\n```\n", "# A\n```\nb\n```\nc", "```\n```"},
	} {
		t.Run(name, func(t *testing.T) {
			file := fenced(c.request, c.response)
			for _, text := range []string{file, strings.ReplaceAll(file, "\n", "\r\n")} {
				records, told := outcomes(t, text)
				want := &traffic.Record{
					ID: "7", Time: time.Date(2026, 11, 1, 12, 0, 1, 0, time.UTC), Direction: traffic.Outbound,
					Service: "h:80", Protocol: traffic.HTTP, Duration: 21 * time.Millisecond,
					Request:  &traffic.Request{Method: "POST", URL: "/pay", Host: "h:80", Header: http.Header{"Accept": {"a, b"}}},
					Response: &traffic.Response{Status: 404, Header: http.Header{"A": {"b"}}},
				}
				if c.sent != "" {
					want.Request.Body, want.Response.Body = []byte(c.sent), []byte(c.answered)
				}
				if diff := cmp.Diff([]*traffic.Record{want}, records); diff != "" || len(told) > 0 {
					t.Errorf("told %q, records (-want +got):\n%s", told, diff)
				}
			}
			cut := strings.TrimSuffix(file, "```\n")
			if records, told := outcomes(t, cut); len(records) > 0 || len(told) != 1 ||
				!strings.Contains(told[0], "truncated within its INTERNAL section") {
				t.Errorf("without its last line: %d records, told %q", len(records), told)
			}
		})
	}
}

func TestRead(t *testing.T) {
	const shown = "POST http://h.test/a?b=c HTTP/1.1\nA: 1\\, x, 2\nDate: Sun\\, 1\n\n{\n  \"n\": 1\n}\n"
	const metadata = "direction: IN\nduration: 155ms\n"
	base := func() *traffic.Record {
		return &traffic.Record{
			ID: "f3ead946-90b1-43ab-a7d6-be3f799e8e83", Time: time.Date(2026, 11, 1, 12, 0, 0, 5e8, time.UTC),
			Direction: traffic.Inbound, Service: "orders", Protocol: traffic.HTTP, Duration: 155 * time.Millisecond,
			Request: &traffic.Request{
				Method: "POST", URL: "/a?b=c", Host: "h.test", Body: []byte(`{"n":1 }`),
				Header: http.Header{"A": {"1, x", "2"}, "Date": {"Sun, 1"}},
			},
			Response: &traffic.Response{Status: 201, Header: http.Header{"Content-Length": {"3"}}, Body: []byte("<a> b")},
		}
	}
	cases := map[string]struct {
		file string
		want func(*traffic.Record)
	}{
		"JSON": {internal("IN", `{"n":1 }`, "<a> b"), func(*traffic.Record) {}},
		"outbound": {internal("OUT", `{"n":1 }`, "<a> b"), func(r *traffic.Record) {
			r.Direction, r.Service = traffic.Outbound, "h.test"
		}},
		"markdown": {
			markdown(shown, "\n<a>\n  b\n", metadata, internal("IN", `{"n":1 }`, "<a> b")), func(*traffic.Record) {},
		},
		"commas that are not escaped": {
			markdown(strings.ReplaceAll(shown, `\,`, ","), "\n<a> b", metadata, internal("IN", `{"n":1 }`, "<a> b")),
			func(*traffic.Record) {},
		},
		"changed by hand": {
			markdown("PUT http://other/c\nB: 2\n\n{\"n\": 3}", "HTTP/1.1 404 Not Found\nC: d\n\n",
				"direction: OUT\nuuid: u\nts: 2026-11-01T13:00:00+01:00\nduration: 1s\n", internal("IN", `{"n":1 }`, "<a> b")),
			func(r *traffic.Record) {
				r.ID, r.Direction, r.Service = "u", traffic.Outbound, "other"
				r.Time, r.Duration = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), time.Second
				r.Request = &traffic.Request{
					Method: "PUT", URL: "/c", Host: "other", Header: http.Header{"B": {"2"}}, Body: []byte(`{"n":3}`),
				}
				r.Response = &traffic.Response{Status: 404, Header: http.Header{"C": {"d"}, "Content-Length": {"3"}}}
			},
		},
		"binary": {
			markdown(shown, "\n(binary)", metadata, internal("IN", `{"n":1 }`, "\xff\xfe")),
			func(r *traffic.Record) { r.Response.Body = []byte("\xff\xfe") },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			want := base()
			c.want(want)
			records, told := outcomes(t, c.file)
			if diff := cmp.Diff([]*traffic.Record{want}, records); diff != "" || len(told) > 0 {
				t.Errorf("told %q\n%s", told, diff)
			}
			if !Sniff([]byte(c.file)) {
				t.Error("not sniffed")
			}
		})
	}
}

func TestTold(t *testing.T) {
	pair := internal("IN", "", "")
	cases := map[string]struct{ file, want string }{
		"protocol":   {`{"msgType":"rrpair","l7protocol":"postgres"}`, "x.md:1: left out: pairs of the protocol postgres"},
		"no request": {`{"msgType":"rrpair"}`, "x.md:1: pair: no request: expected it as http.req"},
		"direction":  {strings.Replace(pair, `"IN"`, `"UP"`, 1), `x.md:1: pair: direction is "UP": expected IN or OUT`},
		"time": {
			strings.Replace(pair, "2026-11", "x", 1),
			`x.md:1: pair: ts is "x-01T12:00:00.5Z": expected RFC 3339`,
		},
		"status": {
			strings.Replace(pair, "201", "2", 1),
			"x.md:1: pair: statusCode is 2: expected a number from 100 to 999",
		},
		"shape":       {`{"msgType":"rrpair","ts":1}`, "x.md:1: pair: json: cannot unmarshal number"},
		"no INTERNAL": {"### REQUEST ###\nGET http://h/ HTTP/1.1\n", "x.md:1: pair: no INTERNAL section"},
		"two": {
			"### REQUEST ###\n### REQUEST ###\n", "x.md:1: pair: two sections REQUEST: expected one pair in each file",
		},
		"request line": {markdown("GET", "", "", pair), `x.md:1: pair: REQUEST: it begins with "GET": expected a line`},
		"header": {
			markdown("GET http://h/\nhello", "", "", pair),
			`x.md:1: pair: REQUEST: found "hello": expected a header`,
		},
		"duration": {
			markdown("", "", "duration: 1", pair),
			`x.md:1: pair: METADATA: duration is "1": expected one such as 155ms`,
		},
		"cut off": {`{"msgType":"rrpair"`, "x.md: after pair 0: truncated"},
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

// TestMark reads both forms behind a byte order mark.
func TestMark(t *testing.T) {
	pair := internal("IN", "{}", "hi")
	for _, whole := range []string{pair, markdown("POST http://h.test/a\n\n{}", "\nhi", "direction: IN\n", pair)} {
		if records, told := outcomes(t, "\xef\xbb\xbf"+whole); len(records) != 1 || len(told) > 0 {
			t.Errorf("%d records, told %q", len(records), told)
		}
	}
}

// TestEveryTruncation cuts both forms at every byte: no record comes of a part.
func TestEveryTruncation(t *testing.T) {
	pair := internal("IN", "{}", "hi")
	for _, whole := range []string{pair, markdown("POST http://h.test/a\n\n{}", "\nhi", "direction: IN\n", pair)} {
		for n := 1; n < len(strings.TrimSpace(whole)); n++ {
			if records, told := outcomes(t, whole[:n]); len(records) > 0 || len(told) != 1 {
				t.Fatalf("after %d bytes: %d records, told %q", n, len(records), told)
			}
		}
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]bool{
		"### REQUEST (TEST) ###\nGET": true, "### RESPONSE (MOCK) ###\r\n": true, `{"a": 1, "msgType" : "rrpair"}`: true,
		"### Request\n": false, "# Title\n\n### REQUEST ###": false, `{"body": "\"msgType\":\"rrpair\""}`: false,
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(internal("IN", "{}", "hi"))
	f.Add(markdown("POST http://h.test/a\nA: b, c\n\n{}", "A: b\n\nhi", "direction: IN\n", internal("OUT", "{}", "hi")))
	f.Fuzz(func(t *testing.T, file string) {
		records, _ := outcomes(t, file)
		for _, r := range records {
			if r.Request.Method == "" || r.ID == "" || r.Duration < 0 {
				t.Errorf("record %+v", r)
			}
		}
	})
}

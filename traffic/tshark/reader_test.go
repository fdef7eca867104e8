package tshark

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

// table writes rows; a cell is separated by a bar.
func table(rows ...string) string {
	return strings.ReplaceAll(strings.Join(rows, "\n"), "|", "\t") + "\n"
}

// outcomes collects the records and what is told of the others.
func outcomes(t *testing.T, file string, o Options) (records []*traffic.Record, told []string) {
	t.Helper()
	return readertest.Outcomes(t, NewReader("x", strings.NewReader(file), o))
}

// line is a record in one line.
func line(r *traffic.Record) string {
	text := fmt.Sprintf("%s %s %s %s%s", r.ID, r.Direction, r.Request.Method, r.Request.Host, r.Request.URL)
	if r.Response != nil {
		text += fmt.Sprintf(" -> %d in %s", r.Response.Status, r.Duration)
	}
	return text
}

func TestWholeExchange(t *testing.T) {
	file := table(
		"frame.number|frame.time_epoch|http.request.method|http.request.full_uri|http.request.line|http.file_data|"+
			"http.response.code|http.response.line|http.request_in|http.time",
		`4|1793534400.000000001|POST|http://h.test/a?b=c,d#e|Host: h.test\r\n,Content-Type: text/x\r\n,A: 1\r\n,A: 2,3\r\n|`+
			`7b7d||||`,
		`6|1793534400.250000000||||4142|200|Content-Length: 2\r\n|4|0.125`,
	)
	records, told := outcomes(t, file, Options{})
	want := []*traffic.Record{{
		ID: "x#4", Time: time.Date(2026, 11, 1, 12, 0, 0, 1, time.UTC), Duration: 125 * time.Millisecond,
		Direction: traffic.Inbound, Protocol: traffic.HTTP,
		Request: &traffic.Request{
			Method: "POST", URL: "/a?b=c,d", Host: "h.test", Body: []byte("{}"),
			Header: http.Header{"Content-Type": {"text/x"}, "A": {"1", "2,3"}},
		},
		Response: &traffic.Response{Status: 200, Header: http.Header{"Content-Length": {"2"}}, Body: []byte("AB")},
	}}
	if diff := cmp.Diff(want, records); diff != "" || len(told) > 0 {
		t.Errorf("told %q\n%s", told, diff)
	}
}

func TestPairing(t *testing.T) {
	const head = "frame.time_epoch|tcp.stream|tcp.dstport|http.request.method|http.request.uri|http.host|" +
		"http.response.code"
	rows := table(
		head,
		"1.0|0|80|GET|/a|h|", "1.1|1|81|GET|/b|h|", "1.2|0|80|GET|/c|h|", "1.3|1|5000||||200",
		"1.4|0|5001||||100", "1.5|0|5001||||404", "1.6|9|5001||||200", "1.7|0|5001||||500", "1.8|2|80|GET|/d|h|",
		"1.9|0|80|GET,GET|/e,/f|h,h|", "2.0|0|80||||",
	)
	records, told := outcomes(t, rows, Options{InboundPorts: []int{80}})
	want := []string{
		"x#2 inbound GET h/a -> 404 in 500ms", "x#3 outbound GET h/b -> 200 in 200ms",
		"x#4 inbound GET h/c -> 500 in 500ms", "x#10 inbound GET h/d",
	}
	var got []string
	for _, r := range records {
		got = append(got, line(r))
	}
	wantTold := []string{
		"x:6: left out: " + interim, "x:8: left out: " + orphans, "x:11: left out: " + several,
		"x:12: left out: " + noMessage,
	}
	if diff := cmp.Diff(want, got) + cmp.Diff(wantTold, told); diff != "" {
		t.Error(diff)
	}
}

func TestBodies(t *testing.T) {
	cases := map[string]struct{ headers, data, want, truncated string }{
		"text":          {`Content-Length: 6\r\n`, `a\r\n\\\tb`, "a\r\n\\\tb", ""},
		"hex":           {"", "7b7d", "{}", ""},
		"hex pairs":     {"", "7b:7d", "{}", ""},
		"digits":        {`Content-Length: 4\r\n`, "7b7d", "7b7d", ""},
		"cut off":       {`Content-Length: 40\r\n`, "7b7d", "", "40"},
		"coded":         {`Content-Length: 40\r\n,Content-Encoding: gzip\r\n`, "7b7d", "{}", ""},
		"empty":         {`Content-Length: 0\r\n`, "", "", ""},
		"not there":     {`Content-Length: 9\r\n`, "", "", "9"},
		"none declared": {"", "", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes(t, table(
				"frame.time_epoch|http.request.method|http.request.uri|http.request.line|http.file_data",
				"1|POST|/|"+c.headers+"|"+c.data,
			), Options{})
			if len(records) != 1 {
				t.Fatalf("told %q", told)
			}
			got := records[0].Request
			if string(got.Body) != c.want || got.Header.Get(traffic.TruncatedHeader) != c.truncated {
				t.Errorf("body %q, header %v", got.Body, got.Header)
			}
		})
	}
	file := table("frame.time_epoch|http.request.method|http.request.uri", "1|PUT|/", "2|GET|/")
	records, _ := outcomes(t, file, Options{})
	if records[0].Request.Header.Get(traffic.TruncatedHeader) != "0" || len(records[1].Request.Header) != 0 {
		t.Errorf("without a column: %v, %v", records[0].Request.Header, records[1].Request.Header)
	}
}

func TestTold(t *testing.T) {
	const head = "frame.time_epoch|http.request.method|http.request.uri"
	const again = "write the file anew with: tshark -T fields -E header=y -e frame.time_epoch " +
		"-e http.request.method -e http.request.uri and others"
	cases := map[string]struct {
		file string
		o    Options
		want string
	}{
		"no names": {table("1.5|GET|/"), Options{}, "x: the first line does not name the columns: " + again},
		"no tabs": {
			strings.ReplaceAll(head, "|", ",") + "\n",
			Options{},
			"x: the columns are not separated by tabs: " + again,
		},
		"no time": {table("http.request.method|x"), Options{}, "x: there is no column frame.time_epoch: " + again},
		"no target": {
			table("http.request.method|frame.time_epoch"),
			Options{},
			"x: there is neither a column http.request.uri nor http.request.full_uri: " + again,
		},
		"no ports": {
			table(head),
			Options{InboundPorts: []int{80}},
			"x: there is no column tcp.dstport, which tells inbound from outbound requests by port",
		},
		"time": {table(head, "noon|GET|/"), Options{}, `x:2: frame.time_epoch is "noon": expected seconds since 1970`},
		"row":  {table(head, "1|GET"), Options{}, "x:2: the row has 2 columns: expected 3"},
		"cut off": {
			strings.TrimSpace(table(head, "1|GET")),
			Options{},
			"x:2: last line is truncated: it has no line break (add one if the line is whole)",
		},
		"url": {
			table("frame.time_epoch|http.request.method|http.request.full_uri", "1|GET|/"),
			Options{},
			`x:2: the url is "/": expected an absolute one, such as http://host/path`,
		},
		"no url": {table(head, "1|GET|"), Options{}, "x:2: http.request.uri is empty: expected a path such as /a?b=c"},
		"status": {
			table(head+"|http.response.code", "1|||20"),
			Options{},
			`x:2: the status is "20": expected a number from 100 to 999`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes(t, c.file, c.o)
			if diff := cmp.Diff([]string{c.want}, told); diff != "" || len(records) > 0 {
				t.Errorf("%d records\n%s", len(records), diff)
			}
		})
	}
}

// TestEveryTruncation cuts rows at every byte: no record is made up, and a row that lacks columns is told.
func TestEveryTruncation(t *testing.T) {
	whole := table("frame.time_epoch|http.request.method|http.request.uri|http.host", "1.5|GET|/a|h", "2.5|GET|/b|h")
	for n := range len(whole) {
		records, told := outcomes(t, whole[:n], Options{})
		if len(records) == 2 && n < len(whole)-2 {
			t.Errorf("after %d bytes: %d records", n, len(records))
		}
		if len(records)+len(told) == 0 && n > 64 {
			t.Errorf("after %d bytes: nothing is told", n)
		}
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]bool{
		"frame.time_epoch\thttp.request.method\thttp.host\n1": true, "\"http.request.method\",\"x\"": true,
		"1793534400.5\t1.2.3.4\t200": true, "1\tGET\t/": true,
		`{"http.request.method": 1}`: false, "a\tb\tc": false, "GET /": false,
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(table("frame.time_epoch|tcp.stream|http.request.method|http.request.uri|http.response.code|http.file_data",
		"1|0|GET|/a||7b7d", "2|0|||200|x"))
	f.Fuzz(func(t *testing.T, file string) {
		records, _ := outcomes(t, file, Options{})
		for _, r := range records {
			if r.Request.URL == "" || r.Duration < 0 {
				t.Errorf("record %+v", r)
			}
		}
	})
}

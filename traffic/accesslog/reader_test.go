package accesslog

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

// outcome reads all and writes each record or error in short.
func outcome(r traffic.Reader) []string {
	var list []string
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return list
		}
		var left *traffic.LeftOutError
		var malformed *traffic.MalformedError
		switch {
		case errors.As(err, &left), errors.As(err, &malformed):
			list = append(list, err.Error())
		case err != nil:
			return append(list, "ended: "+err.Error())
		default:
			q, a := record.Request, record.Response
			list = append(list, fmt.Sprintf("%s %s %s@%s %d %s %v", record.ID, q.Method, q.URL, q.Host, a.Status,
				a.Header.Get(traffic.TruncatedHeader), record.Duration))
		}
	}
}

const at = `[01/Nov/2026:12:00:00 +0100]`

func TestRead(t *testing.T) {
	cases := map[string]struct{ line, want string }{
		"common":       {`1.2.3.4 - bob ` + at + ` "GET /a?b=c HTTP/1.1" 200 17`, "x:1 GET /a?b=c@ 200 17 0s"},
		"combined":     {`1.2.3.4 - - ` + at + ` "GET /a HTTP/2.0" 304 17 "-" "agent"`, "x:1 GET /a@ 304  0s"},
		"host first":   {`h.test 1.2.3.4 - - ` + at + ` "GET / HTTP/1.1" 200 0`, "x:1 GET /@h.test 200  0s"},
		"request time": {`1.2.3.4 - - ` + at + ` "GET / HTTP/1.1" 200 1 "-" "x" 512 0.012 "y"`, "x:1 GET /@ 200 1 12ms"},
		"years": {
			`1.2.3.4 - - ` + at + ` "GET / HTTP/1.1" 200 1 "-" "x" 99999999999.000 1e300ms`, "x:1 GET /@ 200 1 0s",
		},
		"traefik":    {`1.2.3.4 - - ` + at + ` "GET / HTTP/1.1" 200 1 "-" "x" 5 "f" "b" 7ms`, "x:1 GET /@ 200 1 7ms"},
		"escapes":    {`1.2.3.4 - - ` + at + ` "GET /\x22\"\\ HTTP/1.1" 200 1`, `x:1 GET /""\@ 200 1 0s`},
		"space":      {`1.2.3.4 - - ` + at + ` "GET /a b HTTP/1.1" 200 1`, `x:1 GET /a b@ 200 1 0s`},
		"HTTP/0.9":   {`1.2.3.4 - - ` + at + ` "GET /a" 200 1`, `x:1 GET /a@ 200 1 0s`},
		"no request": {`1.2.3.4 - - ` + at + ` "-" 408 -`, "x:1: left out: log lines without a request"},
		"TLS":        {`1.2.3.4 - - ` + at + ` "\x16\x03\x01" 400 1`, "x:1: left out: log lines whose request is no HTTP"},
		"no time":    {`hello`, "x:1: no time in brackets: expected a line of the common or combined log format"},
		"bad time": {
			`1.2.3.4 - - [today] "GET / HTTP/1.1" 200 1`,
			`x:1: the time is "today": expected one such as 02/Jan/2006:15:04:05 -0700`,
		},
		"no quotes":  {`1.2.3.4 - - ` + at + ` GET / 200`, "x:1: no request in quotes behind the time"},
		"no status":  {`1.2.3.4 - - ` + at + ` "GET / HTTP/1.1"`, "x:1: nothing behind the request: expected a status"},
		"bad status": {`1.2.3.4 - - ` + at + ` "GET / HTTP/1.1" ok 1`, `x:1: the status is "ok": expected a number`},
		"status 0": {
			`1.2.3.4 - - ` + at + ` "GET / HTTP/1.1" 000 1`, "x:1: the status is 0: expected a number from 100 to 999",
		},
		"long": {strings.Repeat("x", MaxLine+1), "x:1: the line is too long: more than 1048576 bytes"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file := c.line + "\n\n# comment\r\n" + `1.2.3.4 - - ` + at + ` "GET /last HTTP/1.1" 200 9` + "\n"
			want := []string{c.want, "x:4 GET /last@ 200 9 0s"}
			if diff := cmp.Diff(want, outcome(NewReader("x", strings.NewReader(file)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLastLine reads a last line that has no line break.
func TestLastLine(t *testing.T) {
	const begin = `1.2.3.4 - - ` + at + ` "GET /a HTTP/1.1" 200 17`
	const told = "x:1: last line is truncated: it has no line break (add one if the line is whole)"
	for line, want := range map[string]string{
		begin: told, begin + ` "-"`: told, begin + ` "-" "agent`: told, begin + ` "-" "agent" 0.01`: told,
		begin + ` "-" "agent"`: "x:1 GET /a@ 200 17 0s", begin + ` "-" "agent" 0.010` + "\n": "x:1 GET /a@ 200 17 10ms",
	} {
		if diff := cmp.Diff([]string{want}, outcome(NewReader("x", strings.NewReader(line)))); diff != "" {
			t.Errorf("%s\n%s", line, diff)
		}
	}
}

func TestMessages(t *testing.T) {
	line := `1.2.3.4, 5.6.7.8 - - ` + at + ` "POST /a HTTP/1.1" 201 - "http://r/" "agent"` + "\n"
	r, err := NewReader("x", strings.NewReader(line)).Read()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"User-Agent": {"agent"}, "Referer": {"http://r/"}, "X-Forwarded-For": {"1.2.3.4"},
		traffic.TruncatedHeader: {"0"},
	}
	if diff := cmp.Diff(want, map[string][]string(r.Request.Header)); diff != "" {
		t.Error(diff)
	}
	if r.Time != time.Date(2026, 11, 1, 11, 0, 0, 0, time.UTC) || len(r.Response.Header) > 0 {
		t.Errorf("got %v, %v", r.Time, r.Response.Header)
	}
}

func TestHAProxy(t *testing.T) {
	const end = ` - - ---- 1/1/1/1/0 0/0 `
	cases := map[string]struct{ line, want string }{
		"plain": {
			`1.2.3.4:5 [06/Feb/2009:12:14:14.655] in~ static/srv1 10/0/30/69/109 200 2750` + end +
				`{1wt.eu} {} "GET /i#22.html HTTP/1.1"`,
			`x:1 GET /i".html@ 200 2750 99ms`,
		},
		"syslog, aborted": {
			`Feb  6 12:14:14 h haproxy[1]: 1.2.3.4:5 [06/Feb/2009:12:14:14.655] in in/<NOSRV> -1/-1/-1/-1/+5 503 212` + end +
				`"GET / HTTP/1.1"`,
			"x:1 GET /@ 503 212 5ms",
		},
		"bad request": {
			`1.2.3.4:5 [06/Feb/2009:12:14:14.655] in in/<NOSRV> -1/-1/-1/-1/5 400 212` + end + `"<BADREQ>"`,
			"x:1: left out: log lines without a request",
		},
		"TCP log": {
			`1.2.3.4:5 [06/Feb/2009:12:14:14.655] main app/x 0/0/1 212 -- 1/1/0/0/0 0/0`,
			"x:1: no request in quotes: expected a line of HAProxy's HTTP log, found its TCP log",
		},
		"no timers": {
			`1.2.3.4:5 [06/Feb/2009:12:14:14.655] a b "GET / HTTP/1.1"`,
			`x:1: no timers such as 0/0/1/2/3 and status in " a b "`,
		},
		"no date": {`hello`, "x:1: no accept date in brackets: expected a line of HAProxy's HTTP log"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff([]string{c.want}, outcome(NewHAProxyReader("x", strings.NewReader(c.line+"\n")))); diff != "" {
				t.Error(diff)
			}
			if sniffed := SniffHAProxy([]byte(c.line)); sniffed != !strings.Contains(c.want, "x:1: no") {
				t.Errorf("sniffed: %v", sniffed)
			}
		})
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]bool{
		"# x\n" + `::1 - - ` + at + ` "GET / HTTP/1.1" 200 1`: true, `{"a": 1}`: false, "": false, "1 a 2\nGET": false,
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`1.2.3.4 - - ` + at + ` "GET /a HTTP/1.1" 200 1 "-" "x" 512 0.012` + "\n")
	f.Add(`h[1]: 1.2.3.4:5 [06/Feb/2009:12:14:14.655] in~ s/srv1 10/0/30/69/109 200 2750 - - ---- "GET / HTTP/1.1"` + "\n")
	f.Fuzz(func(t *testing.T, file string) {
		lines := strings.Count(file, "\n") + 1
		for _, open := range []func(string, io.Reader) traffic.Reader{NewReader, NewHAProxyReader} {
			records, told := readertest.Outcomes(t, open("x", strings.NewReader(file)))
			if n := len(records) + len(told); n > lines {
				t.Errorf("%d outcomes of %d lines", n, lines)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	const n = 50_000
	for name, c := range map[string]struct {
		open func(string, io.Reader) traffic.Reader
		line string
	}{
		"combined": {NewReader, `77.179.66.156 - - [25/Oct/2016:14:49:33 +0200] "GET /orders/17 HTTP/1.1" 200 612 "-" ` +
			`"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_12_0) AppleWebKit/537.36"`},
		"HAProxy": {NewHAProxyReader, `haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 ` +
			`10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"`},
	} {
		b.Run(name, func(b *testing.B) {
			file := strings.Repeat(c.line+"\n", n)
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				r := c.open("x", strings.NewReader(file))
				for range n {
					if _, err := r.Read(); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

package gor

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

const (
	get  = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
	post = "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
	ok   = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
)

// record is one record of a file.
func record(meta, message string) string { return meta + "\n" + message + separator }

// outcome reads all and writes each record and error in short.
func outcome(r traffic.Reader) []string {
	var list []string
	for {
		record, err := r.Read()
		var left *traffic.LeftOutError
		var malformed *traffic.MalformedError
		switch {
		case errors.Is(err, io.EOF):
			return list
		case errors.As(err, &left), errors.As(err, &malformed):
			list = append(list, err.Error())
		case err != nil:
			return append(list, "ended: "+err.Error())
		default:
			list = append(list, short(record))
		}
	}
}

func short(r *traffic.Record) string {
	text := fmt.Sprintf("%s %s %s %q", r.ID, r.Request.Method, r.Request.URL, r.Request.Body)
	if r.Response != nil {
		text += fmt.Sprintf(" %d %q %v", r.Response.Status, r.Response.Body, r.Duration)
	}
	return text
}

func TestRead(t *testing.T) {
	cases := map[string]struct {
		file string
		want []string
	}{
		"pair": {
			record("1 a1 1000000000 5", get) + record("2 a1 1003000000 1000000", ok),
			[]string{`a1 GET /a "" 200 "fine" 4ms`},
		},
		"interleaved, three fields": {
			record("1 a1 1000000000", get) + record("1 b2 1000000000", post) + record("2 b2 1001000000", ok) +
				record("2 a1 1002000000", ok),
			[]string{`b2 POST /b "hi" 200 "fine" 1ms`, `a1 GET /a "" 200 "fine" 2ms`},
		},
		"response first": {
			record("2 a1 1002000000", ok) + record("1 a1 1000000000", get),
			[]string{`a1 GET /a "" 200 "fine" 2ms`},
		},
		"no response, response with the time of the request": {
			record("1 a1 5", get) + record("1 b2 6", get) + record("2 b2 6 9", ok),
			[]string{`b2 GET /a "" 200 "fine" 0s`, `a1 GET /a ""`},
		},
		"last record without separator": {
			record("1 a1 5", get) + "1 b2 6 \r\n" + post, []string{`a1 GET /a ""`, `b2 POST /b "hi"`},
		},
		"last record without separator and body": {"1 a1 5\n" + get, []string{`a1 GET /a ""`}},
		"one id twice": {
			record("1 a1 5", get) + record("1 a1 6", post) + record("2 a1 7", ok),
			[]string{`a1 GET /a "" 200 "fine" 2ns`, `a1 POST /b "hi"`},
		},
		"left out": {
			record("1 a1 5", get) + record("3 a1 6 7", ok) + record("2 zz 6", ok),
			[]string{
				"x.gor:2: left out: answers of an earlier replay", "x.gor:3: left out: responses without their request",
				`a1 GET /a ""`,
			},
		},
		"malformed": {
			record("1 a1", get) + record("1 a1 soon", get) + record("1 a1 5 x", get) + record("9 a1 5", get) +
				record("1 a1 5", "hello") + "1 a1 5" + separator + record("1 b2 6", get) + record("2 b2 7", "what"),
			[]string{
				`x.gor:1: the record begins with "1 a1": expected "1 id time"`,
				`x.gor:2: the time is "soon": expected Unix nanoseconds`,
				`x.gor:3: the latency is "x": expected nanoseconds`,
				`x.gor:4: the record begins with "9 a1 5": expected "1 id time"`,
				`x.gor:5: request: the message is not complete`,
				`x.gor:6: nothing follows the first line: expected an HTTP message`,
				`x.gor:8: response: the message is not complete`,
				`b2 GET /a ""`,
			},
		},
		"codings undone, headers left": {
			record("1 a1 5", "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nplain text") +
				record("2 a1 6", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"),
			[]string{`a1 POST /c "plain text" 200 "plain" 1ns`},
		},
		"empty": {"", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			whole := outcome(NewReader("x.gor", strings.NewReader(c.file)))
			if diff := cmp.Diff(c.want, whole); diff != "" {
				t.Error(diff)
			}
			bytewise := outcome(NewReader("x.gor", iotest.OneByteReader(strings.NewReader(c.file))))
			if diff := cmp.Diff(whole, bytewise); diff != "" {
				t.Errorf("byte by byte:\n%s", diff)
			}
		})
	}
}

func TestWindow(t *testing.T) {
	var file strings.Builder
	for i := range window + 5 {
		file.WriteString(record(fmt.Sprintf("1 id%d %d", i, i+1), get))
	}
	file.WriteString(record("2 id0 9", ok))
	file.WriteString(record(fmt.Sprintf("2 id%d 99999", window), ok))
	list := outcome(NewReader("x", strings.NewReader(file.String())))
	if len(list) != window+6 || list[0] != `id0 GET /a ""` {
		t.Fatalf("%d, the first %q", len(list), list[0])
	}
	if last := list[5]; !strings.Contains(last, "left out") && !strings.Contains(last, " 200 ") {
		t.Errorf("after the window: %q", last)
	}
}

func TestStreamError(t *testing.T) {
	broken := io.MultiReader(strings.NewReader(record("1 a1 5", get)+"1 b"), iotest.ErrReader(errors.New("disk")))
	want := []string{`a1 GET /a ""`, "ended: disk"}
	if diff := cmp.Diff(want, outcome(NewReader("x", broken))); diff != "" {
		t.Error(diff)
	}
}

func TestTimeAndHost(t *testing.T) {
	r, err := NewReader("x", strings.NewReader(record("1 a1 1700000000123456789 5", get))).Read()
	if err != nil {
		t.Fatal(err)
	}
	if r.Time != time.Unix(1700000000, 123456789).UTC() || r.Request.Host != "h" || r.Direction != traffic.Inbound {
		t.Errorf("got %+v", r)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(record("1 a1 5", get) + record("2 a1 6", ok)))
	f.Add([]byte("1 a1 5\nGET"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if n := len(outcome(NewReader("x", strings.NewReader(string(file))))); n > len(file)+1 {
			t.Errorf("%d outcomes of %d bytes", n, len(file))
		}
	})
}

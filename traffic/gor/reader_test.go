package gor

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
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

// apart ends the error of a record that is no message.
const apart = ", as where GoReplay has cut a chunked message apart: expected an HTTP/1 message"

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
				"x.gor:2: left out: answers of an earlier replay", `a1 GET /a ""`,
				"x.gor:3: left out: responses without their request",
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
				`x.gor:5: request: it begins with "hello"` + apart,
				`x.gor:6: nothing follows the first line: expected an HTTP message`,
				`x.gor:8: response: it begins with "what"` + apart,
				`b2 GET /a ""`,
			},
		},
		"codings undone, headers left": {
			record("1 a1 5", "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nplain text") +
				record("2 a1 6", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"),
			[]string{`a1 POST /c "plain text" 200 "plain" 1ns`},
		},
		"lengths that are none": {
			record("1 a1 5", "POST /c HTTP/1.1\r\nContent-Length: -1\r\n\r\nhi") +
				record("1 b2 5", "POST /c HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nhi"),
			[]string{`a1 POST /c "hi"`, `b2 POST /c "hi"`},
		},
		"more than a message": {
			record("1 a1 5", "POST /a HTTP/1.1\r\n\r\nhi") + record("1 b2 6", post+" there") + record("1 c3 6", post+"\r\n") +
				record("2 c3 7", ok+get),
			[]string{
				"x.gor:1: left out: " + behind, "x.gor:2: left out: " + behind, "x.gor:4: left out: " + behind,
				`c3 POST /b "hi" 200 "fine" 1ns`, `a1 POST /a ""`, `b2 POST /b "hi"`,
			},
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

// TestWindowBytes reads large requests without responses: what waits is bounded, and nothing is lost.
func TestWindowBytes(t *testing.T) {
	const count, size = 500, 100_000
	var file strings.Builder
	for i := range count {
		file.WriteString(record(fmt.Sprintf("1 id%d %d", i, i+1), fmt.Sprintf(
			"PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))))
	}
	r := NewReader("x", strings.NewReader(file.String())).(*reader)
	for i := range count {
		got, err := r.Read()
		if err != nil || got.ID != fmt.Sprintf("id%d", i) || len(got.Request.Body) != size {
			t.Fatalf("request %d: %v", i, err)
		}
		if r.requests.size > windowBytes || r.requests.count+i+1 > count {
			t.Fatalf("%d requests of %d bytes wait", r.requests.count, r.requests.size)
		}
	}
}

// TestLargeBodies reads small blocks whose bodies are large once they are decoded: what is kept is bounded all the
// same, also where it waits for the connections to be known.
func TestLargeBodies(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(make([]byte, 6<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	message := fmt.Sprintf("PUT / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s",
		packed.Len(), &packed)
	var file strings.Builder
	for i := range 12 {
		file.WriteString(record(fmt.Sprintf("1 %s %d", id(i, 80, i), i+1), message))
	}
	r := NewReader("x", strings.NewReader(file.String())).(*reader)
	for i := range 12 {
		if _, err := r.Read(); err != nil {
			t.Fatal(err)
		}
		if kept := r.requests.count + len(r.out); kept > 6 {
			t.Fatalf("after %d records %d are kept", i+1, kept)
		}
	}
}

// TestCutSeparator ends a file within its last separator: it is no part of the body.
func TestCutSeparator(t *testing.T) {
	whole := record("1 a1 5", get) + record("2 a1 6", "HTTP/1.1 200 OK\r\n\r\nhi")
	for n := range len(separator) + 1 {
		got := outcome(NewReader("x", strings.NewReader(whole[:len(whole)-n])))
		if diff := cmp.Diff([]string{`a1 GET /a "" 200 "hi" 1ns`}, got); diff != "" {
			t.Errorf("without the last %d bytes:\n%s", n, diff)
		}
	}
}

func TestStreamError(t *testing.T) {
	broken := io.MultiReader(strings.NewReader(record("1 a1 5", get)+"1 b"), iotest.ErrReader(errors.New("disk")))
	want := []string{`a1 GET /a ""`, "ended: x: record 2: disk"}
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
		records, told := readertest.Outcomes(t, NewReader("x", strings.NewReader(string(file))))
		if n := len(records) + len(told); n > len(file)+1 {
			t.Errorf("%d outcomes of %d bytes", n, len(file))
		}
	})
}

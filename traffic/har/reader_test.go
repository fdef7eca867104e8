package har

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

// archive wraps entries.
func archive(entries ...string) string {
	return `{"log": {"version": "1.2", "creator": {"name": "x", "entries": [1]}, "entries": [` +
		strings.Join(entries, ",\n") + `], "comment": "end"}}`
}

// outcomes reads all; errors stand as their text.
func outcomes(name, file string) (records []*traffic.Record, told []string) {
	r := NewReader(name, strings.NewReader(file))
	for {
		record, err := r.Read()
		var left *traffic.LeftOutError
		var malformed *traffic.MalformedError
		switch {
		case errors.Is(err, io.EOF):
			return records, told
		case errors.As(err, &left), errors.As(err, &malformed):
			told = append(told, err.Error())
		case err != nil:
			return records, append(told, "ended: "+err.Error())
		default:
			records = append(records, record)
		}
	}
}

func TestRead(t *testing.T) {
	records, told := outcomes("a/b.har", "\xef\xbb\xbf"+archive(`{
		"startedDateTime": "2026-11-01T12:00:00.5+01:00", "time": 900, "_x": {"y": []},
		"timings": {"blocked": 500, "send": 1, "wait": 20, "receive": 2.5, "ssl": -1},
		"request": {"method": "POST", "url": "https://shop.test:8443/a?b=c#frag", "httpVersion": "h3", "headers": [
			{"name": ":authority", "value": "shop.test"}, {"name": "accept", "value": "x"}, {"name": "ACCEPT", "value": "y"}],
			"postData": {"mimeType": "text/plain", "text": "hello"}},
		"response": {"status": 201,
			"headers": [{"name": "Set-Cookie", "value": "a=1\nb=2"}, {"name": "Content-Encoding", "value": "br"}],
			"content": {"size": 2, "mimeType": "text/plain", "text": "hi"}}}`))
	want := []*traffic.Record{{
		ID: "b.har#1", Time: time.Date(2026, 11, 1, 11, 0, 0, 5e8, time.UTC), Direction: traffic.Inbound,
		Protocol: traffic.HTTP, Duration: 23500 * time.Microsecond,
		Request: &traffic.Request{
			Method: "POST", URL: "/a?b=c", Host: "shop.test:8443", Header: map[string][]string{"Accept": {"x", "y"}},
			Body: []byte("hello"),
		},
		Response: &traffic.Response{
			Status: 201, Header: map[string][]string{"Set-Cookie": {"a=1", "b=2"}, "Content-Encoding": {"br"}},
			Body: []byte("hi"),
		},
	}}
	if diff := cmp.Diff(want, records); diff != "" || told != nil {
		t.Errorf("told %q\n%s", told, diff)
	}
}

func TestRequestBody(t *testing.T) {
	cases := map[string]struct{ post, want string }{
		"none":                            {`null`, ""},
		"empty, as Firefox writes on GET": {`{"mimeType": "", "params": [], "text": ""}`, ""},
		"parameters": {
			`{"mimeType": "application/x-www-form-urlencoded",
				"params": [{"name": "a b", "value": "1&2"}, {"name": "c", "value": "%C3%A4"}]}`,
			"a+b=1%262&c=%C3%A4",
		},
		"base64": {`{"text": "AAE=", "encoding": "base64"}`, "\x00\x01"},
		"multipart": {
			`{"mimeType": "multipart/form-data; boundary=b", 
				"params": [{"name": "f", "fileName": "x.txt", "contentType": "text/plain", "value": "hi"}]}`,
			"--b\r\nContent-Disposition: form-data; filename=x.txt; name=f\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b--\r\n",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes("x",
				archive(`{"request": {"method": "POST", "url": "http://h/", "postData": `+c.post+`}}`))
			if len(records) != 1 || string(records[0].Request.Body) != c.want || records[0].Response != nil {
				t.Fatalf("told %q, records %+v", told, records)
			}
		})
	}
}

func TestResponseBody(t *testing.T) {
	coded := func(body string) string {
		return `{"status": 200, "headers": [{"name": "content-encoding", "value": "gzip"}],
			"content": {"text": "` + body + `", "encoding": "base64"}}`
	}
	const gzipped = "H4sIAAAAAAAA/8tIzcnJBwCGphA2BQAAAA==" // "hello"
	cases := map[string]struct{ response, want, truncated string }{
		"text":          {`{"status": 200, "content": {"size": 1, "text": "a"}}`, "a", ""},
		"base64":        {`{"status": 200, "content": {"size": 1, "text": "YQ==", "encoding": "base64"}}`, "a", ""},
		"not kept":      {`{"status": 200, "content": {"size": 17}}`, "", "17"},
		"none":          {`{"status": 204, "content": {"size": 17}}`, "", ""},
		"not decodable": {coded("YQ=="), "a", ""},
		"as sent":       {coded(gzipped), "hello", ""},
		"attached":      {`{"status": 200, "content": {"size": 5, "_file": "body.txt"}}`, "there", ""},
		"lost":          {`{"status": 200, "content": {"size": -1, "_file": "other.txt"}}`, "", "0"},
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "body.txt"), []byte("there"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes(filepath.Join(dir, "x.har"),
				archive(`{"request": {"method": "GET", "url": "http://h/"}, "response": `+c.response+`}`))
			if len(records) != 1 {
				t.Fatalf("told %q", told)
			}
			got := records[0].Response
			if string(got.Body) != c.want || got.Header.Get(traffic.TruncatedHeader) != c.truncated {
				t.Errorf("body %q, header %v", got.Body, got.Header)
			}
		})
	}
}

func TestTold(t *testing.T) {
	request := func(url string) string { return `{"request": {"method": "GET", "url": "` + url + `"}}` }
	cases := map[string]struct {
		file string
		want []string
	}{
		"data URL":  {archive(request("data:text/plain,x")), []string{"x:1: left out: requests that are not over HTTP"}},
		"WebSocket": {archive(request("wss://h/x")), []string{"x:1: left out: WebSocket connections"}},
		"blocked": {
			archive(`{"request": {"method": "GET", "url": "http://h/"}, "response": {"status": 0}}`),
			[]string{"x:1: left out: requests without an answer that were blocked or failed (status 0)"},
		},
		"no request": {archive(`{}`), []string{"x:1: entry: an entry needs a request with method and url"}},
		"no host": {archive(request("http:///x")), []string{
			`x:1: entry: the url is "http:///x": expected an absolute one, such as http://host/path`,
		}},
		"status": {
			archive(`{"request": {"method": "GET", "url": "http://h/"}, "response": {"status": 2000}}`),
			[]string{"x:1: entry: the status is 2000: expected a number from 100 to 999"},
		},
		"time": {
			archive(`{"startedDateTime": "today", "request": {"method": "GET", "url": "http://h/"}}`),
			[]string{`x:1: entry: startedDateTime is "today": expected a time such as 2026-11-01T12:00:00.000Z`},
		},
		"path traversal": {
			archive(`{"request": {"method": "GET", "url": "http://h/"},
				"response": {"status": 200, "content": {"_file": "../../etc/passwd"}}}`),
			[]string{"x:1: entry: content: its file beside the archive: openat ../../etc/passwd: path escapes from parent"},
		},
		"no archive": {`{"a": 1}`, []string{`ended: x: no HTTP archive: it has no "log"`}},
		"no entries": {`{"log": {"version": "1.2"}}`, []string{`ended: x: no HTTP archive: it has no "entries"`}},
		"entries":    {`{"log": {"entries": {}}}`, []string{`ended: x: no HTTP archive: found '{' at byte 20, expected '['`}},
		"other JSON": {`callback({})`, []string{
			"ended: x: no HTTP archive: found 'c' at byte 0, expected '{'",
		}},
		"cut off": {strings.TrimSuffix(archive(request("data:x")), `"end"}}`), []string{
			"x:1: left out: requests that are not over HTTP", "ended: x: after entry 1: truncated at byte 142",
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes("x", c.file)
			if diff := cmp.Diff(c.want, told); diff != "" || len(records) > 0 {
				t.Errorf("%d records\n%s", len(records), diff)
			}
		})
	}
}

// TestEveryTruncation cuts an archive at every byte: what was read is whole, and the end is told.
func TestEveryTruncation(t *testing.T) {
	const request = `{"request": {"method": "GET", "url": "http://h/"}}`
	whole := archive(request, request)
	for n := range len(whole) {
		_, told := outcomes("x", whole[:n])
		if len(told) != 1 || !strings.Contains(told[0], "truncated") {
			t.Fatalf("after %d bytes: %q", n, told)
		}
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]bool{
		`{"log":{"version`: true, "{\n \"log\" : {": true, `{"pages": 1, "startedDateTime": 2`: true,
		`{"log": "a line"}`: false, `{"id": 1}`: false, `log`: false,
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(archive(`{"request": {"method": "GET", "url": "http://h/"},
		"response": {"status": 200, "content": {"text": "x"}}}`))
	f.Fuzz(func(t *testing.T, file string) {
		records, _ := readertest.Outcomes(t, NewReader("x", strings.NewReader(file)))
		for _, r := range records {
			if r.Request.Host == "" || !strings.HasPrefix(r.Request.URL, "/") {
				t.Errorf("request %+v", r.Request)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	entry := `{"startedDateTime": "2026-11-01T12:00:00.5Z", "time": 9, "request": {"method": "GET", "url": "https://h/a",
		"headers": [{"name": "accept", "value": "text/html"}, {"name": "user-agent", "value": "bench bench bench"}]},
		"response": {"status": 200, "headers": [{"name": "content-type", "value": "application/json"}],
		"content": {"size": 400, "text": "` + strings.Repeat(`{\"a\": \"hello world\"}`, 40) + `"}}}`
	file := archive(slices.Repeat([]string{entry}, 5000)...)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if records, told := outcomes("x", file); len(records) != 5000 {
			b.Fatal(told)
		}
	}
}

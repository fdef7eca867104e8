package vegeta

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

// outcomes collects the records and what is told of the others.
func outcomes(t *testing.T, name, file string) (records []*traffic.Record, told []string) {
	t.Helper()
	return readertest.Outcomes(t, NewReader(name, strings.NewReader(file)))
}

func inbound(id string, r *traffic.Request) *traffic.Record {
	if r.Header == nil {
		r.Header = http.Header{}
	}
	return &traffic.Record{
		ID: id, Time: time.Unix(0, 0).UTC(), Direction: traffic.Inbound, Protocol: traffic.HTTP, Request: r,
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "body.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		file string
		want []*traffic.Record
	}{
		"JSON": {
			`{"method": "GET", "url": "http://h.test:81/a?b=c#d"}
			 {"method":"POST","url":"https://h/","body":"aGk=","header":{"x-a":["1","2"],"Host":["other"]}}`,
			[]*traffic.Record{
				inbound("t#1", &traffic.Request{Method: "GET", URL: "/a?b=c", Host: "h.test:81"}),
				inbound("t#2", &traffic.Request{
					Method: "POST", URL: "/", Host: "other", Header: http.Header{"X-A": {"1", "2"}}, Body: []byte("hi"),
				}),
			},
		},
		"http": {
			"# users\nGET http://h/a\nGET http://h/b\nX-A: 1: 2\nx-a:3\n# more\n\n\nPUT http://h\r\n@body.json\r\nA: b\r\n",
			[]*traffic.Record{
				inbound("t#1", &traffic.Request{Method: "GET", URL: "/a", Host: "h"}),
				inbound("t#2", &traffic.Request{
					Method: "GET", URL: "/b", Host: "h", Header: http.Header{"X-A": {"1: 2", "3"}},
				}),
				inbound("t#3", &traffic.Request{
					Method: "PUT", URL: "/", Host: "h", Header: http.Header{"A": {"b"}}, Body: []byte("{}"),
				}),
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes(t, filepath.Join(dir, "t"), c.file)
			if diff := cmp.Diff(c.want, records); diff != "" || len(told) > 0 {
				t.Errorf("told %q\n%s", told, diff)
			}
			if !Sniff([]byte(c.file)) {
				t.Error("not sniffed")
			}
		})
	}
}

func TestTold(t *testing.T) {
	cases := map[string]struct {
		file    string
		records int
		want    []string
	}{
		"target": {"hello\n\nGET http://h/\n", 1, []string{
			`t:1: found "hello": expected a target such as GET http://host/path`,
		}},
		"relative": {"\n GET /a\nGET http://h/", 1, []string{
			`t:2: the url is "/a": expected an absolute one, such as http://host/path`,
		}},
		"header": {"GET http://h/\nhello\nA: b\n\nGET http://h/", 1, []string{
			`t:1: found "hello": expected a header such as Accept: */*`,
		}},
		"outside": {"GET http://h/\n@../../etc/passwd\n", 0, []string{
			"t:1: the body is not in the folder of the targets: openat ../../etc/passwd: path escapes from parent",
		}},
		"method": {`{"method": "get", "url": "http://h/"}` + "\n", 0, []string{
			`t:1: the method is "get": expected one such as GET`,
		}},
		"cut off": {`{"method": "GE`, 0, []string{"t:1: last line is truncated: unexpected end of JSON input"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes(t, "t", c.file)
			if diff := cmp.Diff(c.want, told); diff != "" || len(records) != c.records {
				t.Errorf("%d records\n%s", len(records), diff)
			}
		})
	}
}

// TestEveryTruncation cuts targets in JSON at every byte: each is read whole or told.
func TestEveryTruncation(t *testing.T) {
	const whole = `{"method":"GET","url":"http://h/a"}` + "\n" + `{"method":"GET","url":"http://h/b"}` + "\n"
	for n := range len(whole) {
		records, told := outcomes(t, "t", whole[:n])
		if want := strings.Count(whole[:n], "{"); len(records)+len(told) != want {
			t.Errorf("after %d bytes: %d records, told %q", n, len(records), told)
		}
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]bool{
		"GET http://h/ \n": true, "#\n\nGET http://h/": true, `{"url": "http://h/", "method": "GET"}`: true,
		"GET http://h/ HTTP/1.1": false, "GET /": false, "# only": false,
		`{"url": "/", "method": "GET"}`: false, `{"url": "http://h/", "method": "GET", "status": 200}`: false,
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("GET http://h/a\nA: b\n@x\n\nPOST http://h\n")
	f.Add(`{"method": "GET", "url": "http://h/", "body": "aGk="}`)
	f.Fuzz(func(t *testing.T, file string) {
		records, _ := outcomes(t, filepath.Join(t.TempDir(), "t"), file)
		for _, r := range records {
			if r.Request.Host == "" || !strings.HasPrefix(r.Request.URL, "/") {
				t.Errorf("request %+v", r.Request)
			}
		}
	})
}

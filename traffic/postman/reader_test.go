package postman

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

const (
	info = `"info": {"name": "c", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}`
	vars = `"variable": [{"key": "host", "value": "http://{{name}}:81"}, {"key": "name", "value": "h.test"},
		{"key": "n", "value": 7}, {"key": "off", "value": 1, "disabled": true}]`
)

func document(items string) string {
	return `{` + info + `, "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "t{{n}}"}]}, ` + vars +
		`, "item": [` + items + `]}`
}

// outcomes collects the records and what is told of the others.
func outcomes(t *testing.T, file string) (records []*traffic.Record, told []string) {
	t.Helper()
	return readertest.Outcomes(t, NewReader("x", strings.NewReader(file)))
}

func TestExamples(t *testing.T) {
	file := document(`{"name": "orders", "auth": {"type": "noauth"}, "item": [{"name": "deep", "item": [
		{"name": "create", "request": {"method": "POST", "url": {"raw": "{{host}}/a/:id?b={{n}}#c",
			"variable": [{"key": "id", "value": "1 2"}]}, "header": [{"key": "x-a", "value": "1"},
			{"key": "B", "value": "2", "disabled": true}], "body": {"mode": "raw", "raw": "{\"n\": {{n}}}",
			"options": {"raw": {"language": "json"}}}},
		 "response": [{"code": 201, "header": [{"key": "Content-Type", "value": "text/plain"}], "body": "hi",
			"responseTime": 12, "originalRequest": {"method": "PUT", "url": "{{host}}/b"}},
			{"code": 400, "header": null, "body": null}]}]}]},
		{"name": "plain", "request": "{{baseUrl}}/c"}`)
	epoch := time.Unix(0, 0).UTC()
	want := []*traffic.Record{
		{
			ID: "x#1", Time: epoch, Session: "orders/deep", Direction: traffic.Inbound, Protocol: traffic.HTTP,
			Duration: 12 * time.Millisecond,
			Request:  &traffic.Request{Method: "PUT", URL: "/b", Host: "h.test:81", Header: http.Header{}},
			Response: &traffic.Response{Status: 201, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("hi")},
		},
		{
			ID: "x#2", Time: epoch, Session: "orders/deep", Direction: traffic.Inbound, Protocol: traffic.HTTP,
			Request: &traffic.Request{
				Method: "POST", URL: "/a/1%202?b=7", Host: "h.test:81", Body: []byte(`{"n": 7}`),
				Header: http.Header{"X-A": {"1"}, "Content-Type": {"application/json"}},
			},
			Response: &traffic.Response{Status: 400, Header: http.Header{}},
		},
		{
			ID: "x#3", Time: epoch, Direction: traffic.Inbound, Protocol: traffic.HTTP,
			Request: &traffic.Request{Method: "GET", URL: "/c", Header: http.Header{"Authorization": {"Bearer t7"}}},
		},
	}
	records, told := outcomes(t, file)
	if diff := cmp.Diff(want, records); diff != "" || len(told) > 0 {
		t.Errorf("told %q\n%s", told, diff)
	}
	if !Sniff([]byte(file)) {
		t.Error("not sniffed")
	}
	if wrapped, _ := outcomes(t, `{"collection": `+file+`}`); len(wrapped) != 3 {
		t.Errorf("%d records in what the API gives", len(wrapped))
	}
}

func TestBodies(t *testing.T) {
	multi := "--" + boundary + "\r\nContent-Disposition: form-data; name=a\r\n\r\n7\r\n--" + boundary + "--\r\n"
	cases := map[string]struct{ body, want, kind, truncated string }{
		"raw": {`"mode": "raw", "raw": "{{n}}"`, "7", "text/plain", ""},
		"urlencoded": {`"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "{{n}} &"}, {"key": "b", "value": "c"},
			{"key": "d", "disabled": true}]`, "a=7+%26&b=c", "application/x-www-form-urlencoded", ""},
		"graphql": {
			`"mode": "graphql", "graphql": {"query": "{a}", "variables": "{\"n\": 1}"}`,
			`{"query":"{a}","variables":{"n":1}}`, "application/json", "",
		},
		"formdata": {
			`"mode": "formdata", "formdata": [{"key": "a", "value": "{{n}}", "type": "text"}]`, multi,
			"multipart/form-data; boundary=" + boundary, "",
		},
		"form with a file": {`"mode": "formdata", "formdata": [{"key": "a", "type": "file"}]`, "", "", "0"},
		"file":             {`"mode": "file", "file": {"src": "/etc/passwd"}`, "", "", "0"},
		"disabled":         {`"mode": "raw", "raw": "x", "disabled": true`, "", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes(t, document(`{"request": {"method": "POST", "url": "h/", "body": {`+c.body+`}}}`))
			if len(records) != 1 {
				t.Fatalf("told %q", told)
			}
			r := records[0].Request
			if string(r.Body) != c.want || r.Header.Get("Content-Type") != c.kind ||
				r.Header.Get(traffic.TruncatedHeader) != c.truncated || r.Host != "h" {
				t.Errorf("body %q, header %v", r.Body, r.Header)
			}
		})
	}
}

func TestAuth(t *testing.T) {
	cases := map[string]struct{ auth, url, header, want string }{
		"basic": {
			`"type": "basic", "basic": [{"key": "username", "value": "a"}, {"key": "password", "value": "{{n}}"}]`,
			"/", "Authorization", "Basic YTo3",
		},
		"API key": {
			`"type": "apikey", "apikey": [{"key": "key", "value": "x-k"}, {"key": "value", "value": "v"}]`,
			"/", "X-K", "v",
		},
		"in the query": {`"type": "apikey", "apikey": {"key": "k", "value": "v&", "in": "query"}`, "/?k=v%26", "X-K", ""},
		"OAuth":        {`"type": "oauth2", "oauth2": []`, "/", "Authorization", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes(t, document(`{"request": {"url": "http://h", "auth": {`+c.auth+`}}}`))
			if len(records) != 1 {
				t.Fatalf("told %q", told)
			}
			if r := records[0].Request; r.URL != c.url || r.Header.Get(c.header) != c.want {
				t.Errorf("got %s, %v", r.URL, r.Header)
			}
		})
	}
}

func TestTold(t *testing.T) {
	cases := map[string]struct{ file, want string }{
		"unset in the path": {document(`{"request": "http://h/{{off}}"}`), "x:1: left out: " + unset},
		"unset in a header": {document(`{"request": {"url": "h", "header": "A: {{a}}"}}`), "x:1: left out: " + unset},
		"unset in the body": {
			document(`{"request": {"url": "h", "body": {"mode": "raw", "raw": "{{$guid}}"}}}`),
			"x:1: left out: " + unset,
		},
		"unset behind base": {document(`{"request": "{{baseUrl}}/{{id}}"}`), "x:1: left out: " + unset},
		"a circle": {
			`{"variable": [{"key": "a", "value": "{{a}}x"}], "item": [{"request": "http://h/{{a}}"}]}`,
			"x:1: left out: " + unset,
		},
		"no end": {
			`{"variable": [{"key": "a", "value": "` + strings.Repeat("{{a}}", 500) + `"}],
				"item": [{"request": "http://h/{{a}}"}]}`,
			"x:1: left out: " + unset,
		},
		"no address": {
			document(`{"name": "r", "request": {"method": "GET"}}`),
			`x:1: request "r": the url is "": expected an absolute one`,
		},
		"status": {
			document(`{"request": "h", "response": [{"code": 7}]}`),
			`x:1: request "": the code is 7: expected a number from 100 to 999`,
		},
		"GraphQL's variables": {
			document(`{"request": {"url": "h", "body": {"mode": "graphql", "graphql": {"query": "q", "variables": "x"}}}}`),
			`x:1: request "": the variables of the GraphQL query are no JSON`,
		},
		"no collection": {`{"item": 1}`, "x: found '1' at byte 9, expected '['"},
		"null":          {`{"item": null}`, `x: no collection of Postman: it has no "item"`},
		"no JSON":       {`{"item"]`, "x: found ']' at byte 7, expected ':'"},
		"no null":       {`{"item": [{"request": nil}]}`, `x: found "nil" at byte 22, expected null`},
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

// TestPlaces has what a folder hands down stand behind its requests, or a mistake in one of them.
func TestPlaces(t *testing.T) {
	file := `{"item": [
		{"item": [{"request": "http://{{h}}/{{a}}", "name": "in"}, {"name": "bad", "request": 7},
			{"item": [{"request": "{{h}}/{{a}}"}], "name": "deeper", "variable": [{"key": "a", "value": "3"}]}],
			"name": "folder", "variable": [{"key": "a", "value": "2"}]},
		{"name": "empty"}, {"request": "http://{{h}}/{{a}}", "variable": [{"key": "a", "value": "4"}]}, {"item": []},
		{"request": "http://{{h}}/{{a}}"}],
		"auth": {"type": "bearer", "bearer": [{"key": "token", "value": "t"}]},
		"variable": [{"key": "h", "value": "host"}, {"key": "a", "value": "1"}]}`
	records, told := outcomes(t, file)
	var got []string
	for _, r := range records {
		q := r.Request
		got = append(got, strings.Join([]string{r.ID, r.Session, q.Host, q.URL, q.Header.Get("Authorization")}, " "))
	}
	want := []string{
		"x#1 folder host /2 Bearer t", "x#3 folder/deeper host /3 Bearer t", "x#4  host /4 Bearer t",
		"x#5  host /1 Bearer t",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(told) != 2 || !strings.HasPrefix(told[0], `x:2: request "bad": json: cannot unmarshal number`) ||
		told[1] != "x: left out: "+neither {
		t.Errorf("told %q", told)
	}
}

// TestNull has null stand for what is not there.
func TestNull(t *testing.T) {
	for file, want := range map[string]string{
		`{"item": [{"request": null, "name": "f", "item": [{"request": "http://h/a"}]}], "auth": null}`: "/a",
		`{"collection": null, "item": [{"item": null, "request": "http://h/b", "response": null}]}`:     "/b",
	} {
		records, told := outcomes(t, file)
		if len(records) != 1 || records[0].Request.URL != want || len(told) > 0 {
			t.Errorf("%s: %d records, told %q", file, len(records), told)
		}
	}
}

func TestDeepest(t *testing.T) {
	deep := strings.Repeat(`{"item": [`, deepest+2) + strings.Repeat(`]}`, deepest+2)
	_, told := outcomes(t, deep)
	if len(told) != 1 || !strings.Contains(told[0], "more than 100 folders within one another") {
		t.Errorf("told %q", told)
	}
}

// TestEveryTruncation cuts a collection at every byte: nothing is read of a part, and the end is told.
func TestEveryTruncation(t *testing.T) {
	whole := document(`{"name": "a", "request": {"url": "http://h/"}, "response": [{"code": 200, "body": "hi"}]}`)
	for n := range len(whole) {
		records, told := outcomes(t, whole[:n])
		if len(records) > 0 || len(told) != 1 || !strings.Contains(told[0], "truncated") {
			t.Fatalf("after %d bytes: %d records, told %q", n, len(records), told)
		}
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]bool{
		`{` + info: true, `{"collection": {` + strings.ReplaceAll(info, "/", `\/`): true,
		`{"schema": "https://json-schema.org"`: false, info: false,
	} {
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(document(`{"name": "a", "request": {"url": "{{host}}/:a"}, "response": [{"code": 200, "body": "hi"}]}`))
	f.Fuzz(func(t *testing.T, file string) {
		records, _ := outcomes(t, file)
		for _, r := range records {
			if !strings.HasPrefix(r.Request.URL, "/") || r.Request.Method == "" {
				t.Errorf("record %+v", r.Request)
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		}
	})
}

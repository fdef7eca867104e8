package transform

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
)

// start is when the captures of these tests begin, later the present.
var (
	start = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	later = start.Add(48 * time.Hour)
)

// load compiles a list of transforms; files lie beside the run file.
func load(tb testing.TB, list string, files map[string]string) (*Chain, spec.Diagnostics) {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	doc, ds := spec.Parse("run.yaml", []byte(list), spec.Options{})
	var configs []Config
	ds.Add(spec.Decode(doc.Root, &configs))
	c, more := New(configs,
		Options{Now: later, Resolve: func(name string) string { return filepath.Join(dir, name) }})
	ds.Add(more)
	c.Begin(start)
	return c, ds
}

func mustLoad(tb testing.TB, list string, files map[string]string) *Chain {
	tb.Helper()
	c, ds := load(tb, list, files)
	if ds.Err() != nil {
		tb.Fatal(ds)
	}
	return c
}

// header is made of lines, each a name and a value.
func header(lines ...string) http.Header {
	h := http.Header{}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		h.Add(name, value)
	}
	return h
}

func record(target, body, answer string, headers ...string) *traffic.Record {
	return &traffic.Record{
		ID: "r1", Time: start, Direction: traffic.Inbound, Protocol: traffic.HTTP,
		Request: &traffic.Request{
			Method: "POST", URL: target, Host: "api.prod.com", Header: header(headers...),
			Body: []byte(body),
		},
		Response: &traffic.Response{
			Status: 200, Header: header("Content-Type: application/json"),
			Body: []byte(answer),
		},
	}
}

// told writes a record as text: target, host, headers of the request, body, headers of the answer, answer.
func told(r *traffic.Record) string {
	lines := []string{r.Request.URL + " " + r.Request.Host}
	for _, h := range []http.Header{r.Request.Header, r.Response.Header} {
		for _, name := range slices.Sorted(maps.Keys(h)) {
			lines = append(lines, name+": "+strings.Join(h[name], " | "))
		}
		if len(lines) > 0 && h != nil {
			lines = append(lines, "-")
		}
	}
	return strings.Join(append(lines, string(r.Request.Body), string(r.Response.Body)), "\n")
}

func TestTransforms(t *testing.T) {
	const (
		json = "Content-Type: application/json"
		form = "Content-Type: application/x-www-form-urlencoded"
	)
	cases := map[string]struct {
		list   string
		files  map[string]string
		in     *traffic.Record
		want   *traffic.Record
		counts []int
	}{
		"redact headers of both sides": {
			list: `[{redact: {headers: [cookie, Content-Type]}}]`,
			in:   record("/a", "", "{}", "Cookie: s=1"),
			want: &traffic.Record{Request: &traffic.Request{
				URL: "/a", Host: "api.prod.com",
				Header: header("Cookie: REDACTED"),
			}, Response: &traffic.Response{
				Header: header("Content-Type: REDACTED"),
				Body:   []byte("{}"),
			}},
			counts: []int{1, 1},
		},
		"redact keeps types, layout and what is beside": {
			list: `[{redact: {json: ["$..card", "$.list[1]", "$.deep"]}}]`,
			in: record("/a", `{ "card" : "41\"11", "n": 1.50 }`,
				`[{"card":4111},{"x":{"card":[true,null,{"y":"z"}]}}]`+"\n", json),
			want: record("/a", `{ "card" : "REDACTED", "n": 1.50 }`,
				`[{"card":0},{"x":{"card":[false,null,{"y":"REDACTED"}]}}]`+"\n", json),
			counts: []int{5, 0, 0},
		},
		"redact by index and in all elements": {
			list: `[{redact: {json: ["$.list[1]", "$.people[*]['mail', 'tel']"]}}]`,
			in:   record("/a", `{"list":["a","b","c"],"people":[{"mail":"m","tel":1,"x":2}]}`, `{}`, json),
			want: record("/a", `{"list":["a","REDACTED","c"],"people":[{"mail":"REDACTED","tel":0,"x":2}]}`, `{}`,
				json),
			counts: []int{1, 2},
		},
		"redact names written with escapes and lines of JSON": {
			list:   `[{redact: {json: ["$.pin"]}}]`,
			in:     record("/a", "{\"p\\u0069n\":\"1\"}\n{\"pin\":2}\n", `{}`, json),
			want:   record("/a", "{\"p\\u0069n\":\"REDACTED\"}\n{\"pin\":0}\n", `{}`, json),
			counts: []int{2},
		},
		"redact query and form": {
			list:   `[{redact: {query: [token, x], form: ["pass word"]}}]`,
			in:     record("/a?token=abc&b=1&token=%20", "user=u&pass+word=p&x=1", "{}", form),
			want:   record("/a?token=REDACTED&b=1&token=REDACTED", "user=u&pass+word=REDACTED&x=1", "{}", form),
			counts: []int{2, 0, 1},
		},
		"token only where there is one": {
			list: `[{token: {header: authorization, value: Bearer shadow}},
				{token: {header: X-Key, value: k}, allow_unused: true}]`,
			in:     record("/a", "", "{}", "Authorization: Bearer prod"),
			want:   record("/a", "", "{}", "Authorization: Bearer shadow"),
			counts: []int{1, 0},
		},
		"cookies": {
			list:   `[{cookies: {set: {sid: new, lang: de}, remove: [track]}}]`,
			in:     record("/a", "", "{}", "Cookie: sid=old; track=1; a=b"),
			want:   record("/a", "", "{}", "Cookie: sid=new; a=b; lang=de"),
			counts: []int{1, 1, 1},
		},
		"the last cookie goes with its header": {
			list:   `[{cookies: {remove: track}}]`,
			in:     record("/a", "", "{}", "Cookie: track=1"),
			want:   record("/a", "", "{}"),
			counts: []int{1},
		},
		"host": {
			list: `[{host: {from: api.prod.com, to: "localhost:8080"}}]`,
			in: record("https://api.prod.com/a?u=api.prod.com",
				`{"u":"https://api.prod.com/x","v":"my.api.prod.com","w":"api.prod.com.evil"}`, `"api.prod.com."`,
				"Origin: https://api.prod.com"),
			want: func() *traffic.Record {
				r := record("https://localhost:8080/a?u=localhost:8080",
					`{"u":"https://localhost:8080/x","v":"my.api.prod.com","w":"api.prod.com.evil"}`, `"localhost:8080."`,
					"Origin: https://localhost:8080")
				r.Request.Host = "localhost:8080"
				return r
			}(),
			counts: []int{6},
		},
		"ids": {
			list:  `[{ids: {map: ids.csv}}]`,
			files: map[string]string{"ids.csv": "# old,new\n17,99\nc-1,c 2\n"},
			in: record("/users/17/c-1?id=17&x=170", `{"id":17,"name":"17","other":[1,170,"c-1"],"17":0}`,
				`{"of":"c-1"}`, json, "X-User: 17", "Cookie: u=17; v=18", "Referer: https://17/users/17?id=17"),
			want: record("/users/99/c%202?id=99&x=170", `{"id":99,"name":"99","other":[1,170,"c 2"],"17":0}`,
				`{"of":"c 2"}`, json, "X-User: 99", "Cookie: u=99; v=18", "Referer: https://17/users/99?id=99"),
			counts: []int{11},
		},
		"ids in forms": {
			list:   `[{ids: {map: ids.csv}}]`,
			files:  map[string]string{"ids.csv": "17,99\n"},
			in:     record("/a", "id=17&name=x", "{}", form),
			want:   record("/a", "id=99&name=x", "{}", form),
			counts: []int{1},
		},
		"times move to the present": {
			list: `[{time: {shift: capture_to_now}}]`,
			in: record("/a?since=2026-11-01T09:00:00Z&at=1793527200",
				`{"a":"2026-11-01T11:00:00.120+02:00","s":1793527200,"ms":1793527200123,`+
					`"text":"1793527200","phone":1493527200,"old":"1980-01-01T00:00:00Z","f":1793527200.5}`,
				`{"at":"2026-11-01T10:00:00.5Z"}`, json, "If-Modified-Since: Sun, 01 Nov 2026 10:00:00 GMT"),
			want: record("/a?since=2026-11-03T09%3A00%3A00Z&at=1793700000",
				`{"a":"2026-11-03T11:00:00.120+02:00","s":1793700000,"ms":1793700000123,`+
					`"text":"1793700000","phone":1493527200,"old":"1980-01-01T00:00:00Z","f":1793527200.5}`,
				`{"at":"2026-11-03T10:00:00.5Z"}`, json, "If-Modified-Since: Tue, 03 Nov 2026 10:00:00 GMT"),
			counts: []int{8},
		},
		"times move by a duration, back too": {
			list:   `[{time: {shift: -1h}}]`,
			in:     record("/a", `{"a":"2026-11-01T11:00:00Z"}`, `{}`, json),
			want:   record("/a", `{"a":"2026-11-01T10:00:00Z"}`, `{}`, json),
			counts: []int{1},
		},
		"times written with escapes": {
			list:   `[{time: {shift: 1h}}]`,
			in:     record("/a", `{"a":"2026-11-01T11:00:00\u002b02:00","b":"a \"b\""}`, `{}`, json),
			want:   record("/a", `{"a":"2026-11-01T12:00:00+02:00","b":"a \"b\""}`, `{}`, json),
			counts: []int{1},
		},
		"names with signs that may be escaped": {
			list:   `[{redact: {json: ["$['a/b']"]}}]`,
			in:     record("/a", `{"a\/b":"x","c":1}`, `{}`, json),
			want:   record("/a", `{"a\/b":"REDACTED","c":1}`, `{}`, json),
			counts: []int{1},
		},
		"redact query of URLs in headers": {
			list: `[{redact: {query: [token]}}]`,
			in: record("/a?token=x#token=z&b=1", "", "{}",
				"Referer: https://h/?a=1&token=y#top", "X-Other: /?token=y"),
			want: record("/a?token=REDACTED#token=REDACTED&b=1", "", "{}",
				"Referer: https://h/?a=1&token=REDACTED#top", "X-Other: /?token=y"),
			counts: []int{3},
		},
		"host behind escapes, with its port": {
			list: `[{host: {from: api.prod.com, to: "localhost:8080"}}]`,
			in: record("/a?u=https%3A%2F%2Fapi.prod.com%3A1", `{"u":"https:\u002f\u002fapi.prod.com","v":"see\napi.prod.com"}`,
				`["https://api.prod.com:443/x","api.prod.com:x"]`),
			want: func() *traffic.Record {
				r := record("/a?u=https%3A%2F%2Flocalhost:8080%3A1",
					`{"u":"https:\u002f\u002flocalhost:8080","v":"see\nlocalhost:8080"}`,
					`["https://localhost:8080/x","localhost:8080:x"]`)
				r.Request.Host = "localhost:8080"
				return r
			}(),
			counts: []int{6},
		},
		"ids beside URLs, in cookies of all kinds": {
			list:  `[{ids: {map: ids.csv}}]`,
			files: map[string]string{"ids.csv": "17,99\nc 1,c;2\n"},
			in: record("/users/17?next=https://h/17/x#17", "", "{}", `Cookie: a="17"; b=c%201; c=x`,
				"Location: /go/http://h/17?id=17#top"),
			want: record("/users/99?next=https://h/17/x#17", "", "{}", `Cookie: a="99"; b=c%3B2; c=x`,
				"Location: /go/http://h/99?id=99#top"),
			counts: []int{5},
		},
		"cookies set where there are several": {
			list:   `[{cookies: {set: {sid: new}}}]`,
			in:     record("/a", "", "{}", "Cookie: sid=1; a=b; sid=2"),
			want:   record("/a", "", "{}", "Cookie: sid=new; a=b"),
			counts: []int{1},
		},
		"values that are changed twice, and read as text between": {
			list: `[{ids: {map: ids.csv}}, {replace: {regexp: "9(9)", with: "17"}}, {ids: {map: ids.csv}},
				{json: {set: {$.b: x}}}, {redact: {json: $.b}}]`,
			files:  map[string]string{"ids.csv": "17,99\n"},
			in:     record("/a", `{"a":17,"b":1}`, `{}`, json, "Content-Length: 14"),
			want:   record("/a", `{"a":99,"b":"REDACTED"}`, `{}`, json, "Content-Length: 23"),
			counts: []int{1, 1, 1, 1, 1},
		},
		"bodies that were coded": {
			list:   `[{redact: {json: $.a}}]`,
			in:     record("/a", `{"a":"1234"}`, `{}`, "Content-Encoding: gzip", "Content-Length: 36"),
			want:   record("/a", `{"a":"REDACTED"}`, `{}`, "Content-Encoding: gzip", "Content-Length: 36"),
			counts: []int{1},
		},
		"bytes that are no UTF-8, repeated names and the spelling of numbers": {
			list:   `[{redact: {json: $.pin}}, {ids: {map: ids.csv}}]`,
			files:  map[string]string{"ids.csv": "17,99\n"},
			in:     record("/a", "{\"x\":\"\xff\",\"pin\":1,\"n\":1.50e+02,\"pin\":\"2\",\"id\":17}", `{}`, json),
			want:   record("/a", "{\"x\":\"\xff\",\"pin\":0,\"n\":1.50e+02,\"pin\":\"REDACTED\",\"id\":99}", `{}`, json),
			counts: []int{2, 1},
		},
		"set and remove headers": {
			list: `[{set_header: {x-test: "1", host: test.local}}, {remove_header: [x-old, content-type], in: both}]`,
			in:   record("/a", "", "{}", "X-Old: 1"),
			want: &traffic.Record{Request: &traffic.Request{
				URL: "/a", Host: "test.local",
				Header: header("X-Test: 1"),
			}, Response: &traffic.Response{Header: http.Header{}, Body: []byte("{}")}},
			counts: []int{1, 1, 1, 1},
		},
		"set and remove values of JSON": {
			list: `[{json: {set: {$.tier: gold, "$.deep.n": 7, "$.list[*].q": null}, remove: [$.a, $.z, "$..secret"]}}]`,
			in: record("/a",
				`{"a":1,"tier":{"x":[1,2]},"deep":{"secret":1},"list":[{"q":3},{},{"secret":2,"b":1}],"z":3}`, `{"a":1}`,
				json),
			want: record("/a", `{"tier":"gold","deep":{"n":7},"list":[{"q":null},{"q":null},{"b":1,"q":null}]}`,
				`{"a":1}`, json),
			counts: []int{1, 3, 1, 1, 1, 2},
		},
		"remove members one behind the other": {
			list:   `[{json: {remove: [$.b, $.c, "$.l[0]", "$.l[2]", $.o.only]}}]`,
			in:     record("/a", `{"a":1, "b":2, "c":3, "l":[1, 2, 3], "o": {"only": 1}}`, `{}`, json),
			want:   record("/a", `{"a":1, "l":[2], "o": {}}`, `{}`, json),
			counts: []int{1, 1, 1, 1, 1},
		},
		"the length is that of the new body": {
			list:   `[{replace: {regexp: a+, with: b}}]`,
			in:     record("/", `aaa`, `{}`, "Content-Length: 3"),
			want:   record("/", `b`, `{}`, "Content-Length: 1"),
			counts: []int{1},
		},
		"replace": {
			list:   `[{replace: {regexp: "v(\\d)-beta", with: "v$1"}, in: both}]`,
			in:     record("/v1-beta/x", `v2-beta v3-beta`, `"v4-beta"`, "X-V: v5-beta"),
			want:   record("/v1/x", `v2 v3`, `"v4"`, "X-V: v5"),
			counts: []int{5},
		},
		"in their order": {
			list:   `[{set_header: {X-A: one}}, {replace: {regexp: one, with: two}}, {redact: {headers: x-a}}]`,
			in:     record("/a", "", "{}"),
			want:   record("/a", "", "{}", "X-A: REDACTED"),
			counts: []int{1, 1, 1},
		},
		"where": {
			list: `[{set_header: {A: "1"}, where: "POST /users/{id}"}, {set_header: {B: "1"}, where: "GET *"},
				{set_header: {C: "1"}, where: {endpoint: "* /users/*", direction: inbound}}, {set_header: {D: "1"},
					where: {direction: outbound}},
				{set_header: {E: "1"}, where: {service: pay}}]`,
			in:     record("/users/17", "", "{}"),
			want:   record("/users/17", "", "{}", "A: 1", "C: 1"),
			counts: []int{1, 0, 1, 0, 0},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, tc.list, tc.files)
			if err := c.Apply(tc.in); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(told(tc.want), told(tc.in)); diff != "" {
				t.Error(diff)
			}
			var counts []int
			for _, u := range c.Uses() {
				counts = append(counts, u.Count)
			}
			if diff := cmp.Diff(tc.counts, counts); diff != "" {
				t.Errorf("counts: %s", diff)
			}
		})
	}
}

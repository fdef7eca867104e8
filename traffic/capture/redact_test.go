package capture

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRedactionOfJSON(t *testing.T) {
	cases := map[string]struct {
		rules      []string
		body, want string
	}{
		"name": {
			[]string{"json:password"},
			`{"a":{"password":"x"},"password" : "y"}`,
			`{"a":{"password":"REDACTED"},"password" : "REDACTED"}`,
		},
		"any depth": {[]string{"json:$..password"}, `[{"password":"x\"y"}]`, `[{"password":"REDACTED"}]`},
		"member":    {[]string{"json:$.a.b"}, `{"a":{"b":1,"c":2},"b":3}`, `{"a":{"b":0,"c":2},"b":3}`},
		"bracket":   {[]string{`json:$["a b"]['c']`}, `{"a b":{"c":"x"}}`, `{"a b":{"c":"REDACTED"}}`},
		"items": {
			[]string{"json:$.list[*].t"},
			`{"list":[{"t":"a"},{"t":true}]}`,
			`{"list":[{"t":"REDACTED"},{"t":false}]}`,
		},
		"one item":  {[]string{"json:$[1]"}, `["a","b","c"]`, `["a","REDACTED","c"]`},
		"deep item": {[]string{"json:$..[0]"}, `[["a"],"b"]`, `[["REDACTED"],"b"]`},
		"object": {
			[]string{"json:$.card"},
			`{"card":{"no":4111,"name":"A","ok":true,"x":null,"l":["a"]}}`,
			`{"card":{"no":0,"name":"REDACTED","ok":false,"x":null,"l":["REDACTED"]}}`,
		},
		"all": {[]string{"json:$.*"}, `{"a":"x","b":2}`, `{"a":"REDACTED","b":0}`},
		"several": {
			[]string{"json:a", "json:$.b"},
			`{"a":"x","b":"y","c":{"b":"z","a":"w"}}`,
			`{"a":"REDACTED","b":"REDACTED","c":{"b":"z","a":"REDACTED"}}`,
		},
		"escaped name": {[]string{"json:password"}, `{"pass\u0077ord":"x"}`, `{"pass\u0077ord":"REDACTED"}`},
		"lines": {
			[]string{"json:t"},
			"{\"t\":\"a\"}\n{\"t\":\"b\"}\n", "{\"t\":\"REDACTED\"}\n{\"t\":\"REDACTED\"}\n",
		},
		"nothing":       {[]string{"json:t"}, `{"a":1e5, "b":[ ]}`, `{"a":1e5, "b":[ ]}`},
		"empty objects": {[]string{"json:t"}, `{"t":{},"a":[{}]}`, `{"t":{},"a":[{}]}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := redaction(t, c.rules...)
			got, err := r.body([]byte(c.body), http.Header{"Content-Type": {"application/json"}})
			if err != nil || string(got) != c.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestRedactionOfBodies(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	cases := map[string]struct {
		media, body, want string
		fails             bool
	}{
		"form":              {form + "; charset=utf-8", "a=1&pass+word=x%26", "a=1&pass+word=REDACTED", false},
		"broken JSON":       {"application/json", `{"t":"x`, "", true},
		"too deep":          {"application/json", strings.Repeat("[", 2000), "", true},
		"text":              {"text/plain", `t=x`, `t=x`, false},
		"JSON by its looks": {"text/plain", ` {"t":"x"}`, ` {"t":"REDACTED"}`, false},
		"text like JSON":    {"text/plain", `[t] x`, `[t] x`, false},
		"problem":           {"application/problem+json", `{"t":"x"}`, `{"t":"REDACTED"}`, false},
		"JSON of curl":      {form, `{"t":"x"}`, `{"t":"REDACTED"}`, false},
		"broken by looks":   {"text/plain", `{"t":"x`, "", true},
		"marked":            {"", "\ufeff{\"t\":\"x\"}", "\ufeff{\"t\":\"REDACTED\"}", false},
		"UTF-16":            {"application/json", "\xff\xfe{\x00\"\x00t\x00", "", true},
		"untyped form":      {"", "a=1&pass+word=x;y#z&b=2", "a=1&pass+word=REDACTED&b=2", false},
		"semicolons":        {form, "a=1;pass%20word=x", "a=1;pass%20word=REDACTED", false},
		"multipart": {
			`multipart/form-data; boundary="b c"`, parts("b c", "x"), parts("b c", "REDACTED"), false,
		},
		"cut multipart":   {"multipart/form-data; boundary=b", parts("b", "x")[:60], "", true},
		"other boundary":  {"multipart/form-data; boundary=c", parts("b", "x"), "", true},
		"multipart alone": {"multipart/form-data", parts("b", "x"), "", true},
		"coded part": {
			"multipart/form-data; boundary=b", "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--", "", true,
		},
	}
	r := redaction(t, "form:pass word", "json:t")
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := r.body([]byte(c.body), http.Header{"Content-Type": {c.media}})
			if (err != nil) != c.fails || string(got) != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// parts is a multipart body with a secret: as a field, and in JSON.
func parts(boundary, secret string) string {
	return strings.ReplaceAll("--"+boundary+"\nContent-Disposition: form-data; name=\"pass word\"\n\n"+secret+
		"\n--"+boundary+"\nContent-Disposition: form-data; name=\"j\"\nContent-Type: application/json\n\n{\"t\":\""+secret+
		"\"}\n--"+boundary+"\nContent-Disposition: form-data; name=a; filename=a\n\nx\n--"+boundary+"--\n", "\n", "\r\n")
}

func TestRedactionOfHeads(t *testing.T) {
	r := redaction(t, "authorization", "header:X-Key", "query:token", "cookie:sid")
	h := http.Header{
		"Authorization": {"Bearer x"}, "X-Key": {"a", "b"}, "Location": {"/next?token=x&n=1#top"},
		"Referer": {"https://a.example/?n=1"}, "Cookie": {"theme=dark; sid=abc"},
		"Set-Cookie": {"sid=abc; Path=/; sid=x", "theme=dark"},
		"Link":       {`<https://a.example/?page=2&token=x>; rel="next"`}, "Refresh": {"1; url=/a#/b?token=x"},
	}
	r.header(h)
	want := http.Header{
		"Authorization": {"REDACTED"}, "X-Key": {"REDACTED", "REDACTED"}, "Location": {"/next?token=REDACTED&n=1#top"},
		"Referer": {"https://a.example/?n=1"}, "Cookie": {"theme=dark; sid=REDACTED"},
		"Set-Cookie": {"sid=REDACTED; Path=/; sid=x", "theme=dark"},
		"Link":       {`<https://a.example/?page=2&token=REDACTED>; rel="next"`}, "Refresh": {"1; url=/a#/b?token=REDACTED"},
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	for target, want := range map[string]string{
		"/a?x=%zz&token=1&token=&t%6fken=2": "/a?x=%zz&token=REDACTED&token=REDACTED&t%6fken=REDACTED",
		"/a?n=1;token=x;y#z&b=2":            "/a?n=1;token=REDACTED&b=2",
		"/a#access=1&token=2":               "/a#access=1&token=REDACTED",
		"/a?x=token=1&=&token=":             "/a?x=token=1&=&token=REDACTED",
		"/token=1":                          "/token=1",
		"/a?token":                          "/a?token",
	} {
		if got := r.target(target); got != want {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
	}
	if diff := cmp.Diff([]string{"authorization", "header:X-Key", "query:token", "cookie:sid"}, r.Rules()); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

func TestNewRedactionRefuses(t *testing.T) {
	for _, rule := range []string{
		"", "header:", "body:x", "json:", "json:$", "json:$.", "json:$..", "json:$x", "json:$[", "json:$[x]", "json:$[-1]",
		`json:$["a]`, "json:$.a[]", "json:$" + strings.Repeat(".a", 64),
	} {
		_, err := NewRedaction(rule)
		if rule == "json:$" { // the whole body
			if err != nil {
				t.Errorf("%s: %v", rule, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "redaction") {
			t.Errorf("%q: error is %v", rule, err)
		}
	}
}

func FuzzRedactJSON(f *testing.F) {
	f.Add(`{"a":{"secret":"x"},"b":[1,true,null,"secret"]}`)
	f.Add(`[{"s\u0065cret":{"c":[]}}] {"x":-1.5e+3}`)
	f.Add(`{"a"`)
	f.Fuzz(func(t *testing.T, body string) {
		var paths jsonPaths
		for _, p := range []string{"$..secret", "$.a.b[0]", "$[*].x"} {
			if err := paths.add(p); err != nil {
				t.Fatal(err)
			}
		}
		got, err := paths.redact([]byte(body))
		if !json.Valid([]byte(body)) {
			return
		}
		if err != nil || !json.Valid(got) {
			t.Fatalf("%q: got %q, %v", body, got, err)
		}
		again, err := paths.redact(got)
		if err != nil || string(again) != string(got) {
			t.Errorf("%q: redacting again makes %q of %q, %v", body, again, got, err)
		}
		if len(got) > 0 && strings.Contains(body, "\"secret\":\"") && !strings.Contains(string(got), Redacted) {
			t.Errorf("%q: nothing was taken out", body)
		}
	})
}

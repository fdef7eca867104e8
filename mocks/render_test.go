package mocks_test

import (
	"bufio"
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/mocks"
)

// asked is the request that the answers in testdata were recorded for.
func asked(body string) *mocks.Request {
	return &mocks.Request{
		Method: "POST", Path: "/a/b", RawQuery: "q=1&q=two&id=7&a%20b=x%2By&amp=%3C%26%22", Host: "localhost:8080",
		ID: "r1", ClientIP: "127.0.0.1", Body: *mocks.NewValue(body),
		Header: http.Header{
			"X-One": {"h1", "h2"}, "Cookie": {"session=s1; c=c1"}, "Content-Type": {"application/json"},
		},
	}
}

const (
	askedJSON = `{"a":{"b":"x<y"},"list":[{"k":"v","n":1.50}],"name":"nm"}`
	askedXML  = `<a id="1"><b>t1</b><c/></a>`
)

// templated is a stub whose body is a template.
func templated(t *testing.T, template string) *mocks.Stub {
	t.Helper()
	mapping, err := json.Marshal(map[string]any{
		"request": map[string]any{"urlPathTemplate": "/{id}/{x}"},
		"response": map[string]any{
			"body": template, "transformers": []string{"response-template"},
			"transformerParameters": map[string]any{"name": "given", "deep": []string{"first"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(mapping))
}

func rendering(s *mocks.Stub, body string) mocks.RenderContext {
	return mocks.RenderContext{
		Request: asked(body), Pattern: s.Request, Random: rand.New(rand.NewPCG(1, 2)),
		Now: time.Date(2026, 3, 15, 12, 30, 45, 0, time.UTC),
	}
}

// testdata/templates.jsonl holds what WireMock 3.13.2 answered.
func TestRenderAsWireMock(t *testing.T) {
	file, err := os.Open("testdata/templates.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var c struct {
			Template, Want string
			XML            *string
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		t.Run(c.Template, func(t *testing.T) {
			s := templated(t, c.Template)
			wants := map[string]string{askedJSON: c.Want, askedXML: c.Want}
			if c.XML != nil {
				wants[askedXML] = *c.XML
			}
			for body, want := range wants {
				got, err := s.Response.Render(t.Context(), rendering(s, body))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, string(got.Body)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", body, diff)
				}
			}
		})
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
}

func TestRenderHelpers(t *testing.T) {
	tests := map[string]struct{ template, want string }{
		"now":       {`{{now}}`, `2026-03-15T12:30:45Z`},
		"now moved": {`{{now offset='-1 months' format='yyyy-MM-dd'}}`, `2026-02-15`},
		"time zone": {`{{now timezone='GMT+2' format='HH:mm XXX'}}`, `14:30 \+02:00`},
		"uuid": {
			`{{randomValue type='UUID'}}`,
			`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`,
		},
		"random":        {`{{randomValue length=5 type='NUMERIC'}}`, `[0-9]{5}`},
		"random upper":  {`{{randomValue length=5 type='ALPHABETIC' uppercase=true}}`, `[A-Z]{5}`},
		"random number": {`{{randomInt lower=5 upper=7}}`, `[56]`},
		"decimal":       {`{{randomDecimal lower=1 upper=2}}`, `1\.[0-9]+`},
		"pick":          {`{{pickRandom 'a' 'b'}}{{pickRandom (array 'c' 'd')}}`, `[ab][cd]`},
		"request": {
			`{{request.id}} {{request.host}} {{request.port}} {{request.baseUrl}} {{request.clientIp}}`,
			`r1 localhost 8080 http://localhost:8080 127.0.0.1`,
		},
		"order": {`{{#each (range 3 1)}}x{{else}}none{{/each}}`, `none`},
		"merge": {`{{jsonMerge '{"a":{"b":1}}' '{"a":{"c":null}}' removeNulls=true}}`, `\{"a":\{"b":1\}\}`},
		"sort": {
			`{{jsonSort '{"l":[{"n":1},{"n":3}]}' '$.l[*].n' order='desc'}}`,
			`\{"l":\[\{"n":3\},\{"n":1\}\]\}`,
		},
		"soap": {
			`{{soapXPath '<s:Envelope xmlns:s="u"><s:Body><a>1</a></s:Body></s:Envelope>' '/a/text()'}}`,
			`1`,
		},
		"length":   {`{{jsonPath request.body '$.list.length()'}}`, `1`},
		"hostname": {`{{hostname}}`, `.+`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := templated(t, tt.template)
			got, err := s.Response.Render(t.Context(), rendering(s, askedJSON))
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(`\A(?:` + tt.want + `)\z`).Match(got.Body) {
				t.Errorf("got %s, want %s", got.Body, tt.want)
			}
		})
	}
}

// Without a path template the path is decoded.
func TestRenderDecodedPath(t *testing.T) {
	s := parse(t, `{"request": {"urlPathPattern": "/.*"}, "response": {"transformers": ["response-template"],
		"body": "{{request.path}} {{request.path.[1]}} {{size request.pathSegments}}`+
		`{{#each request.pathSegments}}|{{this}}{{/each}}"}}`)
	c := rendering(s, "")
	c.Request.Path = "/a+b/c%20d/"
	got, err := s.Response.Render(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if want := "/a+b/c d/ c d 2|a+b|c d"; string(got.Body) != want {
		t.Errorf("got %s, want %s", got.Body, want)
	}
}

// A template that would write or work without end is stopped.
func TestRenderIsBounded(t *testing.T) {
	tests := map[string]string{
		"output":  `{{#assign 'x'}}0123456789{{/assign}}` + strings.Repeat(`{{#assign 'x'}}{{x}}{{x}}{{/assign}}`, 40),
		"steps":   strings.Repeat(`{{#each (range 1 1000)}}`, 4) + `.` + strings.Repeat(`{{/each}}`, 4),
		"range":   `{{range 1 1000000000}}`,
		"random":  `{{randomValue length=1000000000}}`,
		"padding": `{{rjust 'x' size=1000000000}}`,
		"replace": `{{#assign 'x'}}{{randomValue length=100000}}{{/assign}}{{replace (replace x '' x) '' x}}`,
	}
	for name, template := range tests {
		t.Run(name, func(t *testing.T) {
			s := templated(t, template)
			if got, err := s.Response.Render(t.Context(), rendering(s, "")); err == nil {
				t.Errorf("it wrote %d bytes", len(got.Body))
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		s := templated(t, `{{#each (range 1 1000)}}{{this}}{{/each}}`)
		if _, err := s.Response.Render(ctx, rendering(s, "")); err == nil {
			t.Error("it was rendered")
		}
	})
}

func TestRenderFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secret.txt"), "secret")
	write(t, filepath.Join(dir, "__files", "a.txt"), "for {{request.query.id}}")
	write(t, filepath.Join(dir, "mappings", "a.json"), `{"request": {}, "response": {
		"bodyFileName": "{{request.headers.X-File}}", "transformers": ["response-template"],
		"headers": {"X-Id": ["{{request.query.id}}", "plain"]}, "proxyBaseUrl": "http://{{request.path.[0]}}"}}`)
	stubs, err := mocks.LoadStubs(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := stubs[0].Response
	c := rendering(stubs[0], "")
	c.Request.Header.Set("X-File", "a.txt")
	got, err := r.Render(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	want := &mocks.Rendered{
		Status: 200, Body: []byte("for 7"), Headers: map[string]mocks.Values{"X-Id": {"7", "plain"}},
		Proxy: mocks.Proxy{BaseURL: "http://a"},
	}
	if diff := cmp.Diff(want, got); diff != "" || !r.Templated() {
		t.Errorf("rendered (-want +got):\n%s", diff)
	}
	for _, name := range []string{"../secret.txt", "/../secret.txt", "none.txt"} {
		c.Request.Header.Set("X-File", name)
		if got, err := r.Render(t.Context(), c); err == nil {
			t.Errorf("%s was served: %s", name, got.Body)
		}
	}
}

// A missing body file is read when it is asked for, if that was allowed.
func TestLateFile(t *testing.T) {
	dir := t.TempDir()
	options := mocks.Options{Lenient: true, Files: mocks.FilesUnder(dir)}
	stubs, err := options.Parse("a.json", []byte(`{"request": {}, "response": {"bodyFileName": "a.txt"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stubs[0].Response.Render(t.Context(), mocks.RenderContext{}); err == nil {
		t.Error("a missing file was served")
	}
	write(t, filepath.Join(dir, "a.txt"), "late")
	got, err := stubs[0].Response.Render(t.Context(), mocks.RenderContext{})
	if err != nil || string(got.Body) != "late" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestWebhook(t *testing.T) {
	s := parse(t, `{"request": {}, "response": {}, "postServeActions": [{"name": "webhook", "parameters": {
		"method": "{{jsonPath originalRequest.body '$.name'}}", "url": "http://x/{{parameters.extra}}", "extra": "e1",
		"headers": {"A": "{{originalRequest.query.id}}"}, "body": "{{originalRequest.method}}",
		"delay": {"type": "fixed", "milliseconds": 1500}}}]}`)
	hooks := s.Webhooks()
	if len(hooks) != 1 || hooks[0].Wait(nil) != 1500*time.Millisecond {
		t.Fatalf("hooks: %v", hooks)
	}
	got, err := hooks[0].Render(t.Context(), rendering(s, askedJSON))
	if err != nil {
		t.Fatal(err)
	}
	if got.Method != "NM" || got.URL != "http://x/e1" || got.Body != "POST" || got.Headers["A"][0] != "7" {
		t.Errorf("got %+v", got)
	}
}

func TestLognormalIsBounded(t *testing.T) {
	s := parse(t, `{"request": {}, "response": {
		"delayDistribution": {"type": "lognormal", "median": 80, "sigma": 2, "maxValue": 100}}}`)
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		if d := s.Response.Wait(random); d > 100*time.Millisecond {
			t.Fatalf("waits %s", d)
		}
	}
}

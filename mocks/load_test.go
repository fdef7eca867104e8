package mocks_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/mocks"
)

// first begins the errors about a mapping without a name.
const first = "payment.json: mapping 1: "

func TestParseStubsRefuses(t *testing.T) {
	tests := map[string]struct {
		in   string
		want []string
	}{
		"what needs Java, by name, all at once": {
			`{"name": "charge", "request": {"url": "/a", "customMatcher": {"name": "x"},
				"bodyPatterns": [{"matchesXPath": "//["}]},
			  "response": {"fault": "SLOW", "transformers": ["mine"]}, "postServeActions": [{"name": "x"}]}`,
			[]string{
				`payment.json: mapping "charge": postServeActions[0]: "x" is an extension in Java; only webhook is supported`,
				`payment.json: mapping "charge": request.bodyPatterns[0].matchesXPath: "//[" is not an XPath 1.0 expression: ` +
					`expression must evaluate to a node-set`,
				`payment.json: mapping "charge": request.customMatcher needs an extension in Java, ` +
					`which is not supported; write it with the other patterns`,
				`payment.json: mapping "charge": response.fault: expected one of ` +
					`[EMPTY_RESPONSE MALFORMED_RESPONSE_CHUNK RANDOM_DATA_THEN_CLOSE CONNECTION_RESET_BY_PEER], got "SLOW"`,
				`payment.json: mapping "charge": response.transformers: "mine" is an extension in Java; ` +
					`only response-template is supported`,
			},
		},
		"templates": {
			`{"request": {"url": "/a"}, "response": {"transformers": ["response-template"], "headers": {"A": "{{> p}}"},
				"body": "{{#if x}}\n{{systemValue key='HOME'}}{{nope 1}}{{/if}}"}}`,
			[]string{
				first + `response: body: the helper nope is not supported`,
				`the helper systemValue is refused: a mock does not show its environment`,
				`header A 0: template line 1: partials {{> ...}} are not supported`,
			},
		},
		"patterns": {
			`{"request": {"bodyPatterns": [{"matchesJsonSchema": {"$ref": "file:///etc/passwd"}},
				{"after": "tomorrow"}, {"before": "now", "truncateExpected": "first week"}, {"after": "now", "actualFormat": "GG"},
				{"equalToXml": "<a>"}, {"equalToXml": "<a/>", "exemptedComparisons": ["X"]}, {"equalToNumber": "x"},
				{"matchesJsonPath": "$[?(@.a in ['x'])]"}, {"equalToJson": 1, "schemaVersion": "V7"}]}, "response": {}}`,
			nil,
		},
		"unknown fields": {
			`{"request": {"uri": "/a", "headers": {"A": {"equalsTo": "x"}}}, "response": {}}`,
			[]string{
				first + `request.headers.A.equalsTo is not a field of a WireMock mapping`,
				first + `request.uri is not a field of a WireMock mapping`,
			},
		},
		"types": {
			`{"request": {"url": 1, "headers": []}, "response": {"status": "ok", "headers": {"A": 1}}, "priority": "x"}`,
			[]string{
				first + `priority: expected a whole number, got "x"`,
				first + `request.headers: expected an object, got []`,
				first + `request.url: expected a string, got 1`,
				first + `response.headers: expected an object of strings or lists of strings, got {"A": 1}`,
				first + `response.status: expected a status code, got "ok"`,
			},
		},
		"two urls and two bodies": {
			`{"request": {"url": "/a", "urlPath": "/b"}, "response": {"body": "x", "jsonBody": 1}}`,
			[]string{
				first + `request: url and urlPath stand together; give one of them`,
				first + `response: response.body and response.jsonBody stand together; give one body`,
			},
		},
		"java expressions": {
			`{"request": {"urlPattern": "/a(?=b)"}, "response": {}}`,
			[]string{first + `request.urlPattern: regular expression "/a(?=b)": lookahead (?=...) is not supported`},
		},
		"two keywords": {
			`{"request": {"bodyPatterns": [{"equalTo": "a", "contains": "b"}, {}]}, "response": {}}`,
			[]string{
				first + `request.bodyPatterns[0]: contains and equalTo stand together; join them with "and"`,
				first + `request.bodyPatterns[1]: expected a pattern such as equalTo, matches or equalToJson`,
			},
		},
		"placeholder": {
			`{"request": {"bodyPatterns": [{"equalToJson": {"a": ["${json-unit.matches:x}"]}}]}, "response": {}}`,
			[]string{first + `request.bodyPatterns[0].equalToJson: $.a[0]: ` +
				`the placeholder ${json-unit.matches:x} is not supported yet`},
		},
		"not json": {
			`{"request": `,
			[]string{`payment.json: expected a WireMock mapping: unexpected end of JSON input`},
		},
		"empty": {"  \n", []string{`payment.json: empty; expected a WireMock mapping`}},
		"something": {
			`{"a": 1}`,
			[]string{`payment.json: expected a WireMock mapping with request and response, or {"mappings": [...]}`},
		},
		"body file": {
			`{"request": {}, "response": {"bodyFileName": "a.txt"}}`,
			[]string{first + `response.bodyFileName needs a WireMock folder with __files`},
		},
		"state": {
			`{"request": {}, "newScenarioState": "b", "response": {}}`,
			[]string{first + `scenarioName is missing beside a scenario state`},
		},
		"list of verbs": {
			`{"request": {"method": ["GET"]}, "response": {}}`,
			[]string{first + `request.method: expected a method, or an object with oneOf or noneOf, got ["GET"]`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := mocks.ParseStubs("payment.json", []byte(tt.in))
			if err == nil {
				t.Fatal("it was accepted")
			}
			if lines := strings.Count(err.Error(), "\n") + 1; tt.want == nil && lines == 9 {
				return // each of its patterns is refused
			}
			if diff := cmp.Diff(tt.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

// What was read is written back the same, so that a provider can hand it on.
func TestStubRoundTrip(t *testing.T) {
	const in = `{"id":"a","name":"n","priority":2,"request":{"method":"POST","urlPath":"/a",
		"queryParameters":{"x":{"equalTo":"1","caseInsensitive":true}},
		"headers":{"A":{"or":[{"absent":true},{"matches":"<b>"}]}},
		"bodyPatterns":[{"equalToJson":{"a":1.50},"ignoreExtraElements":true}]},
		"response":{"status":201,"headers":{"A":"1","B":["1","2"]},"jsonBody":{"z":1,"a":2.0},
		"delayDistribution":{"type":"lognormal","median":80,"sigma":0.4},
		"chunkedDribbleDelay":{"numberOfChunks":5,"totalDuration":1000}},
		"scenarioName":"s","requiredScenarioState":"Started","newScenarioState":"b","metadata":{"k":[1]},"persistent":true}`
	stubs, err := mocks.ParseStubs("a.json", []byte(in))
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(stubs[0])
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal([]byte(in), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("written back (-want +got):\n%s", diff)
	}
}

func TestLoadStubs(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secret.txt"), "secret")
	write(t, filepath.Join(dir, "__files", "sub", "b.txt"), "from a file")
	write(t, filepath.Join(dir, "mappings", "b.json"),
		`{"request": {"url": "/b"}, "response": {"bodyFileName": "sub/b.txt"}}`)
	write(t, filepath.Join(dir, "mappings", "deep", "a.json"),
		`{"mappings": [{"request": {"url": "/a"}, "response": {"body": "x"}}]}`)
	stubs, err := mocks.LoadStubs(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range stubs {
		got = append(got, s.Request.URL+" "+string(s.Response.Payload()))
	}
	if diff := cmp.Diff([]string{"/b from a file", "/a x"}, got); diff != "" {
		t.Errorf("stubs (-want +got):\n%s", diff)
	}
	if one, err := mocks.LoadStubs(filepath.Join(dir, "mappings", "b.json")); err != nil || len(one) != 1 {
		t.Errorf("one file: %d stubs, %v", len(one), err)
	}

	write(t, filepath.Join(dir, "mappings", "c.json"), `{"request": {}, "response": {"bodyFileName": "../secret.txt"}}`)
	write(t, filepath.Join(dir, "mappings", "d.json"), `{"request": {}, "response": {"bodyFileName": "none.txt"}}`)
	_, err = mocks.LoadStubs(dir)
	if err == nil || strings.Count(err.Error(), "bodyFileName") != 2 {
		t.Errorf("a file outside and a missing one: got %v", err)
	}
	for _, bad := range []string{filepath.Join(dir, "none"), t.TempDir()} {
		if _, err := mocks.LoadStubs(bad); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Real mappings either load or are refused by the name of a field.
func TestRealStubs(t *testing.T) {
	root := os.Getenv("HEADGATE_REALDATA")
	if root == "" {
		t.Skip("HEADGATE_REALDATA is not set")
	}
	loaded, refused, others := 0, 0, 0
	err := filepath.WalkDir(filepath.Join(root, "stubs"), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(name) != ".json" {
			return err
		}
		stubs, err := mocks.LoadStubs(name)
		switch {
		case err == nil:
			loaded += len(stubs)
		case strings.Contains(err.Error(), ": mapping "):
			refused++
			t.Log(err)
		default:
			others++
			t.Log(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d mappings load, %d files are refused by field, %d files are no mapping", loaded, refused, others)
	if loaded < 100 {
		t.Errorf("%d mappings load, want at least 100", loaded)
	}
}

// All mappings of WireMock's documentation load where body files may be missing and extensions are left out.
func TestDocumentation(t *testing.T) {
	root := os.Getenv("HEADGATE_REALDATA")
	if root == "" {
		t.Skip("HEADGATE_REALDATA is not set")
	}
	names, err := filepath.Glob(filepath.Join(root, "stubs", "wiremock.org-docs", "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		if _, err := (mocks.Options{Lenient: true}).Load(name); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParseStubs(f *testing.F) {
	f.Add([]byte(`{"request": {"method": "GET", "url": "/a?b=c"}, "response": {"status": 200}}`))
	f.Add([]byte(`{"mappings": [{"request": {"urlPathTemplate": "/a/{b}/**",
		"pathParameters": {"b": {"matches": "[a-z]+"}}}, "response": {}}]}`))
	f.Add([]byte(`{"request": {"bodyPatterns": [{"equalToJson": {"a": ["${json-unit.regex}x"]}},
		{"matchesJsonPath": {"expression": "$..a", "not": {"equalTo": "b"}}}]}, "response": {}}`))
	f.Add([]byte(`{"request": {"headers": {"A": {"hasExactly": [{"equalTo": "b"}]}}}, 
		"metadata": {"headgate": {"exactQuery": true}}, "response": {"base64Body": "AA=="}}`))
	f.Add([]byte(`{"request": {"method": {"noneOf": ["GET"]}, "basicAuth": {"username": "a", "password": "b"}, "port": 1,
		"multipartPatterns": [{"name": "a", "bodyPatterns": [{"equalToXml": "<a><b/></a>"}]}],
		"bodyPatterns": [{"matchesXPath": {"expression": "//a", "contains": "x"}}, {"after": "now -3 days"},
		{"matchesJsonSchema": {"type": "object"}}, {"lessThanNumber": 3}]}, "response": {"fault": "EMPTY_RESPONSE"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		stubs, err := mocks.ParseStubs("f.json", data)
		if err != nil {
			return
		}
		for _, s := range stubs {
			out, err := json.Marshal(s)
			if err != nil {
				t.Fatalf("it was read and cannot be written: %v", err)
			}
			again, err := mocks.ParseStubs("f.json", out)
			if err != nil {
				t.Fatalf("it was read, and what was written is refused: %v\n%s", err, out)
			}
			r := &mocks.Request{Method: "GET", Path: "/a/b", RawQuery: "b=c", Body: *mocks.NewValue(`{"a":["x"]}`)}
			if s.Request.Matches(r) != again[0].Request.Matches(r) {
				t.Fatalf("it matches differently after it was written:\n%s", out)
			}
			if distance, _ := s.Compare(r); (distance == 0) != s.Request.Matches(r) {
				t.Fatalf("distance %g, matches %t:\n%s", distance, s.Request.Matches(r), out)
			}
		}
	})
}

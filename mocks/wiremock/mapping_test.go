package wiremock_test

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/wiremock"
)

// TestCheck wants every stub refused by name that WireMock would serve otherwise than it is meant.
func TestCheck(t *testing.T) {
	cases := map[string]struct{ mappings, want string }{
		"fine": {`{"id": "5F7A3C7E-0000-4000-8000-000000000001", "request": {}, "response": {}}`, ""},
		"live service": {
			`{"name": "s", "request": {}, "response": {"proxyBaseUrl": "http://a.test"}}`,
			`stub "s": proxyBaseUrl calls a live service`,
		},
		"path template with an exact query": {
			`{"name": "s", "request": {"urlPathTemplate": "/{a}"}, "response": {},
			  "metadata": {"headgate": {"exactQuery": true}}}`,
			`stub "s": exactQuery beside urlPathTemplate is known to engine: embedded only`,
		},
		"id": {
			`{"id": "mine", "name": "s", "request": {}, "response": {}}`,
			`stub "s": WireMock wants a UUID for its id, found "mine"`,
		},
		"two of an ID": {
			`{"mappings": [{"id": "5f7a3c7e-0000-4000-8000-000000000001", "name": "a", "request": {}, "response": {}},
			  {"id": "5f7a3c7e-0000-4000-8000-000000000001", "name": "b", "request": {}, "response": {}}]}`,
			`stub "b": two stubs have the ID`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			stubs, err := mocks.ParseStubs("a.json", []byte(c.mappings))
			if err != nil {
				t.Fatal(err)
			}
			err = wiremock.Check(&mocks.Plan{Name: "pay", Stubs: stubs})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestTemplatedFile wants a file refused whose name is only known when it is asked for.
func TestTemplatedFile(t *testing.T) {
	o := mocks.Options{Files: func(string) ([]byte, error) { return []byte("x"), nil }}
	stubs, err := o.Parse("a.json", []byte(`{"name": "s", "request": {},
		"response": {"bodyFileName": "{{request.path}}", "transformers": ["response-template"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	err = wiremock.Check(&mocks.Plan{Name: "pay", Stubs: stubs})
	if err == nil || !strings.Contains(err.Error(), "engine: embedded only") {
		t.Errorf("got %v", err)
	}
}

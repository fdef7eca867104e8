// Package mockstest holds the conformance suite that every HTTP provider of mocks passes.
package mockstest

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/mocks"
)

// Exception is a case of the suite whose promise an engine is known not to keep.
type Exception struct{ Case, Why string }

// Run checks that a provider keeps the promises of [mocks.Provider] and [mocks.Server] and answers as
// WireMock does. A case that is excepted is skipped by name; an exception without a case is an error.
func Run(t *testing.T, p mocks.Provider, except ...Exception) {
	t.Helper()
	for _, e := range except {
		if !slices.ContainsFunc(suite(), func(c testCase) bool { return c.name == e.Case }) {
			t.Errorf("the suite has no case %q", e.Case)
		}
	}
	for _, c := range suite() {
		t.Run(c.name, func(t *testing.T) {
			for _, e := range except {
				if e.Case == c.name {
					t.Skip(e.Why)
				}
			}
			c.run(t, p)
		})
	}
}

type testCase struct {
	name string
	run  func(*testing.T, mocks.Provider)
}

func suite() []testCase {
	return []testCase{
		{"matching", matching},
		{"priority", priority},
		{"answers", answers},
		{"body files", bodyFiles},
		{"faults", faults},
		{"templates", templates},
		{"delays", delays},
		{"scenario order", scenarioOrder},
		{"concurrent scenario", concurrentScenario},
		{"misses", misses},
		{"miss status", missStatus},
		{"journal under concurrency", journal},
		{"journal of many", journalOfMany},
		{"rewind", rewind},
		{"close twice", closeTwice},
		{"own recording", ownRecording},
		{"exact query", exactQuery},
		{"live services", liveServices},
		{"two mocks", twoMocks},
	}
}

func matching(t *testing.T, p mocks.Provider) {
	t.Helper()
	for name, c := range matchCases() {
		t.Run(name, func(t *testing.T) {
			s := start(t, p, `{"request": `+c.request+`, "response": {"status": 200, "body": "hit"}}`)
			for _, hit := range c.hits {
				if r := hit.do(t, s); r.status != 200 || r.body != "hit" && hit.method != http.MethodHead {
					t.Errorf("%+v: got %d %s, want a hit", hit, r.status, r.body)
				}
			}
			for _, miss := range c.misses {
				if r := miss.do(t, s); r.status != mocks.DefaultMissStatus {
					t.Errorf("%+v: got %d %s, want a miss", miss, r.status, r.body)
				}
			}
		})
	}
}

func priority(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, `{"mappings": [
		{"id": "5f7a3c7e-0000-4000-8000-000000000001", "priority": 1,
		 "request": {"urlPathPattern": "/p/first.*"}, "response": {"body": "pattern 1"}},
		{"id": "5f7a3c7e-0000-4000-8000-000000000002",
		 "request": {"method": "GET", "url": "/p/first"}, "response": {"body": "literal 5"}},
		{"id": "5f7a3c7e-0000-4000-8000-000000000003",
		 "request": {"method": "GET", "url": "/p/second"}, "response": {"body": "older"}},
		{"id": "5f7a3c7e-0000-4000-8000-000000000004",
		 "request": {"method": "ANY", "urlPath": "/p/second"}, "response": {"body": "newer"}},
		{"id": "5f7a3c7e-0000-4000-8000-000000000005", "priority": 9,
		 "request": {"urlPattern": ".*"}, "response": {"body": "fallback"}}
	]}`)
	for target, want := range map[string]string{
		"/p/first": "pattern 1", "/p/second": "newer", "/p/third": "fallback",
	} {
		if got := (call{target: target}).do(t, s).body; got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}

func answers(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, `{"mappings": [
		{"request": {"url": "/list"}, "response": {"status": 201,
		 "headers": {"Content-Type": "text/plain", "Set-Cookie": ["a=1", "b=2"]}, "body": "text"}},
		{"request": {"url": "/json"}, "response": {"jsonBody": {"b": [1, 2.50], "a": null}}},
		{"request": {"url": "/binary"}, "response": {"base64Body": "AP8Q/w=="}},
		{"request": {"url": "/nothing"}, "response": {"status": 204}},
		{"request": {"url": "/empty"}, "response": {}},
		{"request": {"url": "/moved"}, "response": {"status": 404, "statusMessage": "Gone Fishing", "body": "x"}}
	]}`)
	for target, want := range map[string]reply{
		"/list":    {status: 201, body: "text"},
		"/json":    {status: 200, body: `{"b":[1,2.50],"a":null}`},
		"/binary":  {status: 200, body: "\x00\xff\x10\xff"},
		"/nothing": {status: 204},
		"/empty":   {status: 200},
		"/moved":   {status: 404, body: "x"},
	} {
		got := call{target: target}.do(t, s)
		if got.status != want.status || got.body != want.body {
			t.Errorf("%s: got %d %q, want %d %q", target, got.status, got.body, want.status, want.body)
		}
	}
	cookies := call{target: "/list"}.do(t, s).header["Set-Cookie"]
	if diff := cmp.Diff([]string{"a=1", "b=2"}, cookies); diff != "" {
		t.Errorf("header with two values (-want +got):\n%s", diff)
	}
	big := `{"request": {"url": "/big"}, "response": {"body": "` + strings.Repeat("x", 1<<20) + `"}}`
	stubs, err := mocks.ParseStubs("suite.json", []byte(big))
	if err != nil {
		t.Fatal(err)
	}
	other := servePlan(t, p, &mocks.Plan{Name: "big", Stubs: stubs})
	if got := (call{target: "/big"}).do(t, other); len(got.body) != 1<<20 {
		t.Errorf("big body: got %d bytes", len(got.body))
	}
}

func bodyFiles(t *testing.T, p mocks.Provider) {
	t.Helper()
	dir := t.TempDir()
	large := strings.Repeat("0123456789abcdef", 4096)
	for name, text := range map[string]string{
		"__files/small.txt": "from a file", "__files/in/large.txt": large, "__files/made.txt": "{{request.path}}",
		"mappings/all.json": `{"mappings": [
			{"request": {"url": "/small"}, "response": {"bodyFileName": "small.txt"}},
			{"request": {"url": "/large"}, "response": {"bodyFileName": "in/large.txt"}},
			{"request": {"url": "/made"}, "response": {"bodyFileName": "made.txt", "transformers": ["response-template"]}},
			{"request": {"url": "/inline"}, "response": {"body": "` + large + `"}}
		]}`,
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stubs, err := mocks.LoadStubs(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, p, stubs)
	for target, want := range map[string]string{
		"/small": "from a file", "/large": large, "/made": "/made", "/inline": large,
	} {
		if got := (call{target: target}).do(t, s); got.status != 200 || got.body != want {
			t.Errorf("%s: got %d and %d bytes, want %d bytes", target, got.status, len(got.body), len(want))
		}
	}
}

func faults(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, `{"mappings": [
		{"request": {"url": "/EMPTY_RESPONSE"}, "response": {"fault": "EMPTY_RESPONSE"}},
		{"request": {"url": "/MALFORMED_RESPONSE_CHUNK"}, "response": {"fault": "MALFORMED_RESPONSE_CHUNK"}},
		{"request": {"url": "/RANDOM_DATA_THEN_CLOSE"}, "response": {"fault": "RANDOM_DATA_THEN_CLOSE"}},
		{"request": {"url": "/CONNECTION_RESET_BY_PEER"}, "response": {"fault": "CONNECTION_RESET_BY_PEER"}}
	]}`)
	for _, fault := range mocks.Faults() {
		// Posted, because a client may send a GET again when its connection breaks.
		if got, err := (call{method: http.MethodPost, target: "/" + string(fault), body: "x"}).try(t, s); err == nil {
			t.Errorf("%s: got a whole answer, %d %q", fault, got.status, got.body)
		}
	}
	if j := s.Journal(); j.Matched != int64(len(mocks.Faults())) {
		t.Errorf("%d faults were counted, want %d", j.Matched, len(mocks.Faults()))
	}
}

func templates(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, `{"mappings": [
		{"request": {"urlPathTemplate": "/u/{id}"}, "response": {"transformers": ["response-template"],
		 "headers": {"X-Method": "{{request.method}}"},
		 "body": "{{request.path.id}} {{request.query.q}} {{jsonPath request.body '$.a'}}"}},
		{"request": {"url": "/plain"}, "response": {"body": "{{request.method}}"}}
	]}`)
	got := call{method: http.MethodPost, target: "/u/42?q=x", body: `{"a":"b"}`}.do(t, s)
	if got.body != "42 x b" || got.header.Get("X-Method") != http.MethodPost {
		t.Errorf("got %q %v", got.body, got.header)
	}
	if got := (call{target: "/plain"}).do(t, s); got.body != "{{request.method}}" {
		t.Errorf("what is no template was rendered: %q", got.body)
	}
}

func delays(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, `{"mappings": [
		{"request": {"url": "/fixed"}, "response": {"body": "x", "fixedDelayMilliseconds": 60}},
		{"request": {"url": "/uniform"}, "response": {"body": "x",
		 "delayDistribution": {"type": "uniform", "lower": 50, "upper": 70}}},
		{"request": {"url": "/dribble"}, "response": {"body": "x",
		 "chunkedDribbleDelay": {"numberOfChunks": 3, "totalDuration": 60}}}
	]}`)
	for _, target := range []string{"/fixed", "/uniform", "/dribble"} {
		begin := time.Now()
		got := call{target: target}.do(t, s)
		if took := time.Since(begin); took < 45*time.Millisecond || got.body != "x" {
			t.Errorf("%s: %q after %s, want x after about 60ms", target, got.body, took)
		}
	}
}

func closeTwice(t *testing.T, p mocks.Provider) {
	t.Helper()
	s := start(t, p, `{"request": {"url": "/slow"}, "response": {"fixedDelayMilliseconds": 60000}}`)
	failed := make(chan error, 1)
	go func() {
		_, err := call{target: "/slow"}.try(t, s)
		failed <- err
	}()
	for s.Journal().Requests == 0 && len(failed) == 0 {
		time.Sleep(time.Millisecond) // the journal has no channel to wait on
	}
	begin := time.Now()
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("Close took %s", took)
	}
	if err := <-failed; err == nil {
		t.Error("the answer of a closed mock arrived")
	}
	if _, err := (call{target: "/slow"}).try(t, s); err == nil {
		t.Error("a closed mock still answers")
	}
}

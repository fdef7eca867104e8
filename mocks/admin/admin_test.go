package admin_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/admin"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

const (
	idA = "5f7a3c7e-0000-4000-8000-00000000000a"
	idB = "5f7a3c7e-0000-4000-8000-00000000000b"
)

func two(t *testing.T) []*mocks.Stub {
	t.Helper()
	stubs, err := mocks.ParseStubs("a.json", []byte(`{"mappings": [
		{"id": "`+idA+`", "name": "a", "request": {"method": "GET", "url": "/a"}, "response": {"body": "A"},
		 "metadata": {"team": "red"}},
		{"id": "`+idB+`", "name": "b", "request": {"method": "GET", "url": "/b"}, "response": {"body": "B"},
		 "scenarioName": "steps", "requiredScenarioState": "Started", "newScenarioState": "done"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return stubs
}

// Each call stands alone: a fresh server with two stubs, on which GET /a and GET /none were called.
func TestCalls(t *testing.T) {
	tests := map[string]struct {
		call, body string
		status     int
		want       []string // parts of the answer
		never      string
	}{
		"list":           {"GET /mappings", "", 200, []string{`"total":2`, `"uuid":"` + idA, idB}, ""},
		"list a page":    {"GET /mappings?limit=1&offset=1", "", 200, []string{`"total":2`, idA}, idB},
		"list badly":     {"GET /mappings?limit=x", "", 422, []string{`"title":"Invalid input"`}, ""},
		"one":            {"GET /mappings/" + idA, "", 200, []string{`"name":"a"`}, ""},
		"one unknown":    {"GET /mappings/x", "", 404, []string{`"errors":[`}, ""},
		"delete":         {"DELETE /mappings/" + idA, "", 200, []string{`{}`}, ""},
		"delete unknown": {"DELETE /mappings/x", "", 404, nil, ""},
		"remove":         {"POST /mappings/remove", `{"id": "` + idA + `"}`, 200, nil, ""},
		"edit": {
			"PUT /mappings/" + idA, `{"request": {"url": "/e"}, "response": {}}`,
			200,
			[]string{idA, `/e`},
			"",
		},
		"edit unknown": {"PUT /mappings/x", `{"request": {}, "response": {}}`, 404, nil, ""},
		"add": {
			"POST /mappings", `{"request": {"url": "/n"}, "response": {}}`,
			201,
			[]string{`"id":"`, `"uuid":"`},
			"",
		},
		"add no JSON": {
			"POST /mappings", `{"request": `,
			422,
			[]string{`"code":10`, "Error parsing JSON"},
			"",
		},
		"add what is not": {
			"POST /mappings", `{"request": {"urll": "/a"}, "response": {"statuss": 1}}`,
			422,
			[]string{`request.urll`, `response.statuss`, `"pointer":"/request/urll"`},
			"",
		},
		"unused": {"GET /mappings/unmatched", "", 200, []string{idB, `"total":1`}, idA},
		"by metadata": {
			"POST /mappings/find-by-metadata", `{"matchesJsonPath": {"expression": "$.team", "equalTo": "red"}}`,
			200,
			[]string{idA},
			idB,
		},
		"by no metadata": {
			"POST /mappings/find-by-metadata",
			`{"matchesJsonPath": {"expression": "$.team", "equalTo": "blue"}}`,
			200,
			[]string{`"mappings":[]`},
			"",
		},
		"save": {"POST /mappings/save", "", 403, []string{"--root-dir"}, ""},
		"requests": {
			"GET /requests", "",
			200,
			[]string{`"total":2`, `"wasMatched":true`, `"url":"/none"`},
			"",
		},
		"requests page": {
			"GET /requests?limit=1", "",
			200,
			[]string{`"total":2`, `"url":"/none"`},
			`"url":"/a"`,
		},
		"requests since": {"GET /requests?since=2990-01-01T00:00:00Z", "", 200, []string{`"total":0`}, ""},
		"requests badly": {"GET /requests?since=yesterday", "", 422, []string{"since"}, ""},
		"unmatched only": {"GET /requests?unmatched=true", "", 200, []string{`"url":"/none"`}, `"url":"/a"`},
		"of one stub":    {"GET /requests?matchingStub=" + idA, "", 200, []string{`"url":"/a"`}, `"url":"/none"`},
		"unmatched": {
			"GET /requests/unmatched", "",
			200,
			[]string{`"/none"`, `"requestJournalDisabled":false`},
			`"/a"`,
		},
		"count": {
			"POST /requests/count", `{"method": "GET", "urlPattern": "/.*"}`,
			200,
			[]string{`"count":2`},
			"",
		},
		"count badly": {"POST /requests/count", `{"urlPattern": "("}`, 422, []string{"urlPattern"}, ""},
		"find": {
			"POST /requests/find", `{"url": "/a"}`,
			200,
			[]string{`"url":"/a"`, `"loggedDate":`},
			"/none",
		},
		"remove requests": {"POST /requests/remove", `{"url": "/a"}`, 200, []string{`"serveEvents":[{`}, "/none"},
		"forget by metadata": {
			"POST /requests/remove-by-metadata", `{"matchesJsonPath": "$.team"}`,
			200,
			[]string{`"serveEvents":[{`},
			"/none",
		},
		"near unmatched": {
			"GET /requests/unmatched/near-misses", "",
			200,
			[]string{`"stubMapping":`, `"distance":0.`},
			"",
		},
		"near request": {
			"POST /near-misses/request", `{"url": "/aa", "method": "GET"}`,
			200,
			[]string{`"nearMisses":[{`, `"matchResult"`},
			"",
		},
		"near pattern": {
			"POST /near-misses/request-pattern", `{"url": "/aa", "method": "GET"}`,
			200,
			[]string{`"requestPattern"`},
			"",
		},
		"scenarios": {
			"GET /scenarios", "",
			200,
			[]string{`"name":"steps"`, `"state":"Started"`, `"possibleStates":["Started","done"]`},
			"",
		},
		"set state":    {"PUT /scenarios/steps/state", `{"state": "done"}`, 200, nil, ""},
		"set no state": {"PUT /scenarios/steps/state", `{"state": "gone"}`, 422, []string{"done"}, ""},
		"set unknown":  {"PUT /scenarios/x/state", `{"state": "done"}`, 404, nil, ""},
		"settings":     {"GET /settings", "", 200, []string{`{"settings":{}}`}, ""},
		"set badly":    {"POST /settings", `{"fixedDelay": -1}`, 422, nil, ""},
		"health":       {"GET /health", "", 200, []string{`"status":"healthy"`}, ""},
		"version":      {"GET /version", "", 200, []string{`"version":"3.`}, ""},
		"files":        {"GET /files", "", 403, nil, ""},
		"shutdown":     {"POST /shutdown", "", 403, nil, ""},
		"snapshot": {
			"POST /recordings/snapshot", `{"filters": {"allowNonProxied": true, "url": "/a"}, "persist": false}`,
			200,
			[]string{`"mappings":[{`, `"body":"A"`},
			"",
		},
		"snapshot ids": {
			"POST /recordings/snapshot", `{"filters": {"allowNonProxied": true}, "outputFormat": "IDS"}`,
			200,
			[]string{`"ids":[`},
			"",
		},
		"snapshot badly": {
			"POST /recordings/snapshot", `{"extractBodyCriteria": {"textSizeThreshold": "1"}}`,
			422,
			[]string{"extractBodyCriteria"},
			"",
		},
		"record status":  {"GET /recordings/status", "", 200, []string{`"Stopped"`}, ""},
		"record nothing": {"POST /recordings/start", `{}`, 422, []string{"targetBaseUrl"}, ""},
		"no such call":   {"GET /nonsense", "", 404, []string{"no such admin call"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, admin.Options{}, two(t)...)
			w.get("/a")
			w.get("/none")
			method, path, _ := strings.Cut(tt.call, " ")
			status, body := w.call(method, "/__admin"+path, tt.body)
			if status != tt.status || !json.Valid([]byte(body)) {
				t.Fatalf("got %d %s, want %d", status, body, tt.status)
			}
			for _, part := range tt.want {
				if !strings.Contains(body, part) {
					t.Errorf("no %s in %s", part, body)
				}
			}
			if tt.never != "" && strings.Contains(body, tt.never) {
				t.Errorf("%s in %s", tt.never, body)
			}
		})
	}
}

func TestImport(t *testing.T) {
	tests := map[string]struct {
		body       string
		status     int
		a, b, made int // statuses of /a, /b and /made afterwards
		bodyOfA    string
	}{
		"overwrites": {`{"mappings": [{"id": "` + idA + `", "request": {"url": "/a"}, "response": {"body": "new"}},
			{"request": {"url": "/made"}, "response": {}}]}`, 200, 200, 200, 200, "new"},
		"ignores": {`{"mappings": [{"id": "` + idA + `", "request": {"url": "/a"}, "response": {"body": "new"}}],
			"importOptions": {"duplicatePolicy": "IGNORE"}}`, 200, 200, 200, 404, "A"},
		"deletes the rest": {`{"mappings": [{"id": "` + idA + `", "request": {"url": "/a"}, "response": {"body": "new"}}],
			"importOptions": {"deleteAllNotInImport": true}}`, 200, 200, 404, 404, "new"},
		"takes nothing of a bad list": {`{"mappings": [{"request": {"url": "/made"}, "response": {}},
			{"name": "wrong", "request": {"nonsense": 1}, "response": {}}]}`, 422, 200, 200, 404, "A"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, admin.Options{}, two(t)...)
			status, body := w.call("POST", "/__admin/mappings/import", tt.body)
			if status != tt.status || status == 422 && !strings.Contains(body, "wrong") {
				t.Fatalf("got %d %s", status, body)
			}
			_, got := w.call("GET", "/a", "")
			if got != tt.bodyOfA {
				t.Errorf("/a answers %q, want %q", got, tt.bodyOfA)
			}
			w.want(w.get("/b"), tt.b, "/b")
			w.want(w.get("/made"), tt.made, "/made")
		})
	}
}

func TestImportKeepsOrder(t *testing.T) {
	w := newWorld(t, admin.Options{})
	w.call("POST", "/__admin/mappings/import", `{"mappings": [
		{"request": {"url": "/x"}, "response": {"body": "first"}},
		{"request": {"url": "/x"}, "response": {"body": "second"}}]}`)
	if _, body := w.call("GET", "/x", ""); body != "first" {
		t.Errorf("got %q: the first of an import is tried first", body)
	}
}

func TestRemoveMany(t *testing.T) {
	for name, call := range map[string][3]string{
		"unmatched":   {"DELETE", "/__admin/mappings/unmatched", ""},
		"by metadata": {"POST", "/__admin/mappings/remove-by-metadata", `{"matchesJsonPath": "$.team"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, admin.Options{}, two(t)...)
			w.get("/b")
			if status, body := w.call(call[0], call[1], call[2]); status != 200 {
				t.Fatalf("got %d %s", status, body)
			}
			w.want(w.get("/a"), 404, "the stub that had to go")
			if w.server.Stub(idB) == nil {
				t.Error("the other stub is gone as well")
			}
		})
	}
}

func TestSettingsDelayAnswers(t *testing.T) {
	w := newWorld(t, admin.Options{}, two(t)...)
	w.call("POST", "/__admin/settings", `{"fixedDelay": 60}`)
	_, body := w.call("PATCH", "/__admin/settings",
		`{"delayDistribution": {"type": "uniform", "lower": 20, "upper": 30}}`)
	if got := w.server.Settings(); got.FixedDelay != 60 || got.Distribution == nil {
		t.Fatalf("got %+v after %s", got, body)
	}
	begin := time.Now()
	w.want(w.get("/a"), 200, "/a")
	if took := time.Since(begin); took < 80*time.Millisecond {
		t.Errorf("it took %s, want 80ms and more", took)
	}
}

func TestWhoMayCall(t *testing.T) {
	s, err := embedded.Provider{}.Open(t.Context(), &mocks.Plan{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, tt := range map[string]struct {
		remote bool
		peer   string
		origin string
		want   int
	}{
		"this machine":                    {false, "127.0.0.1:1234", "", 200},
		"this machine, v6":                {false, "[::1]:1234", "", 200},
		"another":                         {false, "192.0.2.7:1234", "", 403},
		"another, v6":                     {false, "[2001:db8::1]:1234", "", 403},
		"nobody":                          {false, "", "", 403},
		"another where allowed":           {true, "192.0.2.7:1234", "", 200},
		"a page of this machine":          {false, "127.0.0.1:1234", "http://localhost:3000", 200},
		"a page of this machine, v6":      {false, "127.0.0.1:1234", "http://[::1]:3000", 200},
		"a page of a site":                {false, "127.0.0.1:1234", "https://localhost.example", 403},
		"a page without a site":           {false, "127.0.0.1:1234", "null", 403},
		"a page of a site, where allowed": {true, "127.0.0.1:1234", "https://example.com", 200},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/__admin/mappings", nil)
			r.RemoteAddr = tt.peer
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			out := httptest.NewRecorder()
			admin.New(s, admin.Options{Remote: tt.remote}).ServeHTTP(out, r)
			if out.Code != tt.want {
				t.Errorf("got %d %s, want %d", out.Code, out.Body, tt.want)
			}
		})
	}
}

func TestShutdownIsPassedOn(t *testing.T) {
	asked := make(chan struct{}, 1)
	w := newWorld(t, admin.Options{Shutdown: func() { asked <- struct{}{} }})
	w.want(first(w.call("POST", "/__admin/shutdown", "")), 200, "shutdown")
	<-asked
}

// The mock of a run calls nobody, whoever asks.
func TestNoProxyInARun(t *testing.T) {
	s, err := embedded.Provider{Admin: func(s *embedded.Server) http.Handler {
		return admin.New(s, admin.Options{})
	}}.Open(t.Context(), &mocks.Plan{Name: "run"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := &world{t: t, server: s, url: s.URL()}
	w.want(first(w.call("POST", "/__admin/recordings/start", `{"targetBaseUrl": "http://127.0.0.1:9"}`)), 403, "record")
	status, body := w.call("POST", "/__admin/mappings",
		`{"name": "live", "request": {}, "response": {"proxyBaseUrl": "http://127.0.0.1:9"}}`)
	if status != 422 || !strings.Contains(body, "never") || !strings.Contains(body, "live") {
		t.Errorf("got %d %s", status, body)
	}
}

func FuzzCalls(f *testing.F) {
	s, err := embedded.Provider{Addr: net.JoinHostPort("127.0.0.1", "0")}.Open(f.Context(), &mocks.Plan{Name: "fuzz"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	h := admin.New(s, admin.Options{})
	paths := []string{
		"/mappings", "/mappings/import", "/requests/count", "/requests/find", "/near-misses/request",
		"/settings", "/recordings/snapshot", "/recordings/start", "/mappings/find-by-metadata", "/scenarios/s/state",
	}
	f.Add(0, `{"request": {"url": "/a"}, "response": {"status": 200}}`)
	f.Add(1, `{"mappings": [{"request": {}, "response": {}}], "importOptions": {"duplicatePolicy": "IGNORE"}}`)
	f.Add(2, `{"urlPattern": "/.*", "headers": {"A": {"contains": "b"}}}`)
	f.Add(5, `{"fixedDelay": 1, "delayDistribution": {"type": "lognormal", "median": 1, "sigma": 1}}`)
	f.Add(6, `{"filters": {"ids": ["x"], "method": "GET"}, "captureHeaders": {"A": {}}}`)
	f.Fuzz(func(t *testing.T, which int, body string) {
		path := paths[((which%len(paths))+len(paths))%len(paths)]
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/__admin"+path, strings.NewReader(body))
		r.RemoteAddr = "127.0.0.1:1"
		out := httptest.NewRecorder()
		h.ServeHTTP(out, r)
		if !json.Valid(out.Body.Bytes()) || out.Code >= 500 {
			t.Errorf("%s %q: got %d %s", path, body, out.Code, out.Body)
		}
	})
}

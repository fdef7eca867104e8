package wiremock_test

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/mockstest"
	"github.com/headgate-dev/headgate/mocks/wiremock"
	"github.com/headgate-dev/headgate/services"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// stepsTwice is what WireMock does that the embedded engine does not.
var stepsTwice = mockstest.Exception{
	Case: "concurrent scenario",
	Why:  "WireMock looks at a scenario and moves it in two steps (wiremock/wiremock#3506)",
}

// driver runs the jar where one is named, or the test is skipped.
func driver(t *testing.T) services.Driver {
	t.Helper()
	if jarPath() == "" {
		t.Skip("HEADGATE_WIREMOCK_JAR does not name WireMock's jar; .ci/wiremock fetches it and prints its path")
	}
	return jar{path: jarPath(), dir: t.TempDir()}
}

// TestShared runs the suite in one WireMock for all of its mocks.
func TestShared(t *testing.T) {
	p := &wiremock.Shared{Provider: wiremock.Provider{Driver: driver(t)}}
	hold(t, p)
	mockstest.Run(t, p, stepsTwice)
}

// hold keeps the WireMock of all running.
func hold(t *testing.T, p mocks.Provider) {
	t.Helper()
	s, err := p.Start(t.Context(), &mocks.Plan{Name: "held"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if j := s.Journal(); j.Requests != 0 {
			t.Errorf("the mock that nobody asks had %d requests: %+v", j.Requests, j.Misses)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestAlone runs one mock in a WireMock of its own, with a pattern that only Java can judge.
func TestAlone(t *testing.T) {
	stubs, err := mocks.Options{Java: true}.Parse("a.json", []byte(`{"mappings": [
		{"request": {"urlPathPattern": "/users/(?!admin).*", "headers": {"X-A": {"matches": "(?=.*b)a.*"}}},
		 "response": {"status": 201}},
		{"scenarioName": "a / b", "requiredScenarioState": "Started", "newScenarioState": "two",
		 "request": {"url": "/step"}, "response": {"status": 201}},
		{"scenarioName": "a / b", "requiredScenarioState": "two", "request": {"url": "/step"}, "response": {"status": 202}}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := wiremock.Provider{Driver: driver(t)}.Start(t.Context(), &mocks.Plan{Name: "pay", Stubs: stubs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 2 {
		for _, c := range []struct {
			path string
			want int
		}{{"/users/ann", 201}, {"/users/admin", 599}, {"/step", 201}, {"/step", 202}, {"/step", 202}} {
			if got := status(t, s, c.path); got != c.want {
				t.Errorf("%s: got %d, want %d", c.path, got, c.want)
			}
		}
		j := s.Journal()
		if j.Requests != 5 || j.Matched != 4 || len(j.Misses) != 1 || len(j.Misses[0].Nearest) == 0 {
			t.Errorf("got %+v", j)
		}
		if err := s.Rewind(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func status(t *testing.T, s mocks.Server, path string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-A", "ab")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

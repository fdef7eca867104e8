package mockstest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/mocks"
)

// call is a request of a test. Headers are "Name: value".
type call struct {
	method, target, body string
	headers              []string
}

type reply struct {
	status int
	body   string
	header http.Header
}

func start(t *testing.T, p mocks.Provider, mappings string) mocks.Server {
	t.Helper()
	stubs, err := mocks.ParseStubs("suite.json", []byte(mappings))
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, p, stubs)
}

func serve(t *testing.T, p mocks.Provider, stubs []*mocks.Stub) mocks.Server {
	t.Helper()
	plan := &mocks.Plan{Name: "suite", Stubs: stubs, Miss: mocks.Miss{Status: mocks.DefaultMissStatus}}
	return servePlan(t, p, plan)
}

func servePlan(t *testing.T, p mocks.Provider, plan *mocks.Plan) mocks.Server {
	t.Helper()
	s, err := p.Start(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if m, ok := s.(mocks.Mortal); ok && m.Failure() != nil {
			t.Error(m.Failure())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (c call) request(t *testing.T, s mocks.Server) *http.Request {
	t.Helper()
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+c.target, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range c.headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	return req
}

func (c call) do(t *testing.T, s mocks.Server) reply {
	t.Helper()
	r, err := c.try(t, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// try may be called from any goroutine.
func (c call) try(t *testing.T, s mocks.Server) (reply, error) {
	t.Helper()
	resp, err := http.DefaultClient.Do(c.request(t, s))
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, string(body), resp.Header}, err
}

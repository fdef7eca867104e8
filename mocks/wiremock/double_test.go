package wiremock_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/mockstest"
	"github.com/headgate-dev/headgate/mocks/wiremock"
	"github.com/headgate-dev/headgate/services"
)

func TestDouble(t *testing.T) {
	driver := mockstest.Double{Dir: t.TempDir(), Journal: 20_000}
	t.Run("one", func(t *testing.T) { mockstest.Run(t, wiremock.Provider{Driver: driver}) })
	t.Run("shared", func(t *testing.T) {
		p := &wiremock.Shared{Provider: wiremock.Provider{Driver: driver}}
		hold(t, p)
		mockstest.Run(t, p)
	})
}

// failing starts a mock in a double that remembers few requests.
func failing(t *testing.T) (mocks.Server, mocks.Mortal, *mockstest.Doubled) {
	t.Helper()
	started := make(chan *mockstest.Doubled, 1)
	p := wiremock.Provider{Driver: mockstest.Double{Dir: t.TempDir(), Journal: 20, Started: started}}
	s, err := p.Start(t.Context(), &mocks.Plan{Name: "pay"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	m := s.(mocks.Mortal)
	if err := m.Failure(); err != nil {
		t.Fatal(err)
	}
	return s, m, <-started
}

func ask(t *testing.T, s mocks.Server, method, path string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// TestFailure wants every way told in which the counts cannot be relied on any more.
func TestFailure(t *testing.T) {
	cases := map[string]struct {
		harm func(*testing.T, mocks.Server, *mockstest.Doubled)
		want string
	}{
		"overflow": {func(t *testing.T, s mocks.Server, _ *mockstest.Doubled) {
			t.Helper()
			ask(t, s, http.MethodGet, "/first")
			s.Journal()
			for range 10_000 { // faster than the journal is read
				if s.(mocks.Mortal).Failure() != nil {
					break
				}
				ask(t, s, http.MethodGet, "/next")
			}
		}, "WireMock's journal has lost requests"},
		"cleared by somebody": {func(t *testing.T, s mocks.Server, _ *mockstest.Doubled) {
			t.Helper()
			ask(t, s, http.MethodGet, "/first")
			s.Journal()
			ask(t, s, http.MethodDelete, "/__admin/requests")
			ask(t, s, http.MethodGet, "/second")
			s.Journal()
		}, "WireMock's journal has lost requests"},
		"died": {func(t *testing.T, s mocks.Server, d *mockstest.Doubled) {
			t.Helper()
			if err := d.End(services.Exit{Code: 137}); err != nil {
				t.Error(err)
			}
		}, "WireMock ended: exit status 137"},
		"does not answer": {func(t *testing.T, s mocks.Server, d *mockstest.Doubled) {
			t.Helper()
			if err := d.Server.Close(); err != nil {
				t.Error(err)
			}
			s.Journal()
		}, "asking WireMock for requests"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, m, d := failing(t)
			c.harm(t, s, d)
			select {
			case <-m.Failed():
			case <-time.After(10 * time.Second):
				t.Fatal("nothing was told")
			}
			err := m.Failure()
			var told *wiremock.Error
			if !errors.As(err, &told) || !strings.Contains(err.Error(), "mock pay: "+c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if diff := cmp.Diff([]string{"started"}, told.Log); diff != "" {
				t.Errorf("its last lines (-want +got):\n%s", diff)
			}
		})
	}
}

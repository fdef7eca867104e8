package wiremock_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/headgate-dev/headgate/mocks/mockstest"
	"github.com/headgate-dev/headgate/mocks/wiremock"
	"github.com/headgate-dev/headgate/services/docker"
	"github.com/headgate-dev/headgate/services/servicestest"
)

// site is a network of its own for the containers of a test.
func site(t *testing.T) *docker.Site {
	t.Helper()
	servicestest.Engine(t, "wiremock/wiremock:3.13.2")
	s, err := docker.Open(t.Context(), docker.Options{RunID: "test-" + uuid.NewString()[:8]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestContainer runs the suite in one container for all of its mocks.
func TestContainer(t *testing.T) {
	p := &wiremock.Shared{Provider: wiremock.Provider{Driver: site(t)}}
	hold(t, p)
	mockstest.Run(t, p, stepsTwice)
}

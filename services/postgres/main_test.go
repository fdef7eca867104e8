package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker"
	"github.com/headgate-dev/headgate/services/servicestest"
)

// house is a server that the tests share.
type house struct {
	once     sync.Once
	site     *docker.Site
	instance services.Instance
	endpoint Endpoint
	err      error
}

var shared house

func TestMain(m *testing.M) {
	status := m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, "closing the site of the tests:", err)
		status = 1
	}
	if err := goleak.Find(); status == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func (h *house) close() error {
	if h.site == nil {
		return nil
	}
	return h.site.Close(context.Background())
}

func (h *house) open() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if h.site, h.err = docker.Open(ctx, docker.Options{RunID: "pg-" + strings.ToLower(rand.Text()[:8])}); h.err != nil {
		return
	}
	h.instance, h.err = h.site.Start(ctx, services.Service{
		Name: "db", Port: 5432, Command: []string{"postgres", "-c", "fsync=off"},
		Env:       []string{"POSTGRES_PASSWORD=very secret", "POSTGRES_INITDB_ARGS=--no-sync"},
		Container: &services.Container{Image: "postgres:15"},
	}, func(services.Line) {})
	if h.err != nil {
		return
	}
	h.endpoint, h.err = Endpoint{
		User: "postgres", Password: "very secret", Database: "postgres", Params: "sslmode=disable",
	}.At(h.instance.Addr())
	if h.err != nil {
		return
	}
	probe := services.Probe{Service: "db", Instance: h.instance, Check: func(ctx context.Context) error {
		c, err := Connect(ctx, h.endpoint, "test")
		if err != nil {
			return err
		}
		return c.Close(ctx)
	}}
	_, h.err = probe.Wait(ctx)
}

// endpoint is a server for the test, or the test is skipped.
func endpoint(t *testing.T) Endpoint {
	t.Helper()
	servicestest.Engine(t, "postgres:15")
	shared.once.Do(shared.open)
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.endpoint
}

// open opens the server for a run of the test's own.
func openServer(t *testing.T) (*Server, string) {
	t.Helper()
	run := strings.ToLower(rand.Text()[:10])
	s, err := Open(t.Context(), endpoint(t), run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, run
}

// filled makes a database from files, up to its first fresh state.
func filled(t *testing.T, s *Server, run string, files ...string) *Shadow {
	t.Helper()
	d := s.Shadow(Name(run, "orders-db"))
	t.Cleanup(func() {
		if err := d.Drop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := d.Create(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if err := d.Fill(t.Context(), files, RestoreHere); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

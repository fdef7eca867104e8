package docker_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker"
)

// detour is a way to the engine that can be cut.
type detour struct {
	listener net.Listener
	running  sync.WaitGroup

	mu   sync.Mutex
	open []net.Conn
}

func newDetour(t *testing.T) *detour {
	t.Helper()
	if os.Getenv("DOCKER_HOST") != "" {
		t.Skip("the engine is not at its usual socket")
	}
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "engine.sock"))
	if err != nil {
		t.Fatal(err)
	}
	d := &detour{listener: l}
	d.running.Go(d.accept)
	t.Setenv("DOCKER_HOST", "unix://"+l.Addr().String())
	return d
}

func (d *detour) accept() {
	for {
		here, err := d.listener.Accept()
		if err != nil {
			return
		}
		there, err := net.Dial("unix", "/var/run/docker.sock")
		if err != nil {
			here.Close()
			continue
		}
		d.mu.Lock()
		d.open = append(d.open, here, there)
		d.mu.Unlock()
		d.running.Go(func() { forward(here, there) })
		d.running.Go(func() { forward(there, here) })
	}
}

func forward(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(*net.UnixConn); ok {
		_ = half.CloseWrite()
	}
}

// cut takes the engine away.
func (d *detour) cut() {
	d.listener.Close()
	d.mu.Lock()
	for _, c := range d.open {
		c.Close()
	}
	d.mu.Unlock()
	d.running.Wait()
}

// TestEngineLost takes the engine away from a run that uses it.
func TestEngineLost(t *testing.T) {
	image := programs(t)
	id := "test-" + uuid.NewString()[:8]
	way := newDetour(t)
	site, err := docker.Open(t.Context(), docker.Options{RunID: id})
	if err != nil {
		t.Fatal(err)
	}
	i, err := site.Start(t.Context(), web("web", image), nil)
	if err != nil {
		t.Fatal(err)
	}
	way.cut()
	began := time.Now()
	select {
	case <-i.Exited():
	case <-time.After(20 * time.Second):
		t.Fatal("the loss of the engine was not noticed")
	}
	if exit := i.Exit(); exit.Code != -1 || !exit.Lost || !strings.Contains(exit.Reason, "engine is gone") {
		t.Errorf("the service ended with %+v", exit)
	}
	_, err = site.Start(t.Context(), web("web", image), nil)
	if !strings.Contains(err.Error(), "nobody answers") {
		t.Errorf("starting gave %v", err)
	}
	if err := site.Close(context.WithoutCancel(t.Context())); err == nil {
		t.Error("closing gave no error although something is left")
	}
	t.Logf("all was told within %s", time.Since(began))
	t.Setenv("DOCKER_HOST", "")
	for _, kind := range []string{"container", "network"} {
		for _, left := range strings.Fields(run(t, "docker", kind, "ls", "-q", "--filter", "label=dev.headgate.run="+id)) {
			remove := []string{"docker", kind, "rm", left}
			if kind == "container" {
				remove = []string{"docker", "rm", "-f", left}
			}
			run(t, remove...)
		}
	}
	wantNothing(t, id)
}

// TestNetworkNameTaken opens a site whose network's name somebody else has.
func TestNetworkNameTaken(t *testing.T) {
	image := programs(t)
	id := "test-" + uuid.NewString()[:8]
	other := run(t, "docker", "network", "create", "headgate-"+id)
	t.Cleanup(func() { run(t, "docker", "network", "rm", other) })
	site, err := docker.Open(t.Context(), docker.Options{RunID: id})
	if err != nil {
		t.Fatal(err)
	}
	i, err := site.Start(t.Context(), web("web", image), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := services.Probe{Service: "web", Instance: i}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if got := run(t, "docker", "network", "inspect", "-f", "{{len .Containers}}", other); got != "0" {
		t.Errorf("%s containers are in the other's network", got)
	}
	closeSite(t, site)
	wantNothing(t, id)
}

// TestStopsTogether stops several obedient services at once.
func TestStopsTogether(t *testing.T) {
	image := programs(t)
	site := open(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		i, err := site.Start(t.Context(), web(name, image), nil)
		if err != nil {
			t.Fatal(err)
		}
		p := services.Probe{Service: name, Instance: i}
		if _, err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	closeSite(t, site)
	t.Logf("five services were stopped and removed in %s", time.Since(began))
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("stopping five services took %s", took)
	}
}

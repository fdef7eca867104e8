package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/servicestest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a site in memory: its containers are goroutines at ports of their own.
type site struct {
	driver servicestest.Driver
	egress services.EgressReport
	state  services.State
	lost   bool
	// unbounded is set when a question has no deadline.
	unbounded atomic.Bool

	mu      sync.Mutex
	started []services.Service
	closed  int
}

func newSite() *site {
	s := &site{state: services.State{Status: "running"}}
	s.driver.Programs = map[string]servicestest.Program{
		"serve": serve, "exit": func(context.Context, servicestest.Process) int { return 3 },
		"done": func(context.Context, servicestest.Process) int { return 0 },
	}
	s.driver.Stats = func(services.Service) (services.Stats, error) {
		return services.Stats{CPU: time.Second, Memory: 10, PeakMem: 20}, nil
	}
	return s
}

// serve answers requests until it is asked to stop.
func serve(ctx context.Context, p servicestest.Process) int {
	l, err := net.Listen("tcp", "127.0.0.1:"+p.Getenv("AT"))
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	fmt.Fprintln(p.Stdout, "serving")
	server := &http.Server{ReadHeaderTimeout: time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-ctx.Done()
		server.Close()
	}()
	_ = server.Serve(l)
	<-ended
	return 0
}

func (s *site) Start(ctx context.Context, svc services.Service, logs services.LogSink) (services.Instance, error) {
	s.mu.Lock()
	s.started = append(s.started, svc)
	s.mu.Unlock()
	inside := net.JoinHostPort(svc.Name, strconv.Itoa(svc.Port))
	if svc.Port != 0 {
		port, err := services.FreePort()
		if err != nil {
			return nil, err
		}
		svc.Port, svc.Env = port, append(svc.Env, "AT="+strconv.Itoa(port))
	}
	i, err := s.driver.Start(ctx, svc, logs)
	if err != nil {
		return nil, err
	}
	return &container{i, s, inside}, nil
}

func (s *site) Host() services.HostAccess {
	return services.HostAccess{Listen: "127.0.0.1", Alias: "host-gateway"}
}

func (s *site) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
	return nil
}

type container struct {
	services.Instance
	site   *site
	inside string
}

func (c *container) Inside() string { return c.inside }

func (c *container) PortAddr(context.Context, int) (string, error) { return "", errors.ErrUnsupported }

func (c *container) Inspect(ctx context.Context) (services.State, error) {
	c.asked(ctx)
	return c.site.state, nil
}

func (c *container) Egress(context.Context) (services.EgressReport, error) { return c.site.egress, nil }

func (c *container) Stats(ctx context.Context) (services.Stats, error) {
	c.asked(ctx)
	return c.Instance.Stats(ctx)
}

func (c *container) Exit() services.Exit {
	exit := c.Instance.Exit()
	exit.Lost = c.site.lost
	return exit
}

func (c *container) asked(ctx context.Context) {
	if _, bounded := ctx.Deadline(); !bounded {
		c.site.unbounded.Store(true)
	}
}

// world is a run with a fleet.
type world struct {
	*fleet.Fleet
	pipeline *engine.Pipeline
	site     *site
}

// play runs do as the only phase of a run.
func (w *world) play(t *testing.T, do func(ctx context.Context, r *engine.Run) error) *engine.Report {
	t.Helper()
	e := &engine.Engine{Pipeline: w.pipeline, Phases: []engine.Phase{&only{do}}}
	rep, err := e.Run(t.Context(), engine.Options{ID: "run-1", Dir: t.TempDir(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

type only struct {
	do func(ctx context.Context, r *engine.Run) error
}

func (o *only) Name() string { return engine.Sut }

func (o *only) Run(ctx context.Context, r *engine.Run) error { return o.do(ctx, r) }

func newWorld(t *testing.T) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	if err := os.WriteFile(path, []byte("sut: {apps: [{name: a, command: [x]}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, ds := engine.Load(path, nil, func(string) (string, bool) { return "", false })
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	registry, err := metric.New(fleet.Metrics("apps")...)
	if err != nil {
		t.Fatal(err)
	}
	p.Metrics = registry
	s := newSite()
	return &world{pipeline: p, site: s, Fleet: &fleet.Fleet{
		Processes: &s.driver,
		Open:      func(context.Context, string) (services.Site, error) { return s, nil },
	}}
}

package sut

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services/servicestest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// other is a phase around the one that is tested.
type other struct {
	name string
	run  func(ctx context.Context, r *engine.Run) error
}

func (o *other) Name() string { return o.name }

func (o *other) Run(ctx context.Context, r *engine.Run) error {
	if o.run == nil {
		return nil
	}
	return o.run(ctx, r)
}

func (o *other) Tell(_ *engine.Run, rep *engine.Report) {
	rep.Accounting = engine.Accounting{Planned: 1, Matched: 1}
}

// stage is a run with the phase in its middle.
type stage struct {
	driver *servicestest.Driver
	known  []string
	// before publishes, after looks at what is up.
	before, after func(ctx context.Context, r *engine.Run) error
}

func load(t *testing.T, apps string) *engine.Pipeline {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	if err := os.WriteFile(path, []byte("sut:\n  apps:\n"+apps), 0o600); err != nil {
		t.Fatal(err)
	}
	p, ds := engine.Load(path, nil, func(string) (string, bool) { return "", false })
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	registry, err := metric.New(Metrics()...)
	if err != nil {
		t.Fatal(err)
	}
	p.Metrics = registry
	return p
}

func (s *stage) play(t *testing.T, apps string) *engine.Report {
	t.Helper()
	p := load(t, apps)
	phase, ds := New(p, &fleet.Fleet{Processes: s.driver, Known: s.known})
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	e := &engine.Engine{Pipeline: p, Phases: []engine.Phase{
		&other{name: engine.Backends, run: s.before}, phase, &other{name: engine.Replay, run: s.after},
	}}
	rep, err := e.Run(t.Context(), engine.Options{ID: "run-1", Dir: t.TempDir(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func findings(t *testing.T, apps string) spec.Diagnostics {
	t.Helper()
	_, ds := New(load(t, apps), &fleet.Fleet{})
	return ds
}

// web serves at PORT until it is asked to stop, or to die at /die.
func web(h http.HandlerFunc) servicestest.Program {
	return func(ctx context.Context, p servicestest.Process) int {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", p.Getenv("PORT")))
		if err != nil {
			fmt.Fprintln(p.Stderr, err)
			return 1
		}
		fmt.Fprintln(p.Stdout, "listening")
		ctx, die := context.WithCancelCause(ctx)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/die" {
				fmt.Fprintln(p.Stderr, "panic: assignment to entry in nil map")
				die(errDied)
				return
			}
			h(w, r)
		})}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			<-ctx.Done()
			server.Close()
		}()
		_ = server.Serve(l)
		<-ended
		if errors.Is(context.Cause(ctx), errDied) {
			return 2
		}
		return 0
	}
}

var errDied = errors.New("asked to die")

func fine(http.ResponseWriter, *http.Request) {}

func programs(web servicestest.Program) *servicestest.Driver {
	return &servicestest.Driver{Programs: map[string]servicestest.Program{
		"web":  web,
		"exit": servicestest.Programs()["exit"], "build": servicestest.Programs()["build"],
	}}
}

func visit(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func value(t *testing.T, rep *engine.Report, name string) float64 {
	t.Helper()
	p, ok := rep.Snapshot.Get(metric.Ref{Scope: "apps", Subject: "svc", Name: name})
	if !ok {
		t.Fatalf("%s has no value", name)
	}
	return p.Value
}

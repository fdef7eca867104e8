// Package sut is phase 2: it brings up the applications under test, waits until they are ready, and
// watches that they stay so.
package sut

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/services"
)

// Phase is the phase of the applications under test.
type Phase struct {
	pipeline *engine.Pipeline
	driver   services.Driver
	apps     []*app
	gates    []*gates.Program
}

// New makes the phase from the run file's section: gates are compiled, nothing is started. driver
// starts local processes. known holds the patterns of log errors that the baseline has seen.
func New(p *engine.Pipeline, driver services.Driver, known []string) (*Phase, spec.Diagnostics) {
	var c Config
	ds := spec.Decode(p.SUT, &c)
	phase := &Phase{pipeline: p, driver: driver}
	seen := map[string]spec.Pos{}
	for i, node := range p.SUT.Key("apps").Items() {
		if i >= len(c.Apps) {
			break
		}
		a := c.Apps[i]
		if first, taken := seen[a.Name]; taken && a.Name != "" {
			ds.Errorf(node.Key("name").Pos(), "choose another name",
				"a second app is named %s; the first is at %s", a.Name, first)
		}
		seen[a.Name] = node.Key("name").Pos()
		phase.add(a, node, known, &ds)
	}
	return phase, ds
}

func (p *Phase) add(c App, at *spec.Node, known []string, ds *spec.Diagnostics) {
	p.pipeline.Metrics.Subject("apps", c.Name)
	switch {
	case c.Image != "":
		ds.Errorf(at.Key("image").Pos(), "start it as a local process with command:", "images are not supported yet")
	case c.Build.Context != "" || c.Build.Dockerfile != "":
		ds.Errorf(at.Key("build").Pos(), "build with command: [go, build, ...]", "image builds are not supported yet")
	case c.Resources.Kind() != spec.Null:
		ds.Errorf(at.Key("resources").Pos(), "gate on mem_peak_bytes and cpu_seconds instead",
			"resources bound containers, which are not supported yet")
	case c.Isolation.Kind() != spec.Null:
		ds.Errorf(at.Key("isolation").Pos(), "leave it out", "isolation needs containers, which are not supported yet")
	case len(c.Command) == 0:
		ds.Errorf(at.Pos(), "add: command: [./bin/service, --flag]", "app %s has no command to start it with", c.Name)
	}
	if c.WarmUp.Requests > 0 && c.WarmUp.Path == "" && c.Ready.HTTP.Path == "" {
		ds.Errorf(at.Key("warm_up").Pos(), "add: path: /", "warm_up does not know what to ask for")
	}
	programs, more := gates.Parse(c.Gates, gates.Scope{
		Phase: engine.Sut, MetricScope: "apps", Subject: c.Name, Registry: p.pipeline.Metrics,
	})
	ds.Add(more)
	p.gates = append(p.gates, programs...)
	p.apps = append(p.apps, &app{
		App: c, pipeline: p.pipeline, driver: p.driver, known: known, hold: holdFor(programs),
	})
}

// holdFor is how long the application has to be watched so that the gate on ready_seconds can be met.
func holdFor(programs []*gates.Program) time.Duration {
	var longest time.Duration
	for _, g := range programs {
		for _, ref := range g.Refs {
			if limit, ok := g.Limit(); ok && ref.Name == "ready_seconds" {
				longest = max(longest, time.Duration(limit*float64(time.Second)))
			}
		}
	}
	return longest
}

// Name is the phase's name.
func (p *Phase) Name() string { return engine.Sut }

// Timeout bounds the phase: a build, the readiness of each application and its watching.
func (p *Phase) Timeout() time.Duration {
	limit := 10 * time.Minute
	for _, a := range p.apps {
		limit += a.Ready.Timeout.Std() + a.hold
	}
	return limit
}

// Gates are the gates of all applications.
func (p *Phase) Gates() []*gates.Program { return p.gates }

// Scopes names what the phase measures.
func (p *Phase) Scopes() []string { return []string{"apps"} }

// Skip passes the phase over where nothing is to be started.
func (p *Phase) Skip() string {
	if len(p.apps) == 0 {
		return "no apps"
	}
	return ""
}

// Plan says what the phase would start.
func (p *Phase) Plan() []string {
	var lines []string
	for _, a := range p.apps {
		lines = append(lines, fmt.Sprintf("app %s: %q, ready within %s", a.Name, []string(a.Command), a.Ready.Timeout))
	}
	return lines
}

// Run starts the applications one after another; each is ready before the next one starts.
func (p *Phase) Run(ctx context.Context, r *engine.Run) error {
	for _, a := range p.apps {
		if err := a.start(ctx, r); err != nil {
			return fault(err)
		}
	}
	return nil
}

// fault tells what kept an application from being ready. A port or folder that could not be had is
// the environment's fault, the rest the application's.
func fault(err error) error {
	var known *engine.Fault
	if errors.As(err, &known) {
		return err
	}
	f := &engine.Fault{Verdict: engine.SUT, Err: err}
	var port *services.PortError
	var late *services.NotReadyError
	var exit *services.ExitError
	switch {
	case errors.As(err, &port):
		f.Verdict, f.Hint = engine.Environment, "leave port: out to get a free one, or end what listens there"
	case errors.As(err, &late):
		f.Details = late.Log
	case errors.As(err, &exit):
		f.Details = exit.Log
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return f
}

// Tell adds the applications to the report.
func (p *Phase) Tell(_ *engine.Run, rep *engine.Report) {
	for _, a := range p.apps {
		rep.Services = append(rep.Services, a.tell(rep.Snapshot))
	}
}

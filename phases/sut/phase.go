// Package sut is phase 2: it brings up the applications under test, waits until they are ready, and
// watches that they stay so.
package sut

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
)

// Phase is the phase of the applications under test.
type Phase struct {
	pipeline *engine.Pipeline
	fleet    *fleet.Fleet
	apps     []*app
	gates    []*gates.Program

	mu    sync.Mutex
	steps []services.Step
}

// New makes the phase from the run file's section: gates are compiled, nothing is started. f starts the
// applications.
func New(p *engine.Pipeline, f *fleet.Fleet) (*Phase, spec.Diagnostics) {
	var c Config
	ds := spec.Decode(p.SUT, &c)
	phase := &Phase{pipeline: p, fleet: f}
	seen := map[string]spec.Pos{}
	nodes := p.SUT.Key("apps").Items()
	nodes = nodes[:min(len(nodes), len(c.Apps))]
	for i, node := range nodes {
		a := c.Apps[i]
		if first, taken := seen[a.Name]; taken && a.Name != "" {
			ds.Errorf(node.Key("name").Pos(), "choose another name",
				"a second app is named %s; the first is at %s", a.Name, first)
		}
		seen[a.Name] = node.Key("name").Pos()
		ds.Add(f.Settle(p, node, a.Name, &c.Apps[i].Settings))
		phase.add(c.Apps[i], node, &ds)
	}
	for i, node := range nodes {
		phase.check(&c.Apps[i], node, &ds)
	}
	if err := services.CheckOrder(phase.tasks(nil)); err != nil {
		ds.Errorf(p.SUT.Key("apps").Pos(), "take one of the references or needs out", "the apps cannot be started: %v", err)
	}
	return phase, ds
}

func (p *Phase) add(c App, at *spec.Node, ds *spec.Diagnostics) {
	p.pipeline.Metrics.Subject("apps", c.Name)
	if !c.Given() {
		ds.Errorf(at.Pos(), "add: command: [./bin/service, --flag], or image: NAME:TAG",
			"app %s has no command to start it with, and no image", c.Name)
	}
	if c.WarmUp.Requests > 0 && c.WarmUp.Path == "" && c.Ready.HTTP.Path == "" {
		ds.Errorf(at.Key("warm_up").Pos(), "add: path: /", "warm_up does not know what to ask for")
	}
	programs, more := gates.Parse(c.Gates, gates.Scope{
		Phase: engine.Sut, MetricScope: "apps", Subject: c.Name, Registry: p.pipeline.Metrics,
	})
	ds.Add(more)
	p.gates = append(p.gates, programs...)
	p.apps = append(p.apps, &app{App: c, pipeline: p.pipeline, fleet: p.fleet, hold: holdFor(programs)})
}

// check finds what does not go together in the settings of an application.
func (p *Phase) check(c *App, at *spec.Node, ds *spec.Diagnostics) {
	ds.Add(c.Check(at, p.pipeline.Resolve))
	known := fleet.Names(p.pipeline)
	ds.Add(c.CheckAllow(at, known))
	ds.Add(fleet.CheckNeeds(at, c.Needs, c.Name, known))
	ds.Add(fleet.CheckReach(p.pipeline, at, &c.Settings))
}

// tasks are the bring-up of all applications. What an application needs of other phases is up by then.
func (p *Phase) tasks(r *engine.Run) []services.Task {
	var tasks []services.Task
	for _, a := range p.apps {
		t := services.Task{Name: a.Name, Needs: a.Needs}
		for _, ref := range a.References() {
			if scope, name := fleet.Subject(ref); scope == "apps" && name != a.Name {
				t.Needs = append(t.Needs, name)
			}
		}
		t.Run = func(ctx context.Context, started func()) error { return a.start(ctx, r, started) }
		tasks = append(tasks, t)
	}
	return tasks
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
		lines = append(lines, fmt.Sprintf("app %s: %s, ready within %s", a.Name, a.Describe(), a.Ready.Timeout))
	}
	return lines
}

// Run starts the applications, each as soon as those that it needs are ready.
func (p *Phase) Run(ctx context.Context, r *engine.Run) error {
	steps, err := services.BringUp(ctx, p.tasks(r))
	p.mu.Lock()
	p.steps = steps
	p.mu.Unlock()
	if err != nil {
		return fleet.Fault(err, engine.SUT)
	}
	return nil
}

func (p *Phase) brought() []services.Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.steps
}

// Unmeasured says why a metric never gets a value in this run, or nothing.
func (p *Phase) Unmeasured(ref metric.Ref) string {
	for _, a := range p.apps {
		switch {
		case ref.Scope != "apps" || ref.Subject != a.Name:
		case a.Job && slices.Contains([]string{"ready_seconds", "error_rate", "probes"}, ref.Name):
			return "the app " + a.Name + " is a job, which ends when it is ready"
		default:
			return fleet.Unmeasured(a.Name, &a.Settings, ref.Name)
		}
	}
	return ""
}

// Images lists the images that must be there or be pulled.
func (p *Phase) Images() []string {
	var list []string
	for _, a := range p.apps {
		if a.Image != "" && a.Contained() && a.Build.Context == "" {
			list = append(list, a.Image)
		}
	}
	return list
}

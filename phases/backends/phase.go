// Package backends is phase 1: it brings up what the application depends on, and checks it before
// anyone depends on it.
package backends

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
)

// Phase is the phase of the backends.
type Phase struct {
	pipeline *engine.Pipeline
	mocks    []*mock
	real     []*real
	// databases are made before anyone depends on them.
	databases []*database
	gates     []*gates.Program
	fleet     *fleet.Fleet
	wireMock  WireMock
	shared    shared

	mu    sync.Mutex
	steps []services.Step
}

// Inputs are what the phase is made from besides the run file.
type Inputs struct {
	// Attribute names in outbound records the inbound one that caused them; nil where there is none.
	Attribute func(outbound []*traffic.Record) error
	// Transform changes outbound records before stubs are built of them; nil changes nothing.
	Transform func(outbound []*traffic.Record) error
	// Judge sees what mappings answer; nil sees nothing.
	Judge func(answer *traffic.Record)
	// Formats say what the captures cannot tell themselves.
	Formats formats.Options
	// Embedded serves mocks in this process.
	Embedded mocks.Provider
	// Fleet starts processes and containers.
	Fleet *fleet.Fleet
	// Extra are real services that others depend on and the run file does not name.
	Extra []Real
	// Short are mocks in the short form of replay.mocks.
	Short []Mock
	// GatesOnly compiles the gates and reads no traffic: the phase cannot be run.
	GatesOnly bool
}

// ready names who caused outbound records and changes them.
func (in Inputs) ready(outbound []*traffic.Record) error {
	for _, step := range []func([]*traffic.Record) error{in.Attribute, in.Transform} {
		if step == nil {
			continue
		}
		if err := step(outbound); err != nil {
			return err
		}
	}
	return nil
}

// New makes the phase from the run file's section: stubs are built, gates compiled, nothing started.
func New(ctx context.Context, p *engine.Pipeline, in Inputs) (*Phase, spec.Diagnostics) {
	var c Config
	ds := spec.Decode(p.Backends, &c)
	phase := &Phase{pipeline: p, fleet: in.Fleet, wireMock: c.WireMock}
	nodes := p.Backends.Key("mocks").Items()
	names := newNames("mock")
	for i, m := range append(c.Mocks, in.Short...) {
		at := p.Backends
		if i < len(nodes) {
			at = nodes[i]
		}
		names.take(m.Name, at, &ds)
		phase.addMock(ctx, m, at, in, &ds)
	}
	nodes = p.Backends.Key("real").Items()
	names = newNames("real service")
	for i, r := range append(c.Real, in.Extra...) {
		at := p.Backends
		if i < len(nodes) {
			at = nodes[i]
		}
		names.take(r.Name, at, &ds)
		if in.GatesOnly {
			r.Traffic = ""
		}
		phase.addReal(ctx, r, at, in, &ds)
	}
	nodes = p.Backends.Key("databases").Items()
	names = newNames("database")
	for i, d := range c.Databases {
		names.take(d.Name, nodes[i], &ds)
		phase.addDatabase(d, nodes[i], in, &ds)
	}
	phase.check(&ds)
	return phase, ds
}

// check finds what does not go together, once all backends are known.
func (p *Phase) check(ds *spec.Diagnostics) {
	for _, s := range p.real {
		s.lint(p.pipeline, ds)
	}
	if err := services.CheckOrder(p.tasks(nil)); err != nil {
		ds.Errorf(p.pipeline.Backends.Pos(), "take one of the references or needs out",
			"the backends cannot be brought up: %v", err)
	}
}

// names finds names that are used twice.
type names struct {
	what string
	seen map[string]spec.Pos
}

func newNames(what string) *names { return &names{what: what, seen: map[string]spec.Pos{}} }

func (n *names) take(name string, at *spec.Node, ds *spec.Diagnostics) {
	if first, taken := n.seen[name]; taken && name != "" {
		ds.Errorf(at.Key("name").Pos(), "choose another name", "a second %s is named %s; the first is at %s",
			n.what, name, first)
		return
	}
	n.seen[name] = at.Key("name").Pos()
}

// Name is the phase's name.
func (p *Phase) Name() string { return engine.Backends }

// Timeout bounds the phase: getting images, the readiness of each service, and the filling of databases.
func (p *Phase) Timeout() time.Duration {
	limit := 10 * time.Minute
	for _, s := range p.real {
		limit += s.Probe.Timeout.Std()
	}
	for _, d := range p.databases {
		limit += d.Ready.Timeout.Std() + fillTime
	}
	return limit
}

// fillTime is how long the seeds and migrations of a database may take.
const fillTime = 15 * time.Minute

// Gates are the gates of all mocks and services.
func (p *Phase) Gates() []*gates.Program { return p.gates }

// Skip passes the phase over where there is nothing to bring up.
func (p *Phase) Skip() string {
	if len(p.mocks)+len(p.real)+len(p.databases) == 0 {
		return "no backends"
	}
	return ""
}

// Recorded tells whether any mock was built from recorded calls.
func (p *Phase) Recorded() bool {
	return slices.ContainsFunc(p.mocks, func(m *mock) bool { return len(m.exchanges) > 0 })
}

// Plan says what the phase would bring up.
func (p *Phase) Plan() []string {
	var lines []string
	for _, m := range p.mocks {
		lines = append(lines, fmt.Sprintf("mock %s: %d stubs from %s, served by the %s engine",
			m.Name, len(m.stubs), m.source(), m.Engine))
	}
	for _, r := range p.real {
		lines = append(lines, fmt.Sprintf("real %s: %s, %d recorded requests to send", r.Name, r.where(), len(r.recorded)))
	}
	for _, d := range p.databases {
		lines = append(lines, d.plan())
	}
	return lines
}

// Run brings the mocks and services up, each as soon as what it needs is there, and checks each.
func (p *Phase) Run(ctx context.Context, r *engine.Run) error {
	steps, err := services.BringUp(ctx, p.tasks(r))
	p.mu.Lock()
	p.steps = steps
	p.mu.Unlock()
	if err != nil {
		return fleet.Fault(err, engine.Environment)
	}
	r.WatchMocks(p.served)
	r.Collect(func(ctx context.Context) {
		p.collect(r)
		p.collectDatabases(ctx, r)
	})
	r.OnRewind(p.rewind)
	return nil
}

// tasks are the bring-up of all backends, named by what they are.
func (p *Phase) tasks(r *engine.Run) []services.Task {
	var tasks []services.Task
	for _, m := range p.mocks {
		tasks = append(tasks, services.Task{
			Name: "mock " + m.Name,
			Run: func(ctx context.Context, _ func()) error {
				err := m.start(ctx, r)
				if err == nil && m.Engine == wireMock {
					p.fleet.Ready(m.Name)
				}
				return err
			},
		})
	}
	for _, s := range p.real {
		tasks = append(tasks, services.Task{
			Name: "real service " + s.Name, Needs: p.needs(s.Name, &s.Settings),
			Run: func(ctx context.Context, started func()) error { return s.start(ctx, r, started) },
		})
	}
	for _, d := range p.databases {
		tasks = append(tasks, services.Task{
			Name: "database " + d.Name,
			Run:  func(ctx context.Context, started func()) error { return d.start(ctx, r, started) },
		})
	}
	for i, t := range tasks {
		tasks[i].Run = func(ctx context.Context, started func()) error {
			if err := t.Run(ctx, started); err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			}
			return nil
		}
	}
	return tasks
}

// needs are the tasks that a service needs, by what it names and refers to.
func (p *Phase) needs(of string, s *services.Settings) []string {
	var needs []string
	for _, name := range s.Needs {
		for _, kind := range []string{"mock", "real service", "database"} {
			needs = append(needs, kind+" "+name) // those that are not there count as done
		}
	}
	for _, ref := range s.References() {
		scope, name := fleet.Subject(ref)
		if scope == "real" && name == of {
			continue
		}
		kind := map[string]string{"mocks": "mock", "real": "real service", "databases": "database"}[scope]
		needs = append(needs, kind+" "+name)
	}
	return needs
}

// Scopes names what the phase measures.
func (p *Phase) Scopes() []string { return []string{"mocks", "real", "databases", "side_effects"} }

func (p *Phase) rewind(ctx context.Context) error {
	var errs []error
	for _, m := range p.mocks {
		errs = append(errs, m.rewind(ctx))
	}
	for _, d := range p.databases {
		errs = append(errs, d.rewind(ctx))
	}
	return errors.Join(errs...)
}

func (p *Phase) served() (requests, misses int64) {
	for _, m := range p.mocks {
		n, unmatched := m.counts()
		requests += n
		misses += unmatched
	}
	return requests, misses
}

// Package backends is phase 1: it brings up what the application depends on, and checks it before
// anyone depends on it.
package backends

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

// Phase is the phase of the backends.
type Phase struct {
	pipeline *engine.Pipeline
	mocks    []*mock
	real     []*real
	gates    []*gates.Program
}

// Inputs are what the phase is made from besides the run file.
type Inputs struct {
	// Inbound is all captured inbound traffic: outbound calls are attributed to it.
	Inbound []*traffic.Record
	// Embedded serves mocks in this process.
	Embedded mocks.Provider
	// Short are mocks in the short form of replay.mocks.
	Short []Mock
	// GatesOnly compiles the gates and reads no traffic: the phase cannot be run.
	GatesOnly bool
}

// New makes the phase from the run file's section: stubs are built, gates compiled, nothing started.
func New(ctx context.Context, p *engine.Pipeline, in Inputs) (*Phase, spec.Diagnostics) {
	var c Config
	ds := spec.Decode(p.Backends, &c)
	phase := &Phase{pipeline: p}
	if c.Databases.Kind() != spec.Null {
		ds.Errorf(c.Databases.Pos(), "use a real service, or leave the section out",
			"databases are not supported yet")
	}
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
	for i, r := range c.Real {
		names.take(r.Name, nodes[i], &ds)
		if in.GatesOnly {
			r.Traffic = ""
		}
		phase.addReal(ctx, r, nodes[i], &ds)
	}
	return phase, ds
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

// Timeout bounds the phase.
func (p *Phase) Timeout() time.Duration { return 2 * time.Minute }

// Gates are the gates of all mocks and services.
func (p *Phase) Gates() []*gates.Program { return p.gates }

// Skip passes the phase over where there is nothing to bring up.
func (p *Phase) Skip() string {
	if len(p.mocks)+len(p.real) == 0 {
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
		lines = append(lines, fmt.Sprintf("real %s: %s, %d recorded requests to send", r.Name, r.URL, len(r.recorded)))
	}
	return lines
}

// Run brings the mocks and services up, and checks each.
func (p *Phase) Run(ctx context.Context, r *engine.Run) error {
	for _, m := range p.mocks {
		if err := m.start(ctx, r); err != nil {
			return environment("mock "+m.Name, err)
		}
	}
	for _, s := range p.real {
		if err := s.check(ctx, r); err != nil {
			return environment("real service "+s.Name, err)
		}
	}
	r.WatchMocks(p.served)
	r.Collect(func(context.Context) { p.collect(r) })
	r.OnRewind(p.rewind)
	return nil
}

// Scopes names what the phase measures.
func (p *Phase) Scopes() []string { return []string{"mocks", "real", "side_effects"} }

func (p *Phase) rewind(ctx context.Context) error {
	var errs []error
	for _, m := range p.mocks {
		errs = append(errs, m.rewind(ctx))
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

func environment(what string, err error) error {
	return &engine.Fault{Verdict: engine.Environment, Err: fmt.Errorf("%s: %w", what, err)}
}

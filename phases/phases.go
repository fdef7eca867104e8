// Package phases lists the four phases in running order and joins them with their drivers and
// providers.
package phases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/mocks/embedded"
	"github.com/headgate-dev/headgate/phases/backends"
	"github.com/headgate-dev/headgate/phases/inbound"
	"github.com/headgate-dev/headgate/phases/quality"
	"github.com/headgate-dev/headgate/phases/sut"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/safety"
	"github.com/headgate-dev/headgate/traffic/transform"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// Metrics declares every metric that gates can refer to.
func Metrics() []metric.Desc {
	return slices.Concat(backends.Metrics(), sut.Metrics(), verify.Metrics())
}

// Source is a run file and what to fill in.
type Source struct {
	// Path of the run file.
	Path string
	// Vars are values for ${NAME} that win over those of the run file.
	Vars map[string]string
	// Env looks up environment variables for ${env.NAME}.
	Env func(string) (string, bool)
	// Seed for the sampling of traffic.
	Seed uint64
	// Now is the time by which waivers are warned about that have ended; without it none is.
	Now time.Time
	// WithoutNoise leaves the noise file of the run file out.
	WithoutNoise bool
	// Reap is a command that removes what a run has left of containers, given the run's ID, once its
	// standard input ends; without it nothing does when this process is killed.
	Reap []string
	// Check finds further mistakes, of sections that belong to no phase; it may be nil.
	Check func(*engine.Pipeline) spec.Diagnostics
}

// Load reads a run file and everything it names, and makes the engine. Nothing is started. The
// findings hold every mistake; the engine is nil if one of them is an error.
func Load(ctx context.Context, s Source) (*engine.Engine, spec.Diagnostics) {
	pipeline, ds := engine.Load(s.Path, s.Vars, s.Env)
	if pipeline == nil {
		return nil, ds
	}
	registry, err := metric.New(Metrics()...)
	if err != nil {
		panic(err)
	}
	pipeline.Metrics = registry
	baseline := loadBaseline(pipeline, &ds)
	transforms, more := verify.Transforms(pipeline.Traffic, transform.Options{
		Resolve: pipeline.Resolve, Now: cmp.Or(s.Now, time.Now()),
	})
	ds.Add(more)
	guard := verify.Guard(pipeline.Traffic, safety.DefaultMode(s.Env))
	plan, more := verify.Load(ctx, verify.Sections{
		Traffic: pipeline.Traffic, Replay: pipeline.Replay, Resolve: pipeline.Resolve,
		Metrics: registry, Seed: s.Seed, WithoutNoise: s.WithoutNoise, Transforms: transforms, Guard: guard,
	})
	ds.Add(more)
	list := all(ctx, inputs{pipeline, plan, baseline, transforms, guard, s.Now, s.fleet(pipeline, baseline)}, &ds)
	checkReferences(pipeline, &ds)
	checkNames(pipeline, &ds)
	if s.Check != nil {
		ds.Add(s.Check(pipeline))
	}
	if ds.Err() != nil {
		_ = plan.Close() // there is worse to tell
		return nil, ds
	}
	return &engine.Engine{Pipeline: pipeline, Phases: list, Baseline: baseline}, ds
}

// inputs are what the phases are made from.
type inputs struct {
	*engine.Pipeline
	plan       *verify.Plan
	baseline   *gates.Baseline
	transforms *transform.Chain
	guard      *safety.Guard
	now        time.Time
	fleet      *fleet.Fleet
}

// all lists the four phases in running order.
func all(ctx context.Context, in inputs, ds *spec.Diagnostics) []engine.Phase {
	p, plan := in.Pipeline, in.plan
	extra, more := in.fleet.Compose(ctx, p)
	ds.Add(more)
	first, more := backends.New(ctx, p, in.backends(extra))
	ds.Add(more)
	in.settle(ds)
	if ds.Err() == nil { // else some of the traffic may not have been read
		ds.Add(in.transforms.Check())
		ds.Add(in.guard.Check(in.place()))
	}
	second, more := sut.New(p, in.fleet)
	ds.Add(more)
	settleTarget(p, plan, ds)
	fourth := inbound.New(plan)
	var stage quality.Stage
	if plan != nil {
		stage = fourth
	}
	third, more := quality.New(p, stage, quality.Subject{App: target(plan), Recorded: first.Recorded()})
	ds.Add(more)
	list := []engine.Phase{first, second, third, fourth}
	linter{Pipeline: p, of: measurers{first, second}, now: in.now}.lint(list, ds)
	return list
}

func (in inputs) backends(extra []fleet.Dependency) backends.Inputs {
	out := backends.Inputs{Embedded: embedded.Provider{}, Fleet: in.fleet, Transform: in.transform}
	out.Formats, out.Judge = verify.Formats(in.Traffic), in.guard.JudgeStub
	for _, d := range extra {
		out.Extra = append(out.Extra, backends.NewReal(d.Name, d.Settings))
	}
	if in.plan == nil {
		return out
	}
	if in.plan.Recording != nil {
		out.Attribute = in.plan.Attribute
	}
	for _, m := range in.plan.Replay.Mocks {
		out.Short = append(out.Short, backends.ShortMock(m.Service, m.Traffic, m.Port))
	}
	return out
}

// place is where the traffic of the run is named.
func (in inputs) place() spec.Pos {
	if sources := in.Replay.Key("traffic"); sources.Kind() != spec.Null {
		return sources.Pos()
	}
	return in.Document.Root.Pos()
}

// transform changes outbound records, and has them judged.
func (in inputs) transform(outbound []*traffic.Record) error {
	recorded := make([]*traffic.Record, len(outbound))
	for i, r := range outbound {
		recorded[i] = safety.Before(r)
	}
	if err := in.transforms.ApplyAll(outbound); err != nil {
		return err
	}
	for i, r := range outbound {
		in.guard.Judge(recorded[i], r)
	}
	return nil
}

// settle frees what the backends alone have needed of the traffic.
func (in inputs) settle(ds *spec.Diagnostics) {
	if in.plan == nil {
		return
	}
	if err := in.plan.Settle(); err != nil {
		ds.Warnf(in.Replay.Pos(), "", "freeing temporary files: %v", err)
	}
}

func target(plan *verify.Plan) string {
	if plan == nil || strings.Contains(plan.Replay.Target, "://") {
		return ""
	}
	return plan.Replay.Target
}

// loadBaseline reads the pinned baseline. One that is not there yet is no mistake: the gates that
// need it say so.
func loadBaseline(p *engine.Pipeline, ds *spec.Diagnostics) *gates.Baseline {
	if p.Baseline.Source != "pinned" || p.Baseline.File == "" {
		return nil
	}
	at := p.Document.Root.Key("baseline").Key("file").Pos()
	b, err := gates.LoadBaseline(p.Resolve(p.Baseline.File))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		ds.Warnf(at, "make it from a passed run: headgate baseline record --out "+p.Baseline.File,
			"the baseline %s does not exist yet", p.Baseline.File)
	case err != nil:
		ds.Errorf(at, "make it again: headgate baseline record", "baseline: %v", err)
	}
	return b
}

// checkReferences finds ${...} that nothing will ever fill in.
func checkReferences(p *engine.Pipeline, ds *spec.Diagnostics) {
	known := []string{"run.id", "run.dir", "self.port"}
	for _, scope := range []string{"mocks", "real", "databases", "apps"} {
		for _, name := range p.Metrics.Subjects(scope) {
			for _, what := range published(scope) {
				known = append(known, scope+"."+name+"."+what)
			}
		}
	}
	for _, ref := range p.Document.References() {
		name := ref.String()
		if slices.Contains(known, name) {
			continue
		}
		hint := "known are: " + strings.Join(known, ", ")
		if near := spec.Nearest(name, known); near != "" {
			hint = "did you mean ${" + near + "}?"
		}
		ds.Errorf(ref.Pos, hint, "${%s} refers to nothing in this run", name)
	}
}

// published lists what the phases publish of each thing of a scope.
func published(scope string) []string {
	switch scope {
	case "mocks":
		return []string{"url"}
	case "databases":
		return []string{"url", "host", "port", "user", "password", "database"}
	}
	return []string{"url", "port"}
}

// settleTarget makes sure that what is replayed against is there: the only app where none is named.
func settleTarget(p *engine.Pipeline, plan *verify.Plan, ds *spec.Diagnostics) {
	if plan == nil || strings.Contains(plan.Replay.Target, "://") {
		return
	}
	apps := p.Metrics.Subjects("apps")
	switch name := plan.Replay.Target; {
	case name == "" && len(apps) == 1:
		plan.Replay.Target = apps[0]
	case slices.Contains(apps, name):
	case len(apps) == 0:
		ds.Errorf(p.Replay.Key("target").Pos(), "write target: http://127.0.0.1:8080, or describe the app under sut:",
			"the replay has no target: no app is started and no URL is given")
	default:
		ds.Errorf(p.Replay.Key("target").Pos(), fmt.Sprintf("apps: %s", strings.Join(apps, ", ")),
			"target %q is no app of this run", name)
	}
}

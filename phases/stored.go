package phases

import (
	"context"
	"errors"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/phases/backends"
	"github.com/headgate-dev/headgate/phases/quality"
	"github.com/headgate-dev/headgate/phases/sut"
)

// Gates compiles the gates of a run file, in the order of the phases, for the stored metrics of a run:
// no traffic is read and nothing can be started. The endpoints and subjects are those of the metrics.
func Gates(
	ctx context.Context, s Source, stored *metric.Snapshot,
) (*engine.Pipeline, []*gates.Program, spec.Diagnostics) {
	p, ds := engine.Load(s.Path, s.Vars, s.Env)
	if p == nil {
		return nil, nil, ds
	}
	p.Metrics = registry()
	for _, endpoint := range stored.Subjects("endpoint") {
		p.Metrics.Subject("endpoint", endpoint)
	}
	first, more := backends.New(ctx, p, backends.Inputs{GatesOnly: true})
	ds.Add(more)
	second, more := sut.New(p, &fleet.Fleet{})
	ds.Add(more)
	third, more := quality.New(p, stage(p), quality.Subject{App: onlyApp(p), Recorded: recorded(stored)})
	ds.Add(more)
	var list []*gates.Program
	for _, phase := range []engine.Gated{first, second, third} {
		list = append(list, phase.Gates()...)
	}
	return p, list, ds
}

func registry() *metric.Registry {
	r, err := metric.New(Metrics()...)
	if err != nil {
		panic(err)
	}
	return r
}

// over is the stage of a run that has ended.
type over struct{}

func (over) Planned() int { return 0 }

func (over) Canary(context.Context, *engine.Run, int) error {
	return errors.New("a run that has ended is not replayed")
}

func stage(p *engine.Pipeline) quality.Stage {
	if p.Replay.Kind() == spec.Null {
		return nil
	}
	return over{}
}

// onlyApp is the application that is replayed against, as [Load] finds it.
func onlyApp(p *engine.Pipeline) string {
	name, apps := p.Replay.Key("target").Text(), p.Metrics.Subjects("apps")
	for _, app := range apps {
		if app == name || name == "" && len(apps) == 1 {
			return app
		}
	}
	return ""
}

// recorded tells whether a mock of the run was built from recorded calls: then it was checked with them.
func recorded(stored *metric.Snapshot) bool {
	for _, name := range stored.Subjects("mocks") {
		if _, ok := stored.Get(metric.Ref{Scope: "mocks", Subject: name, Name: "self_check_rate"}); ok {
			return true
		}
	}
	return false
}

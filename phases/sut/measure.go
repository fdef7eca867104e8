package sut

import (
	"context"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates/metric"
)

func (a *app) count(asked int64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked += asked
	if err != nil {
		a.failed++
	}
}

// collect brings the application's metrics up to date.
func (a *app) collect(ctx context.Context, r *engine.Run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	m := r.Metrics
	ref := func(name string) metric.Ref { return metric.Ref{Scope: "apps", Subject: a.Name, Name: name} }
	m.Drop("apps", a.Name)
	a.member.Measure(ctx, m, "apps")
	if a.member.Ready().IsZero() || a.member.Job() {
		return
	}
	m.Set(ref("ready_seconds"), r.Clock().Sub(a.member.Ready()).Seconds())
	m.Add(ref("probes"), float64(a.asked))
	m.Hit(ref("error_rate"), a.failed, a.asked)
}

// Tell adds the services to the report: all that were started, and the applications that were not.
func (p *Phase) Tell(_ *engine.Run, rep *engine.Report) {
	mine := map[string]bool{}
	for _, a := range p.apps {
		mine[a.Name] = true
	}
	for _, m := range p.fleet.Members() {
		if !mine[m.Name()] {
			rep.Services = append(rep.Services, m.Tell())
		}
	}
	for _, a := range p.apps {
		rep.Services = append(rep.Services, a.tell(rep.Snapshot))
	}
	if steps := p.brought(); len(steps) > 0 {
		rep.BringUp = append(rep.BringUp, fleet.TellBringUp(engine.Sut, steps))
	}
}

// tell reports on the application, as the gates have judged it.
func (a *app) tell(judged *metric.Snapshot) engine.ServiceReport {
	a.mu.Lock()
	m := a.member // of the last attempt; a member that the fleet keeps may be of one before
	a.mu.Unlock()
	if m == nil {
		return engine.ServiceReport{Name: a.Name}
	}
	told := m.Tell()
	if judged != nil {
		ready, _ := judged.Get(metric.Ref{Scope: "apps", Subject: a.Name, Name: "ready_seconds"})
		told.ReadySeconds = ready.Value
	}
	return told
}

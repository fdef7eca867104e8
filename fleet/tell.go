package fleet

import (
	"context"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
)

// Metrics declares what is measured of each service of a scope.
func Metrics(scope string) []metric.Desc {
	list := []metric.Desc{
		{
			Name: "startup_seconds", Kind: metric.Gauge, Unit: metric.Seconds, Direction: metric.LowerIsBetter,
			Family: "readiness", Help: "How long the service took from its start until it was ready.",
		},
		{
			Name: "cpu_seconds", Kind: metric.Gauge, Unit: metric.Seconds, Direction: metric.LowerIsBetter,
			Family: "resource", Aliases: []string{"cpu"}, Help: "CPU time of the service and its children since its start.",
		},
		{
			Name: "cpu_percent", Kind: metric.Gauge, Unit: metric.Percent, Direction: metric.LowerIsBetter,
			Family: "resource", Help: "CPU time per wall time since the start; 100 is one core.",
		},
		{
			Name: "mem_bytes", Kind: metric.Gauge, Unit: metric.Bytes, Direction: metric.LowerIsBetter,
			Family: "resource", Help: "Memory in use now: resident, or the working set of a container.",
		},
		{
			Name: "mem_peak_bytes", Kind: metric.Gauge, Unit: metric.Bytes, Direction: metric.LowerIsBetter,
			Family: "resource", Aliases: []string{"mem"}, Help: "The largest mem_bytes seen.",
		},
		{
			Name: "restarts", Kind: metric.Gauge, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Family: "readiness", Help: "How often the service was started again; a local process never is.",
		},
		{
			Name: "oom_kills", Kind: metric.Gauge, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Family: "resource", Help: "How often a container ran out of memory.",
		},
		{
			Name: "egress_violations", Kind: metric.Gauge, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Family: "egress", Help: "Attempts to reach something that isolation: {egress: deny} does not allow.",
		},
		{
			Name: "log_lines", Kind: metric.Counter, Unit: metric.Count, Help: "Lines that the service has written.",
		},
		{
			Name: "log_errors", Kind: metric.Gauge, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Family: "readiness", Help: "Lines that logs.error matches and logs.allow does not.",
		},
		{
			Name: "new_log_errors", Kind: metric.Gauge, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Family: "readiness", Help: "Error lines of a pattern that the baseline does not know.",
		},
	}
	for i := range list {
		list[i].Scope = scope
	}
	return list
}

// Measure brings the metrics of the service up to date, with the resource use as the fleet has read it last.
// What could not be measured is no data, not zero.
func (m *Member) Measure(ctx context.Context, reg *metric.Registry, scope string) {
	ctx, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	egress, err := m.readEgress(ctx)
	ref := func(name string) metric.Ref { return metric.Ref{Scope: scope, Subject: m.Name(), Name: name} }
	counts := m.scanner.Counts()
	reg.Add(ref("log_lines"), float64(counts.Lines))
	reg.Set(ref("log_errors"), float64(counts.Errors))
	reg.Set(ref("new_log_errors"), float64(counts.New))
	if err == nil && egress != nil && proven(egress) {
		reg.Set(ref("egress_violations"), float64(egress.Total))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	reg.Set(ref("restarts"), float64(m.state.Restarts))
	if m.service.Container != nil {
		reg.Set(ref("oom_kills"), float64(m.oomKills()))
	}
	if !m.ready.IsZero() {
		reg.Set(ref("startup_seconds"), m.ready.Sub(m.started).Seconds())
	}
	if m.stats == (services.Stats{}) {
		return
	}
	reg.Set(ref("cpu_seconds"), m.stats.CPU.Seconds())
	reg.Set(ref("mem_bytes"), float64(m.stats.Memory))
	reg.Set(ref("mem_peak_bytes"), float64(m.stats.PeakMem))
	if lived := m.clock().Sub(m.started); lived > 0 {
		reg.Set(ref("cpu_percent"), 100*m.stats.CPU.Seconds()/lived.Seconds())
	}
}

// proofTime bounds the proof of an isolation, in which all that is allowed is dialled.
const proofTime = 30 * time.Second

// proven tells whether everything that was checked is as it should be: attempts that are counted within a
// leaking isolation are not all attempts.
func proven(r *services.EgressReport) bool {
	for _, c := range r.Proof {
		if c.Want != c.Got {
			return false
		}
	}
	return len(r.Proof) > 0
}

// oomKills is 1 for a container that ran out of memory: engines keep a flag, not a count.
func (m *Member) oomKills() int64 {
	if m.state.OOMKilled {
		return 1
	}
	return 0
}

// Tell reports on the service.
func (m *Member) Tell() engine.ServiceReport {
	m.mu.Lock()
	defer m.mu.Unlock()
	told := engine.ServiceReport{
		Name: m.Name(), CPUSeconds: m.stats.CPU.Seconds(), MemPeakBytes: m.stats.PeakMem,
		Restarts: int64(m.state.Restarts), LogLines: m.scanner.Counts().Lines, State: m.state.Status,
		OOMKills: m.oomKills(), Egress: tellEgress(m.egress),
	}
	if !m.ready.IsZero() {
		told.StartupSeconds = m.ready.Sub(m.started).Seconds()
	}
	if c := m.service.Container; c != nil {
		told.Image = c.Image
	}
	select {
	case <-m.instance.Exited():
		if exit := m.instance.Exit(); !exit.Stopped {
			told.ExitCode = &exit.Code
		}
	default:
	}
	for _, u := range m.use {
		told.Phases = append(told.Phases, engine.ServicePhase{
			Phase: u.Phase, CPUSeconds: u.CPU.Seconds(), MemPeakBytes: u.PeakMem,
		})
	}
	for _, p := range m.scanner.Patterns() {
		pattern := engine.LogPattern{Text: p.Text, Count: p.Count, First: p.Sample}
		if p.New {
			told.NewErrors = append(told.NewErrors, pattern)
		} else {
			told.KnownErrors = append(told.KnownErrors, pattern)
		}
	}
	return told
}

func tellEgress(r *services.EgressReport) *engine.EgressReport {
	if r == nil {
		return nil
	}
	told := &engine.EgressReport{Violations: r.Total, Routes: r.Routes}
	for _, a := range r.Attempts {
		told.Attempts = append(told.Attempts, engine.EgressAttempt{Host: a.Host, Port: a.Port, Count: a.Count})
	}
	for _, c := range r.Proof {
		told.Proof = append(told.Proof, engine.EgressCheck{What: c.What, Want: c.Want, Got: c.Got})
	}
	return told
}

// TellBringUp reports on a bring-up.
func TellBringUp(phase string, steps []services.Step) engine.BringUpReport {
	chain, took := services.Chain(steps)
	told := engine.BringUpReport{Phase: phase, Chain: chain, ChainSeconds: took.Seconds()}
	var last time.Duration
	for _, s := range steps {
		last = max(last, s.Ready)
		told.Steps = append(told.Steps, engine.StepReport{
			Name: s.Name, Needs: s.Needs, WaitedSeconds: s.Waited.Seconds(),
			StartedSeconds: s.Started.Seconds(), ReadySeconds: s.Ready.Seconds(),
		})
	}
	told.Seconds = last.Seconds()
	return told
}

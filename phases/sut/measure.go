package sut

import (
	"context"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
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
	if stats, err := a.instance.Stats(ctx); err == nil {
		a.stats = stats
	}
	if a.stats != (services.Stats{}) { // what could not be measured is no data, not zero
		m.Set(ref("cpu_seconds"), a.stats.CPU.Seconds())
		m.Set(ref("mem_bytes"), float64(a.stats.Memory))
		m.Set(ref("mem_peak_bytes"), float64(a.stats.PeakMem))
		if lived := r.Clock().Sub(a.started); lived > 0 {
			m.Set(ref("cpu_percent"), 100*a.stats.CPU.Seconds()/lived.Seconds())
		}
	}
	m.Set(ref("restarts"), 0)
	counts := a.scanner.Counts()
	m.Add(ref("log_lines"), float64(counts.Lines))
	m.Set(ref("log_errors"), float64(counts.Errors))
	m.Set(ref("new_log_errors"), float64(counts.New))
	if a.ready.IsZero() {
		return
	}
	m.Set(ref("ready_seconds"), r.Clock().Sub(a.ready).Seconds())
	m.Set(ref("startup_seconds"), a.startup.Seconds())
	m.Add(ref("probes"), float64(a.asked))
	m.Hit(ref("error_rate"), a.failed, a.asked)
}

// tell reports on the application, as the gates have judged it.
func (a *app) tell(judged *metric.Snapshot) engine.ServiceReport {
	a.mu.Lock()
	defer a.mu.Unlock()
	told := engine.ServiceReport{
		Name: a.Name, StartupSeconds: a.startup.Seconds(), CPUSeconds: a.stats.CPU.Seconds(),
		MemPeakBytes: a.stats.PeakMem,
	}
	if a.scanner == nil {
		return told
	}
	ready, _ := judged.Get(metric.Ref{Scope: "apps", Subject: a.Name, Name: "ready_seconds"})
	told.ReadySeconds = ready.Value
	told.LogLines = a.scanner.Counts().Lines
	for _, p := range a.scanner.Patterns() {
		pattern := engine.LogPattern{Text: p.Text, Count: p.Count, First: p.Sample}
		if p.New {
			told.NewErrors = append(told.NewErrors, pattern)
		} else {
			told.KnownErrors = append(told.KnownErrors, pattern)
		}
	}
	return told
}

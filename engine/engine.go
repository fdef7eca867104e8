package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
)

// Engine runs a pipeline. All fields are set before Run and not changed after.
type Engine struct {
	Pipeline *Pipeline
	// Phases in running order.
	Phases    []Phase
	Reporters []Reporter
	// Baseline is nil where the run file names none or its file is not there yet.
	Baseline *gates.Baseline
	// Stages leaves phases out; its zero value runs them all.
	Stages Stages
	// Hold is called before anything is undone, with the environment still up; it may be nil.
	Hold func(ctx context.Context, r *Run)
}

// Options are what differs from run to run.
type Options struct {
	ID, Dir string
	Seed    uint64
	Clock   func() time.Time
	// Reproduce is the command line that does this run again.
	Reproduce string
}

// Run takes the pipeline through its phases and returns the report, which the reporters have written
// by then. The error joins what went wrong while writing; the report stands all the same. It is nil
// only where the run's folder could not be made.
func (e *Engine) Run(ctx context.Context, o Options) (*Report, error) {
	run, err := NewRun(o, e.Pipeline.Metrics)
	if err != nil {
		return nil, err
	}
	x := newExecution(e, run, o)
	x.open()
	for i := 0; i < len(e.Phases); {
		end := x.attempt(ctx, i)
		switch {
		case end.promoted:
			i++
		case x.mayGoBack(end):
			target, err := x.goBack(ctx, i, end)
			if err != nil { // the gate that failed stays the cause
				x.run.Note(x.order[target], "it cannot be tried again: %v", err)
				return x.close(ctx, nil)
			}
			i = target
		default:
			return x.close(ctx, end.fault)
		}
	}
	return x.close(ctx, nil)
}

// Stages selects phases by name; empty fields select nothing out.
type Stages struct{ From, Until, Only string }

// Left says why a phase is left out, or nothing. order holds all phase names in running order.
func (s Stages) Left(name string, order []string) string {
	place := func(n string) int { return slices.Index(order, n) }
	switch {
	case s.Only != "" && s.Only != name:
		return "left out by --only " + s.Only
	case s.From != "" && place(name) < place(s.From):
		return "left out by --from " + s.From
	case s.Until != "" && place(name) > place(s.Until):
		return "left out by --until " + s.Until
	}
	return ""
}

// ending is how one attempt at a phase went.
type ending struct {
	promoted bool
	// fault is why the phase could not go on, blocking the gate that was in the way; both may be nil.
	fault    *Fault
	blocking *gates.Result
}

// execution is the state of one Engine.Run.
type execution struct {
	*Engine
	run     *Run
	report  *Report
	results *scoreboard
	marks   []mark
	order   []string
	retries int
}

func newExecution(e *Engine, run *Run, o Options) *execution {
	x := &execution{
		Engine: e, run: run, results: newScoreboard(), marks: make([]mark, len(e.Phases)),
		retries: e.Pipeline.OnFailure.Retries,
		report: &Report{
			Schema: ReportSchema, RunID: o.ID, Pipeline: e.Pipeline.Name, File: e.Pipeline.Path,
			Started: o.Clock().UTC(), Seed: o.Seed, Reproduce: o.Reproduce, Dir: run.Dir,
		},
	}
	for _, p := range e.Phases {
		x.order = append(x.order, p.Name())
		x.report.Phases = append(x.report.Phases, PhaseReport{
			Name: p.Name(), Outcome: gates.Skipped, Why: "not reached",
		})
	}
	run.watch = func(ev Event) {
		for _, r := range e.Reporters {
			r.Event(ev)
		}
	}
	return x
}

// open writes what is known before the first phase.
func (x *execution) open() {
	x.run.Emit(Event{Kind: RunStarted, Text: x.Pipeline.Name})
	for key, value := range machine() {
		x.run.Fingerprint(key, value)
	}
	x.run.Fingerprint("pipeline", x.Pipeline.Name)
	if err := x.writeEffective(); err != nil {
		x.run.Note("", "%v", err)
	}
}

func (x *execution) writeEffective() error {
	f, err := x.run.Artifact("pipeline.effective.yaml")
	if err != nil {
		return err
	}
	_, err = f.Write(spec.Effective(x.Pipeline.Document))
	return errors.Join(err, f.Close())
}

// attempt runs one phase once and judges.
func (x *execution) attempt(ctx context.Context, i int) ending {
	phase, told := x.Phases[i], &x.report.Phases[i]
	x.marks[i] = x.run.mark()
	if why := x.skip(phase); why != "" {
		told.Why = why
		x.run.Emit(Event{Kind: PhaseEnded, Phase: phase.Name(), Text: string(gates.Skipped) + ": " + why})
		return ending{promoted: true}
	}
	told.Attempts++
	x.run.enter(phase.Name())
	x.run.Emit(Event{Kind: PhaseStarted, Phase: phase.Name(), Attempt: told.Attempts})
	started := x.run.Clock()
	err := runPhase(ctx, phase, x.run)
	end := x.judge(ctx, i, err)
	told.Seconds += x.run.Clock().Sub(started).Seconds()
	told.Outcome, told.Why = phaseOutcome(end)
	x.run.Emit(Event{Kind: PhaseEnded, Phase: phase.Name(), Attempt: told.Attempts, Text: string(told.Outcome)})
	return end
}

func (x *execution) skip(p Phase) string {
	if why := x.Stages.Left(p.Name(), x.order); why != "" {
		return why
	}
	if s, ok := p.(Skipper); ok {
		return s.Skip()
	}
	return ""
}

// runPhase runs the phase under its time limit and under the guards of what runs already.
func runPhase(ctx context.Context, p Phase, r *Run) error {
	ctx, stop := r.guarded(ctx)
	defer stop()
	if t, ok := p.(Timed); ok && t.Timeout() > 0 {
		var cancel context.CancelFunc
		late := &Fault{Verdict: Environment, Err: fmt.Errorf("not done within %s", t.Timeout())}
		ctx, cancel = context.WithTimeoutCause(ctx, t.Timeout(), late)
		defer cancel()
	}
	err := protect(func() error { return p.Run(ctx, r) })
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	if err != nil {
		return err
	}
	return r.died()
}

// mayGoBack tells whether the gate in the way sends the run back and a try is left.
func (x *execution) mayGoBack(end ending) bool {
	return end.blocking != nil && end.blocking.Outcome == gates.Failed &&
		end.blocking.OnFail != gates.Stop && x.retries > 0 && x.Pipeline.OnFailure.Rollback != "none"
}

// goBack undoes everything from the gate's target phase on and returns that phase's place. After an error
// nothing may be tried again: the next attempt would be judged on what the last one has left.
func (x *execution) goBack(ctx context.Context, from int, end ending) (int, error) {
	x.retries--
	x.report.Flaky = true
	target := from
	for i, name := range x.order {
		if name == string(end.blocking.OnFail) && i < from {
			target = i
		}
	}
	x.run.Emit(Event{
		Kind: RolledBack, Phase: x.order[from],
		Text: fmt.Sprintf("%s failed: back to %s", end.blocking.Label(), x.order[target]),
	})
	err := errors.Join(x.run.unwind(ctx, x.marks[target]), x.run.rewind(ctx))
	if err != nil {
		return target, err
	}
	x.results.forget(x.order[target:])
	for i, p := range x.Phases[target:] {
		told := &x.report.Phases[target+i]
		if told.Attempts > 0 {
			told.Outcome, told.Why = gates.Skipped, "not reached again"
		}
		if m, ok := p.(Measurer); ok {
			x.run.Metrics.Reset(m.Scopes()...)
		}
	}
	return target, nil
}

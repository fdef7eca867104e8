package engine

import (
	"context"
	"time"

	"github.com/headgate-dev/headgate/gates"
)

// The names of the phases, as they appear in run files, flags and reports.
const (
	Backends = "backends"
	Sut      = "sut"
	Quality  = "quality_gates"
	Replay   = "replay"
)

// Phase is one step of a run. It is made from the run file before anything starts.
type Phase interface {
	// Name is one of the constants above.
	Name() string
	// Run does the phase's work and returns when its gates can be judged. Whatever it starts is
	// registered with Run.Cleanup before the next thing that can fail. Errors are *Fault; they do not
	// name the phase. Run is called again after a rollback, when everything that the phase and later
	// ones had registered has been undone.
	Run(ctx context.Context, r *Run) error
}

// Gated is a phase with gates of its own. They are judged when it ends and, because a promise once
// kept must still hold, again when each later phase ends.
type Gated interface {
	Gates() []*gates.Program
}

// Skipper is a phase that may have nothing to do.
type Skipper interface {
	// Skip says why the phase is passed over; empty means it runs.
	Skip() string
}

// Planner is a phase that can say what it would do.
type Planner interface {
	Plan() []string
}

// Timed is a phase with a time limit.
type Timed interface {
	Timeout() time.Duration
}

// Measurer is a phase with metrics of its own.
type Measurer interface {
	// Scopes names the metric scopes that start anew when the phase is tried again.
	Scopes() []string
}

// Teller is a phase that adds its part to the report.
type Teller interface {
	// Tell is called once, after the last phase has ended and before anything is undone, also for
	// phases that did not run.
	Tell(r *Run, rep *Report)
}

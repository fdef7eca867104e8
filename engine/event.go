package engine

import (
	"time"

	"github.com/headgate-dev/headgate/gates"
)

// EventKind tells what an [Event] is about.
type EventKind uint8

// The kinds of events, in the order in which a run brings them.
const (
	RunStarted EventKind = iota
	PhaseStarted
	Note       // Text
	Progressed // Progress
	GateJudged // Gate
	PhaseEnded // Text holds the outcome
	RolledBack // Text says why and where to
	RunEnded
)

// Event is something that happened in a run, for those who watch it live.
type Event struct {
	Time  time.Time
	Kind  EventKind
	Phase string
	// Attempt is 1 for the first try of the phase.
	Attempt  int
	Text     string
	Progress Progress
	Gate     *gates.Result
}

// Progress is how far a replay has come.
type Progress struct {
	Sent, Planned int
	// Passed counts the answers that matched the recording.
	Passed int
	// P95 is the 95th percentile of the latency so far.
	P95 time.Duration
	// Misses counts the requests that no mock could answer.
	Misses int64
}

// Reporter watches a run and writes its report in one form.
type Reporter interface {
	// Event is called in order, from one goroutine at a time. It must not block for long.
	Event(e Event)
	// Finish writes the report, also of runs that were interrupted. It is called once; that of a Filer a
	// second time where the report changed because a file could not be written.
	Finish(rep *Report) error
}

// Filer is a reporter that writes a file into the run's folder.
type Filer interface {
	// Artifact is the file's name within the folder.
	Artifact() string
}

package engine

import (
	"fmt"
	"strings"

	"github.com/headgate-dev/headgate/gates"
)

// The files of a run's folder in which its gates can be judged again.
const (
	// MetricsFile holds the metrics that the gates were judged on, RecordedFile what the capture says
	// of the same metrics, where it says anything.
	MetricsFile  = "metrics.json"
	RecordedFile = "recorded.json"
	// EffectiveFile is the run file as it was used.
	EffectiveFile = "pipeline.effective.yaml"
)

// Rejudge gives the verdict that a finished run would have had with other gates, and its cause. A run
// that did not reach its end never passes: what it has not sent cannot be judged.
func (r *Report) Rejudge(results []gates.Result) (Verdict, string) {
	again := *r
	again.Gates, again.Flaky = results, false
	verdict, cause := judgement(&again, nil, "")
	if verdict != Passed {
		return verdict, cause
	}
	switch a := r.Accounting; {
	case r.faulted():
		return Inconclusive, "inconclusive: the gates hold, but the run broke off: " + r.Cause
	case r.partial() != "":
		return Inconclusive, "inconclusive: the gates hold, but only a part was run: " + r.partial()
	case a.Aborted > 0:
		return Inconclusive, fmt.Sprintf("inconclusive: the gates hold, but %d of %d requests were not sent",
			a.Aborted, a.Planned)
	}
	return verdict, cause
}

// faulted tells whether the run ended for another reason than its gates.
func (r *Report) faulted() bool {
	switch r.Verdict {
	case Passed, Failed, Inconclusive, Recording:
		return false
	}
	return true
}

// leftOutBy begins the reason of a phase that flags have left out; see [Stages.Left].
const leftOutBy = "left out by "

// partial names the first phase that was left out or not reached, or nothing. A canary may have been
// all of the replay.
func (r *Report) partial() string {
	for _, p := range r.Phases {
		canaryWasAll := p.Name == Replay && p.Why == "" && r.Accounting.Planned > r.Accounting.Aborted
		if p.Attempts == 0 && !canaryWasAll && (p.Why == "" || strings.HasPrefix(p.Why, leftOutBy)) {
			return p.Name + " was not run"
		}
	}
	return ""
}

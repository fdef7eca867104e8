package engine

import (
	"context"
	"slices"

	"github.com/headgate-dev/headgate/gates"
)

// judge freezes the metrics and judges the gates of phase i and, because a promise once kept must
// still hold, those of the phases before it.
func (x *execution) judge(ctx context.Context, i int, err error) ending {
	if err != nil {
		x.afterFault(ctx, i, AsFault(err))
		return ending{fault: AsFault(err)}
	}
	if err := protect(func() error { x.judgeThrough(ctx, i); return nil }); err != nil {
		return ending{fault: AsFault(err)}
	}
	if err := x.run.died(); err != nil { // what could not be measured any more must not pass
		return ending{fault: AsFault(err)}
	}
	if blocking := x.results.blocking(); blocking != nil {
		return ending{blocking: blocking}
	}
	return ending{promoted: true}
}

// afterFault takes the last snapshot of a run that cannot go on. Its gates are judged where the
// application is what broke: the fault that ended the run stays the cause.
func (x *execution) afterFault(ctx context.Context, i int, fault *Fault) {
	err := protect(func() error {
		if fault.Verdict == Failed || fault.Verdict == SUT {
			x.judgeThrough(ctx, i)
		} else {
			x.report.Snapshot = x.run.Snapshot(context.WithoutCancel(ctx))
		}
		return nil
	})
	if err != nil {
		x.run.Note(x.order[i], "judging: %v", err)
	}
}

func (x *execution) judgeThrough(ctx context.Context, last int) {
	ctx = context.WithoutCancel(ctx)
	snapshot := x.run.Snapshot(ctx)
	x.report.Snapshot = snapshot
	baseline := x.comparable()
	for _, p := range x.Phases[:last+1] {
		g, ok := p.(Gated)
		if !ok || x.skip(p) != "" && p.Name() != Quality {
			continue
		}
		for _, program := range g.Gates() {
			result := program.Judge(ctx, gates.Input{
				Snapshot: snapshot, Baseline: baseline, Fingerprint: x.run.fingerprints(), Seed: x.run.Seed,
				Now: x.report.Started,
			})
			if last+1 < len(x.Phases) && tooEarly(program, result) {
				continue
			}
			if x.results.record(result) {
				x.run.Emit(Event{Kind: GateJudged, Phase: x.Phases[last].Name(), Gate: &result})
			}
		}
	}
}

// tooEarly tells whether a gate has to wait for the rest of the traffic: it lacks samples on the
// canary slice, or it compares the whole replay with that of a baseline. Differences of pairs, which
// have an interval, can be judged on any part.
func tooEarly(p *gates.Program, r gates.Result) bool {
	if len(p.BaselineRefs) > 0 && r.Interval == nil {
		return true
	}
	waiting := []gates.Reason{gates.NoData, gates.TooFewSamples, gates.Undecided}
	return p.Phase == Quality && r.Outcome == gates.Inconclusive && slices.Contains(waiting, r.Reason)
}

// comparable is what the run is measured against: the pinned baseline, else what the capture itself
// says, else nothing.
func (x *execution) comparable() *gates.Baseline {
	recorded := x.run.Recorded.Snapshot()
	if x.Pipeline.Baseline.Source == "pinned" || len(recorded.All()) == 0 {
		return x.Baseline
	}
	return &gates.Baseline{
		Schema: gates.BaselineSchema, Pipeline: x.Pipeline.Name, RunID: "capture",
		Fingerprint: x.run.fingerprints(), Snapshot: recorded,
	}
}

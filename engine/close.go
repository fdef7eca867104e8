package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
)

// close gives the verdict, undoes everything and has the report written.
func (x *execution) close(ctx context.Context, fault *Fault) (*Report, error) {
	rep := x.report
	if err := protect(x.tell); err != nil {
		fault = AsFault(err)
	}
	rep.Gates = x.results.all(x.unreached())
	x.settlePhases()
	rep.Fingerprint = x.run.fingerprints()
	x.decide(fault)
	x.conceal()
	if x.Hold != nil && fault == nil {
		x.run.Emit(Event{Kind: Note, Text: rep.Cause})
		x.Hold(ctx, x.run)
	}
	undone := x.run.unwind(ctx, mark{})
	if undone != nil {
		x.run.Note("", "undoing: %v", undone)
	}
	rep.Seconds = x.run.Clock().Sub(rep.Started).Seconds()
	err := x.writeMetrics()
	for _, note := range x.run.allNotes() {
		rep.Notes = append(rep.Notes, x.Pipeline.Document.Conceal(note))
	}
	rep.Artifacts = x.run.Artifacts()
	for _, r := range x.Reporters {
		if f, ok := r.(Filer); ok {
			rep.Artifacts = append(rep.Artifacts, f.Artifact())
		}
	}
	slices.Sort(rep.Artifacts)
	x.run.Emit(Event{Kind: RunEnded, Text: rep.Verdict.String()})
	return rep, x.finish(errors.Join(undone, err))
}

// conceal takes secrets out of what errors have brought into the report, such as a command with its arguments.
func (x *execution) conceal() {
	rep, doc := x.report, x.Pipeline.Document
	rep.Cause, rep.Hint = doc.Conceal(rep.Cause), doc.Conceal(rep.Hint)
	rep.Details = slices.Clone(rep.Details)
	for i, line := range rep.Details {
		rep.Details[i] = doc.Conceal(line)
	}
	for i := range rep.Phases {
		rep.Phases[i].Why = doc.Conceal(rep.Phases[i].Why)
	}
}

// finish has the report written, the files first: a run whose artifacts are not all there has not passed,
// and whatever is shown or can still be written says so. err is what went wrong before.
func (x *execution) finish(err error) error {
	rep := x.report
	err = errors.Join(err, x.write(true))
	if err != nil && rep.Verdict == Passed {
		what, _, _ := strings.Cut(err.Error(), "\n")
		rep.Verdict, rep.Cause = Environment, Environment.String()+": "+what
		rep.ExitCode, rep.Flaky = rep.Verdict.ExitCode(), false
		x.rewrite()
	}
	return errors.Join(err, x.write(false))
}

// rewrite has the files written anew. The old ones go first: they take space that may be lacking, and what
// they say does not hold any more.
func (x *execution) rewrite() {
	for _, r := range x.Reporters {
		if f, ok := r.(Filer); ok {
			_ = os.Remove(filepath.Join(x.run.Dir, f.Artifact()))
			_ = r.Finish(x.report) // what cannot be written is told already
		}
	}
}

// write has those reporters write that write files, or the others.
func (x *execution) write(files bool) error {
	var errs []error
	for _, r := range x.Reporters {
		if _, ok := r.(Filer); ok == files {
			errs = append(errs, r.Finish(x.report))
		}
	}
	return errors.Join(errs...)
}

// tell has the phases add their parts to the report.
func (x *execution) tell() error {
	for _, p := range x.Phases {
		if t, ok := p.(Teller); ok {
			t.Tell(x.run, x.report)
		}
	}
	return nil
}

// decide sets verdict, exit code and cause.
func (x *execution) decide(fault *Fault) {
	rep := x.report
	rep.Verdict, rep.Cause = judgement(rep, fault, x.notRun())
	if part := x.leftOut(); part != "" && rep.Verdict == Passed {
		rep.Verdict, rep.Cause = Inconclusive, "inconclusive: only a part was run: "+part
	}
	if fault != nil {
		rep.Hint, rep.Details = fault.Hint, fault.Details
	}
	if sum := rep.Accounting.Sum(); sum != rep.Accounting.Planned {
		rep.Verdict = Internal
		rep.Cause = fmt.Sprintf("accounting is off: %d requests planned, %d accounted for", rep.Accounting.Planned, sum)
	}
	rep.Flaky = rep.Flaky && rep.Verdict == Passed
	rep.ExitCode = rep.Verdict.ExitCode()
}

// settlePhases gives the phases that were promoted the outcome of their gates as they stand now.
func (x *execution) settlePhases() {
	for i := range x.report.Phases {
		p := &x.report.Phases[i]
		if p.Attempts > 0 && p.Outcome == gates.Passed {
			p.Outcome = x.results.worst(p.Name)
		}
	}
}

// notRun says why the last phase was not run, or nothing.
func (x *execution) notRun() string {
	for i, p := range x.Phases {
		if p.Name() == Replay && x.report.Phases[i].Attempts == 0 {
			return x.report.Phases[i].Why
		}
	}
	return ""
}

// leftOut names the first phase that flags have left out although it has something to do, or nothing.
func (x *execution) leftOut() string {
	for _, p := range x.Phases {
		s, ok := p.(Skipper)
		if why := x.Stages.Left(p.Name(), x.order); why != "" && (!ok || s.Skip() == "") {
			return p.Name() + " was " + why
		}
	}
	return ""
}

// unreached lists the gates of phases that were not judged.
func (x *execution) unreached() []gates.Result {
	var list []gates.Result
	for _, p := range x.Phases {
		if g, ok := p.(Gated); ok {
			for _, program := range g.Gates() {
				list = append(list, program.NotReached())
			}
		}
	}
	return list
}

// writeMetrics stores the snapshot, so that gates can be judged again and a baseline can be made.
func (x *execution) writeMetrics() error {
	if x.report.Snapshot == nil {
		return nil
	}
	err := x.writeSnapshot(MetricsFile, x.report.Snapshot)
	if recorded := x.run.Recorded.Snapshot(); len(recorded.All()) > 0 {
		err = errors.Join(err, x.writeSnapshot(RecordedFile, recorded))
	}
	return err
}

func (x *execution) writeSnapshot(name string, s *metric.Snapshot) error {
	f, err := x.run.Artifact(name)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(s), f.Close())
}

func (r *Run) allNotes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.notes)
}

func (r *Run) fingerprints() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.fingerprint)
}

// machine tells what of this machine the measured numbers depend on.
func machine() map[string]string {
	facts := map[string]string{
		"os":   runtime.GOOS + "/" + runtime.GOARCH,
		"cpus": strconv.Itoa(runtime.NumCPU()),
	}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return facts
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			facts["cpu"] = strings.TrimSpace(value)
			break
		}
	}
	return facts
}

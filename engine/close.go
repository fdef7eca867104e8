package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/headgate-dev/headgate/gates"
)

// close gives the verdict, undoes everything and has the report written.
func (x *execution) close(ctx context.Context, fault *Fault) (*Report, error) {
	rep := x.report
	for _, p := range x.Phases {
		if t, ok := p.(Teller); ok {
			t.Tell(x.run, rep)
		}
	}
	rep.Gates = x.results.all(x.unreached())
	rep.Fingerprint = x.run.fingerprints()
	x.decide(fault)
	if x.Hold != nil && fault == nil {
		x.Hold(ctx, x.run)
	}
	undone := x.run.unwind(ctx, mark{})
	if undone != nil {
		x.run.Note("", "undoing: %v", undone)
	}
	rep.Seconds = x.run.Clock().Sub(rep.Started).Seconds()
	err := x.writeMetrics()
	rep.Notes = append(rep.Notes, x.run.allNotes()...)
	rep.Artifacts = x.run.Artifacts()
	x.run.Emit(Event{Kind: RunEnded, Text: rep.Verdict.String()})
	for _, r := range x.Reporters {
		err = errors.Join(err, r.Finish(rep))
	}
	return rep, errors.Join(err, undone)
}

// decide sets verdict, exit code and cause.
func (x *execution) decide(fault *Fault) {
	rep := x.report
	rep.Verdict, rep.Cause = judgement(rep, fault, x.notRun())
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

// notRun says why the last phase was not run, or nothing.
func (x *execution) notRun() string {
	for i, p := range x.Phases {
		if p.Name() == Replay && x.report.Phases[i].Attempts == 0 {
			return x.report.Phases[i].Why
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
	f, err := x.run.Artifact("metrics.json")
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(x.report.Snapshot), f.Close())
}

func (r *Run) allNotes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notes
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
		"cpus": fmt.Sprint(runtime.NumCPU()),
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

func stack() []string { return strings.Split(strings.TrimSpace(string(debug.Stack())), "\n") }

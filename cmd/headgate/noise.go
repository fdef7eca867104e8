package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/reporters"
	jsonreport "github.com/headgate-dev/headgate/reporters/json"
	"github.com/headgate-dev/headgate/traffic/noise"
)

func (p *program) noiseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "noise",
		Short: "Learn what differs between two runs of one build",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.noiseLearnCommand())
	return cmd
}

// learnFlags are the flags of noise learn.
type learnFlags struct {
	runFlags

	runs  int
	from  []string
	file  string
	force bool
	dir   string
}

func (p *program) noiseLearnCommand() *cobra.Command {
	var f learnFlags
	cmd := &cobra.Command{
		Use:   "learn [PIPELINE]",
		Short: "Write the fields that two runs of one build answer differently, for review",
		Long: `Learn runs a pipeline twice, with the build that is known to be good, or reads finished runs, and
writes the fields whose values are not the same in both, by endpoint, each with its kind: uuid,
datetime, counter, order or value. Gates only observe in these runs.

Nothing is noise until somebody has reviewed the file and named it in the run file, as
replay.compare.noise. What differs from the recording in every run alike is a change and not learned;
neither are other statuses, nor whole bodies and objects: they stand in the file as comments.

Exit codes: 0 written, 3 wrong flags or runs that cannot be compared, 4 and 5 as for run.`,
		Example: `  headgate noise learn pipeline.yaml --var TAG=main
  headgate noise learn --from .headgate/runs/A --from .headgate/runs/B --out noise.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.learnNoise(cmd, f, args) },
	}
	f.register(cmd)
	cmd.Flags().IntVar(&f.runs, "runs", 2, "how often the pipeline is run")
	cmd.Flags().StringArrayVar(&f.from, "from", nil, "folder of a finished run to read instead; given twice or more")
	cmd.Flags().StringVar(&f.file, "out", "noise.yaml", "file to write")
	cmd.Flags().BoolVar(&f.force, "force", false, "overwrite the file if it is there")
	cmd.Flags().StringVar(&f.dir, "runs-dir", "", "folder for the artifacts of the runs (default .headgate/runs)")
	return cmd
}

func (f learnFlags) check(args []string) error {
	switch {
	case len(f.from) == 0 && len(args) == 0:
		return usage(errors.New("nothing to learn from"), "name a run file, or two finished runs with --from")
	case len(f.from) > 0 && len(args) > 0:
		return usage(errors.New("--from goes without a run file"), "leave one of them out")
	case len(f.from) == 1, len(f.from) == 0 && f.runs < 2:
		return usage(errors.New("noise shows between two runs at least"), "give --from twice, or --runs 2")
	}
	if _, err := os.Stat(f.file); err == nil && !f.force {
		return usage(fmt.Errorf("%s is there already, and it may have been reviewed", f.file),
			"write another file with --out and compare them, or overwrite it with --force")
	}
	return nil
}

func (p *program) learnNoise(cmd *cobra.Command, f learnFlags, args []string) error {
	if err := f.check(args); err != nil {
		return err
	}
	dirs := f.from
	if len(dirs) == 0 {
		s, err := p.settings(nil)
		if err != nil {
			return err
		}
		if !cmd.Flags().Changed("seed") {
			f.seed = newSeed()
		}
		if dirs, err = p.baseRuns(cmd.Context(), args[0], cmp.Or(f.dir, s.Out), f); err != nil {
			return err
		}
	}
	learned, reports, err := learnFrom(dirs)
	if err != nil {
		return err
	}
	return p.writeNoise(f, learned, reports)
}

// baseRuns runs the pipeline as often as asked for and returns the folders of the runs.
func (p *program) baseRuns(ctx context.Context, path, out string, f learnFlags) (dirs []string, err error) {
	f.withoutNoise = true
	for i := range f.runs {
		dir, err := p.baseRun(ctx, path, out, f)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(p.out, "run %d of %d: %s\n", i+1, f.runs, filepath.ToSlash(dir))
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// baseRun runs the pipeline once, its gates observing, and returns the folder of the run.
func (p *program) baseRun(ctx context.Context, path, out string, f learnFlags) (string, error) {
	e, err := p.load(ctx, path, f.runFlags)
	if err != nil {
		return "", err
	}
	for _, phase := range e.Phases {
		if gated, ok := phase.(engine.Gated); ok {
			for _, g := range gated.Gates() {
				g.Severity = gates.Observe
			}
		}
	}
	o := engine.Options{ID: newRunID(time.Now()), Seed: f.seed, Clock: time.Now}
	o.Dir = filepath.Join(out, o.ID)
	if e.Reporters, err = reporters.Make([]string{"json"}, reporters.Options{Dir: o.Dir, Out: p.out}); err != nil {
		return "", err
	}
	rep, err := e.Run(ctx, o)
	if rep == nil || err != nil {
		return "", err
	}
	return o.Dir, whole(rep)
}

// whole refuses a run that did not come to its end.
func whole(rep *engine.Report) error {
	a := rep.Accounting
	unsent := a.Aborted + a.Shed
	if a.Planned > 0 && unsent == 0 {
		return nil
	}
	verdict := rep.Verdict
	if verdict == engine.Passed || verdict == engine.Failed || verdict == engine.Inconclusive {
		verdict = engine.Invalid
	}
	return &engine.Fault{
		Verdict: verdict, Details: rep.Details, Hint: rep.Hint,
		Err: fmt.Errorf("run %s sent %d of %d requests: %s", rep.RunID, a.Planned-unsent, a.Planned, rep.Cause),
	}
}

// learnFrom reads finished runs of the same traffic.
func learnFrom(dirs []string) (*noise.Learned, []*engine.Report, error) {
	var (
		reports []*engine.Report
		runs    []noise.Run
		files   []*os.File
	)
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for _, dir := range dirs {
		rep, err := jsonreport.Read(filepath.Join(dir, jsonreport.File))
		if err != nil {
			return nil, nil, usage(err, "name the folder of a run, such as .headgate/runs/latest")
		}
		if err := whole(rep); err != nil {
			return nil, nil, err
		}
		reports = append(reports, rep)
		for _, name := range []string{"results.jsonl", "diffs.jsonl"} {
			f, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				return nil, nil, usage(err, "run the pipeline again")
			}
			files = append(files, f)
		}
		runs = append(runs, noise.Run{Results: files[len(files)-2], Diffs: files[len(files)-1]})
	}
	if err := sameTraffic(reports); err != nil {
		return nil, nil, err
	}
	learned, err := noise.Learn(runs...)
	return learned, reports, err
}

func sameTraffic(reports []*engine.Report) error {
	for _, rep := range reports[1:] {
		if rep.RunID == reports[0].RunID {
			return usage(fmt.Errorf("run %s is named twice", rep.RunID), "name two runs of one build")
		}
		if rep.Fingerprint["traffic"] != reports[0].Fingerprint["traffic"] {
			return usage(fmt.Errorf("the runs %s and %s have not replayed the same traffic", reports[0].RunID, rep.RunID),
				"name two runs of one build with the same run file")
		}
	}
	return nil
}

// writeNoise writes the file and says what was learned.
func (p *program) writeNoise(f learnFlags, learned *noise.Learned, reports []*engine.Report) error {
	for _, u := range learned.Unlearned {
		fmt.Fprintf(p.out, "still compared: %s\n", u)
	}
	if len(learned.Entries) == 0 {
		fmt.Fprintf(p.out, "no field to learn differs between the runs, in %d answers of each; nothing is written\n",
			learned.Answers)
		return nil
	}
	ids := make([]string, len(reports))
	for i, rep := range reports {
		ids[i] = rep.RunID
	}
	var b bytes.Buffer
	head := []string{
		fmt.Sprintf("What differs between %d runs of one build of %s.", len(reports), reports[0].Pipeline),
		fmt.Sprintf("Learned by headgate noise learn from the runs %s.", strings.Join(ids, " and ")),
	}
	if err := learned.Write(&b, head...); err != nil {
		return err
	}
	if err := os.WriteFile(f.file, b.Bytes(), 0o644); err != nil { //nolint:gosec // a file to be committed
		return &engine.Fault{Verdict: engine.Environment, Err: err, Hint: "choose another file with --out"}
	}
	fmt.Fprintf(p.out, "%d fields differ between the runs, in %d answers of each; written to %s\n",
		len(learned.Entries), learned.Answers, f.file)
	fmt.Fprintf(p.out, "review it, then add to the run file:\n  replay.compare.noise: %s\n", f.file)
	return nil
}

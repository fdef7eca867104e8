package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	jsonreport "github.com/headgate-dev/headgate/reporters/json"
)

func (p *program) baselineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "Keep the metrics of a good run for later ones to be measured against",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.baselineRecordCommand())
	return cmd
}

func (p *program) baselineRecordCommand() *cobra.Command {
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "record [RUN]",
		Short: "Write the metrics of a passed run into a baseline file",
		Long: `Record takes the metrics of a run that passed, with a fingerprint of what they depend on (traffic,
machine, concurrency, time scale), and writes them into a file that run files pin:

  baseline: {source: pinned, file: ./baseline.json}

RUN is the folder of a run, .headgate/runs/latest by default. A run whose only undecided gates lack
a baseline counts as passed: that is how the first one is made.

Exit codes: 0 written, 2 the run did not pass, 3 there is no such run or the file is there already.`,
		Example: "  headgate baseline record --out baseline.json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := p.settings(nil)
			if err != nil {
				return err
			}
			dir := filepath.Join(s.Out, "latest")
			if len(args) == 1 {
				dir = args[0]
			}
			return p.recordBaseline(dir, out, force)
		},
	}
	cmd.Flags().StringVar(&out, "out", "baseline.json", "file to write")
	cmd.Flags().BoolVar(&force, "force", false, "replace the file if it is there")
	return cmd
}

func (p *program) recordBaseline(dir, out string, force bool) error {
	rep, err := jsonreport.Read(filepath.Join(dir, jsonreport.File))
	if err != nil {
		return usage(err, "run the pipeline first, or name the folder of a run")
	}
	if why := unfit(rep); why != "" {
		return &engine.Fault{
			Verdict: engine.Inconclusive, Err: fmt.Errorf("run %s cannot be a baseline: %s", rep.RunID, why),
			Hint: "a baseline is made from a run that passed",
		}
	}
	if _, err := os.Stat(out); err == nil && !force {
		return usage(fmt.Errorf("%s is there already", out), "use --force to replace it")
	}
	src, err := os.ReadFile(filepath.Join(dir, "metrics.json"))
	if err != nil {
		return usage(err, "the run has kept no metrics")
	}
	snapshot := new(metric.Snapshot)
	if err := json.Unmarshal(src, snapshot); err != nil {
		return usage(fmt.Errorf("%s: %w", filepath.Join(dir, "metrics.json"), err), "run the pipeline again")
	}
	b := &gates.Baseline{
		Schema: gates.BaselineSchema, Pipeline: rep.Pipeline, RunID: rep.RunID, Created: rep.Started,
		Fingerprint: rep.Fingerprint, Snapshot: snapshot, LogErrors: logErrors(rep),
	}
	if err := b.Save(out); err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: err}
	}
	fmt.Fprintf(p.out, "wrote %s from run %s\n", out, rep.RunID)
	return nil
}

// logErrors are the patterns of all error lines of the run: none of them is new from now on.
func logErrors(rep *engine.Report) []string {
	var patterns []string
	for _, s := range rep.Services {
		for _, p := range slices.Concat(s.NewErrors, s.KnownErrors) {
			patterns = append(patterns, p.Text)
		}
	}
	slices.Sort(patterns)
	return slices.Compact(patterns)
}

// unfit says why a run cannot be a baseline. A run that lacks nothing but a baseline can.
func unfit(rep *engine.Report) string {
	if rep.Verdict == engine.Passed {
		return ""
	}
	if rep.Verdict != engine.Inconclusive || rep.Accounting.Matched == 0 {
		return rep.Cause
	}
	for _, g := range rep.Gates {
		lacking := g.Reason == gates.NoBaseline || g.Reason == gates.BaselineNotComparable
		if g.Severity == gates.Enforce && g.Outcome != gates.Passed && !lacking {
			return rep.Cause
		}
	}
	return ""
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/phases"
	jsonreport "github.com/headgate-dev/headgate/reporters/json"
)

func (p *program) gateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gate",
		Short: "Work with the gates of stored runs",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.gateEvalCommand())
	return cmd
}

// evalFlags are the flags of gate eval.
type evalFlags struct {
	runFlags

	dir, baseline string
}

func (p *program) gateEvalCommand() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval [PIPELINE]",
		Short: "Judge the gates of a run file on the stored metrics of a run",
		Long: `Eval judges gates on what a run has measured, without starting or reading anything else: those of
PIPELINE, or of the run file as the run used it. It prints every gate and ends with the exit code
that the run would have had. A run that broke off or did not send all requests never passes here.

Exit codes: 0 every enforcing gate holds, 1 one failed, 2 one cannot be decided or the run is not
whole, 3 the run file or the run cannot be used, 6 the recording does not cover what happened.`,
		Example: `  headgate gate eval --run .headgate/runs/latest
  headgate gate eval --run .headgate/runs/latest stricter.yaml
  headgate gate eval --run .headgate/runs/latest --baseline last-month.json`,
		Args: explained(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := p.settings(nil)
			if err != nil {
				return err
			}
			f.dir = cmp.Or(f.dir, filepath.Join(s.Out, "latest"))
			return p.evalGates(cmd.Context(), f, args)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.dir, "run", "", "folder of the run (default .headgate/runs/latest)")
	cmd.Flags().StringVar(&f.baseline, "baseline", "", "baseline to compare with instead of the run file's")
	return cmd
}

// storedRun is what a run has left behind for its gates.
type storedRun struct {
	dir               string
	report            *engine.Report
	metrics, recorded *metric.Snapshot
}

func openRun(dir string) (*storedRun, error) {
	rep, err := jsonreport.Read(filepath.Join(dir, jsonreport.File))
	if err != nil {
		return nil, usage(err, "name the folder of a run with --run, such as .headgate/runs/latest")
	}
	r := &storedRun{dir: dir, report: rep}
	if r.metrics, err = readSnapshot(filepath.Join(dir, engine.MetricsFile)); err != nil {
		return nil, usage(err, "the run has kept no metrics: run the pipeline again")
	}
	r.recorded, err = readSnapshot(filepath.Join(dir, engine.RecordedFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, usage(err, "run the pipeline again")
	}
	return r, nil
}

func readSnapshot(path string) (*metric.Snapshot, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := new(metric.Snapshot)
	if err := json.Unmarshal(src, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (p *program) evalGates(ctx context.Context, f evalFlags, args []string) error {
	run, err := openRun(f.dir)
	if err != nil {
		return err
	}
	vars, err := parseVars(f.vars)
	if err != nil {
		return err
	}
	source := phases.Source{Path: filepath.Join(f.dir, engine.EffectiveFile), Vars: vars, Env: p.env}
	if len(args) == 1 {
		source.Path = args[0]
	}
	pipeline, programs, found := phases.Gates(ctx, source, run.metrics)
	if found.Err() != nil {
		return found
	}
	spec.Render(p.err, found, sources, p.colors())
	if len(args) == 0 {
		pipeline.Dir = filepath.Dir(run.report.File)
	}
	baseline, err := run.baseline(pipeline, f.baseline)
	if err != nil {
		return err
	}
	in := gates.Input{
		Snapshot: run.metrics, Baseline: baseline, Fingerprint: run.report.Fingerprint, Seed: run.report.Seed,
		Now: run.report.Started,
	}
	if f.seed != 0 {
		in.Seed = f.seed
	}
	var results []gates.Result
	for _, program := range programs {
		results = append(results, program.Judge(ctx, in))
	}
	return p.tellGates(run, results)
}

// baseline is the named one, else the pinned one of the run file, else what the capture said.
func (r *storedRun) baseline(pipeline *engine.Pipeline, named string) (*gates.Baseline, error) {
	pinned := pipeline.Baseline.Source == "pinned"
	switch {
	case named == "" && !pinned && r.recorded == nil:
		return nil, nil
	case named == "" && !pinned:
		return &gates.Baseline{
			Schema: gates.BaselineSchema, Pipeline: r.report.Pipeline, RunID: "capture",
			Fingerprint: r.report.Fingerprint, Snapshot: r.recorded,
		}, nil
	}
	b, err := gates.LoadBaseline(cmp.Or(named, pipeline.Resolve(pipeline.Baseline.File)))
	if named == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, usage(err, "make one from a passed run: headgate baseline record")
	}
	return b, nil
}

// tellGates prints the gates and the verdict, and turns the verdict into the exit code.
func (p *program) tellGates(run *storedRun, results []gates.Result) error {
	verdict, cause := run.report.Rejudge(results)
	fmt.Fprintf(p.out, "%s\n\n", cause)
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "outcome\tgate\tmeasured\tlimit\tbaseline\tn\twhy")
	for _, g := range results {
		why := g.Why()
		if g.Outcome == gates.Passed || g.Reason == gates.Threshold {
			why = ""
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", g.Outcome, g.Label(), amount(g.Value, g), demand(g),
			amount(g.Baseline, g), strconv.FormatInt(g.N, 10), why)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if code := verdict.ExitCode(); code != 0 {
		return &exit{code}
	}
	return nil
}

func amount(v *float64, g gates.Result) string {
	if v == nil {
		return "-"
	}
	return gates.Format(*v, g.Unit)
}

// demand is the comparator as written, or the limit of an expression that is one comparison.
func demand(g gates.Result) string {
	if g.Source != g.Expr {
		return g.Source
	}
	return amount(g.Limit, g)
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/phases/backends"
	"github.com/headgate-dev/headgate/phases/inbound"
	jsonreport "github.com/headgate-dev/headgate/reporters/json"
	"github.com/headgate-dev/headgate/traffic/recording"
)

func (p *program) replayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Replay single recorded requests",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.replayOneCommand())
	return cmd
}

// oneFlags are the flags of replay one.
type oneFlags struct {
	runFlags

	dir string
}

func (p *program) replayOneCommand() *cobra.Command {
	var f oneFlags
	cmd := &cobra.Command{
		Use:   "one RECORD [PIPELINE]",
		Short: "Replay one recorded request again, with everything that happens",
		Long: `One brings up the backends and the application as the run did, sends the requests of the record's
session up to the record itself (so that the ids it needs exist), and shows the exchange: what was
sent after values were carried over, what came back, which stubs answered the application's calls,
and what differs from the recording. The ids of records stand in results.jsonl and diffs.jsonl.

The run file is the one of the run unless another is given; variables are those of the run. Other
sessions are not replayed: state that they left behind in the run is not there.

Exit codes: 0 it answers as recorded, 1 it does not, 3 there is no such run or record, 4 and 5 as
for run.`,
		Example: "  headgate replay one 18e9d587babc408e-000006 --run .headgate/runs/latest",
		Args:    explained(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := p.settings(cmd.Flags())
			if err != nil {
				return err
			}
			f.dir = cmp.Or(f.dir, filepath.Join(s.Out, "latest"))
			return p.replayOne(cmd, s, f, args)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.dir, "run", "", "folder of the run (default .headgate/runs/latest)")
	cmd.Flags().String("out", "", "folder for the artifacts of runs (default .headgate/runs)")
	return cmd
}

func (p *program) replayOne(cmd *cobra.Command, s settings, f oneFlags, args []string) error {
	rep, err := jsonreport.Read(filepath.Join(f.dir, jsonreport.File))
	if err != nil {
		return usage(err, "name the folder of a run with --run, such as .headgate/runs/latest")
	}
	path := rep.File
	if len(args) == 2 {
		path = args[1]
	}
	f.vars = append(usedVars(f.dir, path), f.vars...)
	if !cmd.Flags().Changed("seed") {
		f.seed = rep.Seed
	}
	e, err := p.load(cmd.Context(), path, f.runFlags)
	if err != nil {
		return err
	}
	one, err := newOne(p, e, args[0])
	if err != nil {
		return err
	}
	e.Stages, e.Hold = engine.Stages{Until: engine.Sut}, one.retrace
	o := engine.Options{ID: newRunID(time.Now()), Seed: f.seed, Clock: time.Now}
	o.Dir = filepath.Join(s.Out, o.ID)
	rep, err = e.Run(cmd.Context(), o)
	if rep == nil {
		return err
	}
	return one.conclude(rep, err)
}

// usedVars are the variables of a run file as a run has used them, without those that hold secrets.
func usedVars(dir, path string) []string {
	options := spec.Options{Reserved: engine.References()}
	used, ds := spec.Load(filepath.Join(dir, engine.EffectiveFile), options)
	if ds.Err() != nil {
		return nil
	}
	file, _ := spec.Load(path, options) // its mistakes are told when it is read for good
	known := file.Root.Key("vars")
	var list []string
	for _, e := range used.Root.Key("vars").Entries() {
		if e.Value.Text() != "***" && known.Key(e.Key) != nil {
			list = append(list, e.Key+"="+e.Value.Text())
		}
	}
	return list
}

// one replays one record while the environment is up.
type one struct {
	*program

	at       recording.Position
	backends *backends.Phase
	inbound  *inbound.Phase
	trace    *trace
	failed   error
}

func newOne(p *program, e *engine.Engine, record string) (*one, error) {
	x := &one{program: p}
	for _, phase := range e.Phases {
		switch phase := phase.(type) {
		case *backends.Phase:
			x.backends = phase
		case *inbound.Phase:
			x.inbound = phase
		}
	}
	if x.backends == nil || x.inbound == nil {
		return nil, errors.New("the run has no backends and replay phases")
	}
	var err error
	x.at, err = x.inbound.Find(record)
	return x, err
}

// retrace is called when the environment is up and before it is taken down.
func (x *one) retrace(ctx context.Context, r *engine.Run) {
	id := x.at.ID
	var calls func() []backends.Call
	exchanges, err := x.inbound.Retrace(ctx, r, x.at, func() { calls = x.backends.Watch(id) })
	if err != nil {
		x.failed = err
		return
	}
	x.trace = &trace{exchanges: exchanges}
	if calls != nil {
		x.trace.calls = calls()
	}
}

// conclude prints the trace and turns it into the exit code.
func (x *one) conclude(rep *engine.Report, err error) error {
	if x.failed != nil {
		return x.failed
	}
	if x.trace == nil {
		fmt.Fprintf(x.err, "headgate: %s\n", rep.Cause)
		for _, line := range rep.Details {
			fmt.Fprintf(x.err, "    %s\n", line)
		}
		if rep.ExitCode == 0 {
			return err
		}
		return &exit{rep.ExitCode}
	}
	if err != nil {
		fmt.Fprintf(x.err, "headgate: %v\n", err)
	}
	x.trace.print(x.out)
	fmt.Fprintf(x.out, "\nartifacts  %s\n", filepath.ToSlash(rep.Dir))
	if !x.trace.matched() {
		return &exit{engine.Failed.ExitCode()}
	}
	return nil
}

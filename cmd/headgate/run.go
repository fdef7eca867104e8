package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/phases"
	"github.com/headgate-dev/headgate/reporters"
	"github.com/headgate-dev/headgate/reporters/terminal"
)

// runFlags are the flags of commands that take a run file.
type runFlags struct {
	vars   []string
	seed   uint64
	stages engine.Stages
	keep   bool
	dry    bool
	// timings shows how long everything took to come up.
	timings bool
	// withoutNoise leaves the noise file of the run file out.
	withoutNoise bool
}

func (p *program) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run PIPELINE",
		Short: "Run a pipeline and give a verdict",
		Long: `Run takes the pipeline through its phases, judges its gates, and ends in one verdict with one
exit code. What it leaves behind is in .headgate/runs/<run id>, also reachable as
.headgate/runs/latest: verdict.json, results.jsonl, diffs.jsonl, junit.xml, metrics.txt, logs.

` + exitCodes(),
		Example: `  headgate run pipeline.yaml
  headgate run pipeline.yaml --var TAG=pr-123
  headgate run pipeline.yaml --until sut --keep     # bring everything up and leave it up
  headgate run pipeline.yaml --dry-run`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.run(cmd, args[0], f) },
	}
	flags := cmd.Flags()
	f.register(cmd)
	flags.StringVar(&f.stages.From, "from", "", "first phase to run: "+phaseNames())
	flags.StringVar(&f.stages.Until, "until", "", "last phase to run; a run without replay never passes")
	flags.StringVar(&f.stages.Only, "only", "", "the one phase to run")
	flags.BoolVar(&f.keep, "keep", false, "leave the environment up after the verdict, until Ctrl-C")
	flags.BoolVar(&f.dry, "dry-run", false, "say what would be done and stop")
	flags.BoolVar(&f.timings, "timings", false, "show how long each service took to come up")
	flags.String("out", "", "folder for the artifacts of runs (default .headgate/runs)")
	flags.BoolP("verbose", "v", false, "show every gate and every row")
	return cmd
}

func (f *runFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.vars, "var", nil, "NAME=value for ${NAME} in the run file; may be repeated")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "seed for everything random (default: a new one, shown in the report)")
}

func phaseNames() string {
	return strings.Join([]string{engine.Backends, engine.Sut, engine.Quality, engine.Replay}, ", ")
}

// load reads the run file; its warnings are printed.
func (p *program) load(ctx context.Context, path string, f runFlags) (*engine.Engine, error) {
	vars, err := parseVars(f.vars)
	if err != nil {
		return nil, err
	}
	e, found := phases.Load(ctx, phases.Source{
		Path: path, Vars: vars, Env: p.env, Seed: f.seed, Now: time.Now(),
		WithoutNoise: f.withoutNoise, Reap: reaper(),
		Check: func(l *engine.Pipeline) spec.Diagnostics {
			return reporters.Check(l.Document.Root.Key("reports"))
		},
	})
	if err := found.Err(); err != nil {
		return nil, found
	}
	if len(found) > 0 {
		spec.Render(p.err, found, sources, p.colors())
	}
	p.loaded = append(p.loaded, e)
	return e, nil
}

// release frees what was loaded. Nothing depends on it any more.
func (p *program) release() {
	for _, e := range p.loaded {
		_ = e.Close()
	}
}

func parseVars(list []string) (map[string]string, error) {
	vars := map[string]string{}
	for _, v := range list {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, usage(fmt.Errorf("--var %s: expected NAME=value", v), "for example --var TAG=pr-123")
		}
		vars[name] = value
	}
	return vars, nil
}

func (p *program) run(cmd *cobra.Command, path string, f runFlags) error {
	s, err := p.settings(cmd.Flags())
	if err != nil {
		return err
	}
	if err := checkStages(f.stages); err != nil {
		return err
	}
	if !cmd.Flags().Changed("seed") {
		f.seed = newSeed()
	}
	e, err := p.load(cmd.Context(), path, f)
	if err != nil {
		return err
	}
	if f.dry {
		return p.printPlan(e)
	}
	return p.carryOut(cmd, e, s, f)
}

// carryOut runs the engine and turns its verdict into the exit code.
func (p *program) carryOut(cmd *cobra.Command, e *engine.Engine, s settings, f runFlags) error {
	o := engine.Options{ID: newRunID(time.Now()), Seed: f.seed, Clock: time.Now, Reproduce: again(p.args, f.seed)}
	o.Dir = filepath.Join(s.Out, o.ID)
	width, tty := isTerminal(p.out)
	made, err := reporters.Make(e.Pipeline.Reports, reporters.Options{
		Dir: o.Dir, Out: p.out,
		Terminal: terminal.Style{
			Live: tty && !s.inPlainCI, Color: s.colors(p.out), Width: width, Verbose: s.Verbose, Timings: f.timings,
		},
	})
	if err != nil {
		return usage(err, "")
	}
	e.Reporters, e.Stages = made, f.stages
	if f.keep {
		e.Hold = p.hold
	}
	// A reader of the output that goes away does not end the run: from here on writing to it fails instead.
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	defer signal.Stop(broken)
	rep, err := e.Run(cmd.Context(), o)
	if rep == nil {
		return err
	}
	linkLatest(s.Out, o.ID)
	if err != nil {
		fmt.Fprintf(p.err, "headgate: %v\n", err)
		if rep.ExitCode == 0 {
			return &exit{engine.Environment.ExitCode()}
		}
	}
	if rep.ExitCode != 0 {
		return &exit{rep.ExitCode}
	}
	return nil
}

// hold keeps the environment up until the run is interrupted.
func (p *program) hold(ctx context.Context, r *engine.Run) {
	if ctx.Err() != nil {
		return
	}
	fmt.Fprintln(p.out, "\nstill up; Ctrl-C ends it:")
	for _, ref := range r.Published() {
		fmt.Fprintf(p.out, "  %s\n", ref)
	}
	<-ctx.Done()
}

func checkStages(s engine.Stages) error {
	order := strings.Split(phaseNames(), ", ")
	for flag, name := range map[string]string{"from": s.From, "until": s.Until, "only": s.Only} {
		if name == "" || slices.Contains(order, name) {
			continue
		}
		hint := "phases: " + phaseNames()
		if near := spec.Nearest(name, order); near != "" {
			hint = "did you mean " + near + "?"
		}
		return usage(fmt.Errorf("--%s %s: there is no such phase", flag, name), hint)
	}
	if s.Only != "" && (s.From != "" || s.Until != "") {
		return usage(errors.New("--only goes with neither --from nor --until"), "")
	}
	if s.From != "" && s.Until != "" && slices.Index(order, s.From) > slices.Index(order, s.Until) {
		return usage(fmt.Errorf("--from %s comes after --until %s", s.From, s.Until), "phases: "+phaseNames())
	}
	return nil
}

// newRunID is the time and a random part, so that runs sort and two at once never meet.
func newRunID(now time.Time) string {
	var random [3]byte
	_, _ = rand.Read(random[:]) // never fails
	return now.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(random[:])
}

func newSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return uint64(binary.LittleEndian.Uint32(b[:]))
}

// again is the command line that does this run again, with its seed.
func again(args []string, seed uint64) string {
	words := []string{"headgate"}
	for _, a := range args {
		words = append(words, shellWord(a))
	}
	if !strings.Contains(strings.Join(args, " "), "--seed") {
		words = append(words, fmt.Sprintf("--seed %d", seed))
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word for a shell. The value of a variable that is named like a secret is left to the
// shell's variable of that name.
func shellWord(word string) string {
	assignment, joined := strings.CutPrefix(word, "--var=")
	name, _, given := strings.Cut(assignment, "=")
	switch {
	case !given || !isVariable(name) || !spec.IsSecret(name):
		return quoted(word)
	case joined:
		return fmt.Sprintf(`--var=%s="$%s"`, name, name)
	}
	return fmt.Sprintf(`%s="$%s"`, name, name)
}

// isVariable tells whether a shell can have a variable of that name.
func isVariable(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}

func quoted(word string) string {
	safe := func(c rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,@%+", c)
	}
	if word != "" && !strings.ContainsFunc(word, safe) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// linkLatest points runs/latest at the run. It is a convenience: where links cannot be made, there is
// none.
func linkLatest(dir, id string) {
	link := filepath.Join(dir, "latest")
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return
	}
	_ = os.Symlink(id, link)
}

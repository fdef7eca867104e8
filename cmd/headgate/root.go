package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/store"
)

const about = `Headgate replays captured production traffic against a changed service and says, before the
merge, whether it would still be served right.

One run file describes four phases: backends (mocks from captured outbound traffic, real
services), the system under test, quality gates decided on a canary slice, and the replay of
captured inbound traffic. Only gates promote a run from one phase to the next.`

// execute runs one command and returns the exit code.
func (p *program) execute(ctx context.Context) int {
	root := p.root()
	root.SetArgs(p.args)
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	defer p.release()
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var done *exit
	if errors.As(err, &done) {
		return done.code
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return p.fail(err)
}

// exit ends the program with a code when all that is to say has been said.
type exit struct{ code int }

func (e *exit) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// fail prints an error and returns its exit code. It is the one place where errors are printed.
func (p *program) fail(err error) int {
	var found spec.Diagnostics
	if errors.As(err, &found) {
		spec.Render(p.err, found, sources, p.colors())
		return blame(found).ExitCode()
	}
	var fault *engine.Fault
	if !errors.As(err, &fault) {
		fault = engine.AsFault(err)
		if fault.Verdict == engine.Internal {
			fault.Verdict = engine.Invalid
		}
	}
	fmt.Fprintf(p.err, "headgate: %s\n", fault.Err)
	for _, line := range fault.Details {
		fmt.Fprintf(p.err, "    %s\n", line)
	}
	if fault.Hint != "" {
		fmt.Fprintf(p.err, "hint: %s\n", fault.Hint)
	}
	return fault.Verdict.ExitCode()
}

// sources reads a run file again, for the lines shown with its mistakes.
func sources(file string) []byte {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return src
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "headgate",
		Short: "Would production traffic still be served right?",
		Long:  about + "\n\n" + exitCodes(),
		Example: `  headgate run pipeline.yaml
  headgate validate pipeline.yaml
  headgate record --listen :8080 --target http://127.0.0.1:9090 --out captured/`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(err, "see "+cmd.CommandPath()+" --help")
	})
	root.PersistentFlags().String("color", "auto", "colours in the output: auto, always or never")
	root.AddCommand(
		p.runCommand(), p.validateCommand(), p.planCommand(), p.schemaCommand(), p.recordCommand(), p.shadowCommand(),
		p.mockCommand(), p.inspectCommand(), p.baselineCommand(), p.gateCommand(), p.replayCommand(), p.explainCommand(),
		p.initCommand(), p.noiseCommand(), p.doctorCommand(), p.cleanCommand(), p.reapCommand(),
		p.importCommand(), p.transformCommand(), p.exportCommand(), p.versionCommand(), p.guardCommand(),
		p.trafficCommand(),
	)
	explainArgs(root)
	return root
}

// explainArgs makes a wrong number of arguments a usage error with a hint, in all commands below.
func explainArgs(parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		cmd.Args = explained(cmd.Args)
		explainArgs(cmd)
	}
}

// knownCommand refuses a word that is no command, with the nearest one.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "see headgate --help"
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage(fmt.Errorf("there is no command %q", args[0]), hint)
}

// usage is a mistake on the command line, or storage that what is named there cannot be had from.
func usage(err error, hint string) error {
	verdict := blame(err)
	if verdict == engine.Environment {
		hint = "see the AWS_ variables: endpoint, region, credentials or profile"
	}
	return &engine.Fault{Verdict: verdict, Err: err, Hint: hint}
}

// blame tells whether what was asked for is wrong, or where it was asked for.
func blame(err error) engine.Verdict {
	if errors.Is(err, store.ErrUnavailable) {
		return engine.Environment
	}
	return engine.Invalid
}

// explained makes a wrong number of arguments a usage error with a hint.
func explained(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		return nil
	}
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(err, "usage: "+cmd.UseLine())
		}
		return nil
	}
}

// exitCodes lists the exit codes for help texts.
func exitCodes() string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, v := range engine.Verdicts() {
		fmt.Fprintf(&b, "  %3d  %-12s %s\n", v.ExitCode(), v, v.Help())
	}
	return strings.TrimRight(b.String(), "\n")
}

// colors tells whether diagnostics are coloured.
func (p *program) colors() bool {
	s, err := p.settings(nil)
	return err == nil && s.colors(p.err)
}

// isTerminal tells whether w is a terminal, and how wide.
func isTerminal(w any) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}

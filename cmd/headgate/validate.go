package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
)

func (p *program) validateCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "validate PIPELINE...",
		Short: "Check run files without starting anything",
		Long: `Validate reads run files and everything they name, compiles every gate, and reports all mistakes
at once, each with its place and what to write instead. It starts nothing and changes nothing.

Exit codes: 0 all can be run, 3 at least one cannot.`,
		Example: "  headgate validate pipeline.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bad := 0
			for _, path := range args {
				if _, err := p.load(cmd.Context(), path, f); err != nil {
					if cause := context.Cause(cmd.Context()); cause != nil {
						return cause
					}
					bad = max(bad, p.fail(err))
					continue
				}
				fmt.Fprintf(p.out, "%s can be run\n", path)
			}
			if bad > 0 {
				return &exit{bad}
			}
			return nil
		},
	}
	f.register(cmd)
	return cmd
}

func (p *program) planCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "plan PIPELINE",
		Short: "Say what a run would do",
		Long: `Plan resolves a run file and says, phase by phase, what would be started, how much traffic would be
sent, how long that takes, and which gates would be judged. It starts nothing.

Exit codes: 0 the run file can be run, 3 it cannot.`,
		Example: "  headgate plan pipeline.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := p.load(cmd.Context(), args[0], f)
			if err != nil {
				return err
			}
			return p.printPlan(e)
		},
	}
	f.register(cmd)
	return cmd
}

func (p *program) printPlan(e *engine.Engine) error {
	fmt.Fprintf(p.out, "%s\n", e.Pipeline)
	for _, phase := range e.Phases {
		fmt.Fprintf(p.out, "\n%s\n", phase.Name())
		if s, ok := phase.(engine.Skipper); ok && s.Skip() != "" {
			fmt.Fprintf(p.out, "  skipped: %s\n", s.Skip())
			continue
		}
		if planner, ok := phase.(engine.Planner); ok {
			for _, line := range planner.Plan() {
				fmt.Fprintf(p.out, "  %s\n", e.Pipeline.Document.Conceal(line))
			}
		}
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker"
)

func (p *program) doctorCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "doctor [PIPELINE]",
		Short: "Check that this machine can run containers for Headgate",
		Long: `Doctor looks at what a run with containers needs: the engine and its version, disk, memory,
architecture, clock, ports, networks, what earlier runs have left, and with a run file whether its
images can be had. It says what to do about each that is not well.

Exit codes: 0 a run can start, 3 the run file is wrong, 4 something is missing.`,
		Example: "  headgate doctor pipeline.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var images []string
			if len(args) > 0 {
				e, err := p.load(cmd.Context(), args[0], f)
				if err != nil {
					return err
				}
				images = imagesOf(e)
			}
			return p.printChecks(docker.Examine(cmd.Context(), ".", images))
		},
	}
	f.register(cmd)
	return cmd
}

// imager is a phase that starts containers.
type imager interface {
	// Images are those that have to be here or be pulled; what is built is not among them.
	Images() []string
}

func imagesOf(e *engine.Engine) []string {
	var images []string
	for _, phase := range e.Phases {
		if i, ok := phase.(imager); ok {
			images = append(images, i.Images()...)
		}
	}
	slices.Sort(images)
	return slices.Compact(images)
}

func (p *program) printChecks(checks []docker.Check) error {
	bad := false
	for _, c := range checks {
		fmt.Fprintf(p.out, "%-4s  %-12s  %s\n", c.Status, c.Name, c.Text)
		if c.Status != docker.OK && c.Hint != "" {
			fmt.Fprintf(p.out, "%20s%s\n", "", c.Hint)
		}
		bad = bad || c.Status == docker.Fail
	}
	if bad {
		return &exit{engine.Environment.ExitCode()}
	}
	return nil
}

// environment is the fault of a machine that lacks something.
func environment(err error) error {
	fault := &engine.Fault{Verdict: engine.Environment, Err: err}
	if unusable := (*services.EngineError)(nil); errors.As(err, &unusable) {
		fault.Hint = unusable.Hint
	}
	return fault
}

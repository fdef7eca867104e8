package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/services/docker"
)

func (p *program) cleanCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Remove containers, networks, volumes and images that dead runs have left",
		Long: `Clean removes what runs of Headgate have left at the container engine: only what carries the label of
a run whose process is gone, and the images of guards that are kept for the next run, unless a run
lives. A run cleans up after itself, even when it is killed, and the next one after those that could
not, so that there is mostly nothing to do.

What was made from another machine or container is kept, since it cannot be seen from here whether its
run lives; --all removes it. What belongs to a run that lives on this machine is never removed.

Exit codes: 0 done, 4 the engine cannot be used or refuses to remove something.`,
		Example: "  headgate clean",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := docker.Connect(cmd.Context())
			if err != nil {
				return environment(err)
			}
			defer e.Close()
			removed, kept, err := e.Clean(cmd.Context(), docker.CleanOptions{Elsewhere: all, Shared: true})
			p.printLeftovers("removed", removed)
			p.printLeftovers("kept", kept)
			if err != nil {
				return environment(err)
			}
			if len(removed)+len(kept) == 0 {
				fmt.Fprintln(p.out, "nothing is left")
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also what was made from other machines or containers")
	return cmd
}

func (p *program) printLeftovers(done string, list []docker.Leftover) {
	for _, l := range list {
		fmt.Fprintf(p.out, "%-8s %-10s %s (%s)\n", done, l.Kind, l.Name, l.Why)
	}
}

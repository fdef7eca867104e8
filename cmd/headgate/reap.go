package main

import (
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/services/docker"
)

const reapWord = "__reap"

// reapCommand is what a run starts beside itself as soon as it uses containers.
func (p *program) reapCommand() *cobra.Command {
	return &cobra.Command{
		Use:    reapWord + " RUN",
		Short:  "Remove what a run has left once standard input ends",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := docker.Reap(cmd.Context(), p.in, args[0]); err != nil {
				return environment(err)
			}
			return nil
		},
	}
}

// reaper is the command that calls this program's reap command. It keeps the name that the program was
// called by, where that is the same program.
func reaper() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	called, err := exec.LookPath(os.Args[0])
	if err == nil && sameFile(called, self) {
		self = called
	}
	return []string{self, reapWord}
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

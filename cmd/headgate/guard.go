package main

import (
	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/services/docker/guard"
)

// guardCommand is what runs inside of the guards of containers; no one else calls it.
func (p *program) guardCommand() *cobra.Command {
	return &cobra.Command{
		Use:                guard.Word,
		Short:              "Hold the network of a container (started by headgate itself)",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := guard.Main(cmd.Context(), args, p.out); code != 0 {
				return &exit{code: code}
			}
			return nil
		},
	}
}

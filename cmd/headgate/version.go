package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
)

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  headgate version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(p.out, "headgate %s, report schema %d, %s %s/%s\n",
				builtVersion(), engine.ReportSchema, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// builtVersion is the linked version, else that of the module the program was installed from.
func builtVersion() string {
	if info, ok := debug.ReadBuildInfo(); version == "dev" && ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return version
}

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/schemas"
)

func (p *program) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [" + strings.Join(schemas.Names(), "|") + "]",
		Short: "Print a JSON Schema",
		Long: `Schema prints the JSON Schema of the run file (pipeline, the default), of a line of captured traffic
(record), or of verdict.json (verdict). Editors complete and check run files with it:

  # yaml-language-server: $schema=./pipeline.schema.json`,
		Example:   "  headgate schema > pipeline.schema.json\n  headgate schema verdict",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: schemas.Names(),
		RunE: func(_ *cobra.Command, args []string) error {
			name := "pipeline"
			if len(args) == 1 {
				name = args[0]
			}
			schema, ok := schemas.ByName(name)
			if !ok {
				return usage(fmt.Errorf("there is no schema %q", name), "known are: "+strings.Join(schemas.Names(), ", "))
			}
			_, err := p.out.Write(schema)
			return err
		},
	}
}

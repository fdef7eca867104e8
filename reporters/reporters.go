// Package reporters lists the forms in which a run is reported.
package reporters

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/reporters/json"
	"github.com/headgate-dev/headgate/reporters/junit"
	"github.com/headgate-dev/headgate/reporters/openmetrics"
	"github.com/headgate-dev/headgate/reporters/terminal"
)

// Options are what reporters are made from.
type Options struct {
	// Dir is the run's folder: reporters that write files write them there.
	Dir string
	// Out is where the terminal reporter writes.
	Out io.Writer
	// Terminal says how it draws.
	Terminal terminal.Style
}

// reporter is one entry of the list.
type reporter struct {
	name string
	make func(Options) engine.Reporter
}

func list() []reporter {
	return []reporter{
		{"terminal", func(o Options) engine.Reporter { return terminal.New(o.Out, o.Terminal) }},
		{"json", func(o Options) engine.Reporter { return json.New(o.Dir) }},
		{"junit", func(o Options) engine.Reporter { return junit.New(o.Dir) }},
		{"openmetrics", func(o Options) engine.Reporter { return openmetrics.New(o.Dir) }},
	}
}

// Names lists the known reporters.
func Names() []string {
	var names []string
	for _, r := range list() {
		names = append(names, r.name)
	}
	return names
}

// Check finds names in the run file's reports that no reporter has.
func Check(reports *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	nodes := reports.Items()
	if reports.Kind() == spec.Scalar {
		nodes = []*spec.Node{reports}
	}
	for _, n := range nodes {
		if !slices.Contains(Names(), n.Text()) {
			ds.Errorf(n.Pos(), "known are: "+strings.Join(Names(), ", "), "there is no report %q", n.Text())
		}
	}
	return ds
}

// Make makes the named reporters, and the one for verdict.json in any case: other commands read it.
func Make(names []string, o Options) ([]engine.Reporter, error) {
	var made []engine.Reporter
	for _, r := range list() {
		if r.name == "json" || slices.Contains(names, r.name) {
			made = append(made, r.make(o))
		}
	}
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("there is no report %q: known are %s", name, strings.Join(Names(), ", "))
		}
	}
	return made, nil
}

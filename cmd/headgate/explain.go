package main

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/phases"
	"github.com/headgate-dev/headgate/schemas"
)

func (p *program) explainCommand() *cobra.Command {
	var f runFlags
	var file string
	cmd := &cobra.Command{
		Use:   "explain [metrics | gates | exit-codes | keys | NAME]",
		Short: "Explain a metric, a gate, an exit code or a key of the run file",
		Long: `Explain says what a word means: a metric (latency_p95, mocks.match_rate), an exit code or verdict
(6, recording), a key of the run file (replay.compare.unordered), or a gate of a run file
(--pipeline). It lists them all with: metrics, gates (how they are written), exit-codes, keys.

Exit codes: 0 explained, 3 there is nothing of that name.`,
		Example: `  headgate explain metrics
  headgate explain latency_p95
  headgate explain 6
  headgate explain replay.compare.unordered
  headgate explain --pipeline pipeline.yaml checkout-stays-correct`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			x, err := p.newExplainer(cmd.Context(), file, f)
			if err != nil {
				return err
			}
			return x.explain(args[0])
		},
	}
	cmd.Flags().StringVar(&file, "pipeline", "", "run file whose gates are explained, too")
	cmd.Flags().StringArrayVar(&f.vars, "var", nil, "NAME=value for ${NAME} in the run file; may be repeated")
	return cmd
}

// explainer knows all that can be explained.
type explainer struct {
	*program

	metrics *metric.Registry
	keys    []schemas.Field
	gates   []*gates.Program
}

func (p *program) newExplainer(ctx context.Context, file string, f runFlags) (*explainer, error) {
	registry, err := metric.New(phases.Metrics()...)
	if err != nil {
		return nil, err
	}
	x := &explainer{program: p, metrics: registry, keys: schemas.RunFile()}
	if file == "" {
		return x, nil
	}
	vars, err := parseVars(f.vars)
	if err != nil {
		return nil, err
	}
	_, programs, found := phases.Gates(ctx, phases.Source{Path: file, Vars: vars, Env: p.env}, nil)
	if found.Err() != nil {
		return nil, found
	}
	x.gates = programs
	return x, nil
}

// explain prints everything of the name.
func (x *explainer) explain(name string) error {
	switch name {
	case "metrics":
		return x.listMetrics("")
	case "gates", "gate", "comparators":
		return x.grammar()
	case "exit-codes", "exit-code", "verdicts":
		fmt.Fprintln(x.out, exitCodes())
		return nil
	case "keys":
		return x.listKeys()
	}
	found := x.gate(name)
	found = x.verdict(name) || found
	found = x.metric(name) || found
	found = x.key(name) || found
	if !found && len(x.metrics.Descs(name)) > 0 {
		return x.listMetrics(name)
	}
	if found || x.keysEnding(name) {
		return nil
	}
	return x.unknown(name)
}

func (x *explainer) unknown(name string) error {
	known := []string{"metrics", "gates", "exit-codes", "keys"}
	for _, v := range engine.Verdicts() {
		known = append(known, v.String())
	}
	for _, g := range x.gates {
		known = append(known, g.Name)
	}
	for _, d := range x.metrics.Descs("") {
		for _, n := range d.Names() {
			known = append(known, n, d.Scope+"."+n)
		}
	}
	for _, k := range x.keys {
		known = append(known, k.Path, k.Path[strings.LastIndex(k.Path, ".")+1:])
	}
	hint := "see headgate explain metrics, gates, exit-codes or keys"
	if near := spec.Nearest(name, known); near != "" {
		hint = "did you mean " + near + "?"
	}
	return usage(fmt.Errorf("there is nothing called %q", name), hint)
}

// verdict explains an exit code or the name of a verdict.
func (x *explainer) verdict(name string) bool {
	for _, v := range engine.Verdicts() {
		if name == v.String() || name == strconv.Itoa(v.ExitCode()) {
			fmt.Fprintf(x.out, "exit code %d, verdict %s\n  %s\n", v.ExitCode(), v, v.Help())
			return true
		}
	}
	return false
}

// gate explains the gates of that name in the run file.
func (x *explainer) gate(name string) (found bool) {
	for _, g := range x.gates {
		label := strings.TrimPrefix(g.Subject+"."+g.Name, ".")
		if name != g.Name && name != label {
			continue
		}
		found = true
		fmt.Fprintf(x.out, "gate %s, judged at the end of %s and of all later phases\n", label, g.Phase)
		fmt.Fprintf(x.out, "  %s\n", gates.Describe(g))
		if g.Help != "" {
			fmt.Fprintf(x.out, "  %s\n", g.Help)
		}
		fmt.Fprintf(x.out, "  written at  %s\n  judged as   %s\n", g.Pos, g.Expr)
		for _, ref := range g.Refs {
			if d, _, ok := x.metrics.Lookup(ref.Scope, ref.Name); ok {
				fmt.Fprintf(x.out, "  %s: %s\n", ref, d.Help)
			}
		}
	}
	return found
}

// metricName is what a metric can be asked for by: its name, perhaps with its group and a subject.
var metricName = regexp.MustCompile(`^(?:(\w+)(?:\[[^\]]*\]|\([^)]*\))?\.)?(\w+)$`)

// metric explains the metrics of that name, in any group where none is named.
func (x *explainer) metric(name string) (found bool) {
	parts := metricName.FindStringSubmatch(name)
	if parts == nil {
		return false
	}
	base := strings.TrimSuffix(parts[2], "_delta")
	for _, scope := range x.scopes() {
		if parts[1] != "" && parts[1] != scope {
			continue
		}
		if d, quantile, ok := x.metrics.Lookup(scope, base); ok {
			found = true
			x.tellMetric(metric.Ref{Scope: scope, Subject: schemas.Wildcard, Name: base}, d, quantile)
		} else if d, ok := x.distribution(scope, base); ok {
			found = true
			x.tellMetric(metric.Ref{Scope: scope, Subject: schemas.Wildcard, Name: strings.Join(d.Names(), " ")}, d, 0)
		}
	}
	if found && base != parts[2] {
		fmt.Fprintf(x.out, "%s is its change against the baseline: \"<= +10%%\"\n", parts[2])
	}
	return found
}

// distribution finds a metric that gates name by its quantiles only.
func (x *explainer) distribution(scope, name string) (metric.Desc, bool) {
	for _, d := range x.metrics.Descs(scope) {
		if d.Kind == metric.Distribution && d.Name == name {
			return d, true
		}
	}
	return metric.Desc{}, false
}

func (x *explainer) tellMetric(ref metric.Ref, d metric.Desc, quantile float64) {
	fmt.Fprintf(x.out, "metric %s\n  %s\n", ref, d.Help)
	switch {
	case quantile == 1:
		fmt.Fprintln(x.out, "  this is the largest value")
	case quantile > 0:
		fmt.Fprintf(x.out, "  this is the value that %.0f%% of them do not exceed\n", quantile*100)
	}
	fmt.Fprintf(x.out, "  unit %s, %s, %s\n", unit(d), direction(d), d.Kind)
	if d.Exposure != "" {
		fmt.Fprintf(x.out, "  evidence only where %s.%s is above 0\n", d.Scope, d.Exposure)
	}
	if len(d.Aliases) > 0 {
		fmt.Fprintf(x.out, "  also called %s\n", strings.Join(d.Aliases, ", "))
	}
}

func unit(d metric.Desc) string {
	switch {
	case d.Kind == metric.Flag:
		return "true or false"
	case d.Unit == metric.Ratio:
		return "ratio from 0 to 1"
	}
	return strings.ReplaceAll(d.Unit.String(), "_", " ")
}

func direction(d metric.Desc) string {
	if d.Direction == metric.Neutral {
		return "neither direction is better"
	}
	return strings.ReplaceAll(d.Direction.String(), "_", " ")
}

func (x *explainer) scopes() []string {
	var list []string
	for _, d := range x.metrics.Descs("") {
		list = append(list, d.Scope)
	}
	return slices.Compact(list)
}

// listMetrics lists the metrics of a group, or of all of them.
func (x *explainer) listMetrics(scope string) error {
	table := tabwriter.NewWriter(x.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "metric\tunit\tbetter\thelp")
	for _, d := range x.metrics.Descs(scope) {
		name := metric.Ref{Scope: d.Scope, Subject: schemas.Wildcard, Name: d.Name}.String()
		if d.Kind == metric.Distribution {
			name += "_{" + strings.ReplaceAll(strings.Join(d.Names(), ","), d.Name+"_", "") + "}"
		}
		better := map[metric.Direction]string{metric.LowerIsBetter: "lower", metric.HigherIsBetter: "higher"}[d.Direction]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", name, unit(d), cmp.Or(better, "-"), d.Help)
	}
	return table.Flush()
}

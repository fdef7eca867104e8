package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/recording"
	"github.com/headgate-dev/headgate/traffic/transform"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// linksFlags are the flags of traffic links.
type linksFlags struct {
	config string
	vars   []string
	json   bool
}

func (p *program) trafficLinksCommand() *cobra.Command {
	var f linksFlags
	cmd := &cobra.Command{
		Use:   "links PATH...",
		Short: "Show which values of recorded answers a replay would carry into later requests",
		Long: `Links reads captured traffic, groups it into sessions as a run does, and shows which values a replay would
carry from answers into later requests: ids, tokens, cursors, cookies, entity tags, CSRF tokens. It tells where they are
issued and where they are used, and which values of requests look issued though no earlier answer of their session
has them: those would be sent as recorded. Values themselves are not shown.

With --config the traffic section of a run file holds: sessions, selection, transforms and rules of correlate.

Exit codes: 0 shown, 3 nothing to read or a wrong run file, 4 the storage cannot be reached.`,
		Example: `  headgate traffic links captured/
  headgate traffic links captured/ --config pipeline.yaml --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.trafficLinks(cmd.Context(), f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "run file whose rules hold")
	flags.StringArrayVar(&f.vars, "var", nil, "NAME=value for ${NAME} in the run file; may be repeated")
	flags.BoolVar(&f.json, "json", false, "write JSON")
	return cmd
}

func (p *program) trafficLinks(ctx context.Context, f linksFlags, paths []string) error {
	options, err := p.linksOptions(f)
	if err != nil {
		return err
	}
	recorded, err := recording.New(options)
	if err != nil {
		return usage(err, "")
	}
	defer recorded.Close() //nolint:errcheck // temporary files without a name
	files, err := formats.Walk(ctx, paths)
	if err == nil {
		err = recorded.Read(ctx, files)
	}
	if err == nil {
		err = recorded.Arrange()
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return usage(err, "give a file or a folder of captured traffic")
	}
	p.tellProblems(recorded.Counts)
	report, err := recorded.Rehearse()
	switch {
	case err != nil:
		return err
	case f.json:
		encoder := json.NewEncoder(p.out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	default:
		fmt.Fprintf(p.out, "%d requests, %s\n", recorded.Len(), recorded.Sessions)
		err = tellLinks(p.out, report)
	}
	if err == nil && len(recorded.Counts.Problems) > 0 {
		return usage(errors.New("some records cannot be used"), "repair or remove them")
	}
	return err
}

// linksOptions are what the run file says about the traffic, or what holds without one.
func (p *program) linksOptions(f linksFlags) (o recording.Options, _ error) {
	config := verify.DefaultTraffic()
	if f.config != "" {
		vars, err := parseVars(f.vars)
		if err != nil {
			return o, err
		}
		pipeline, ds := engine.Load(f.config, vars, p.env)
		if pipeline == nil || ds.Err() != nil {
			return o, ds
		}
		ds.Add(spec.Decode(pipeline.Traffic, &config))
		chain, more := verify.Transforms(pipeline.Traffic, transform.Options{Resolve: pipeline.Resolve, Now: time.Now()})
		ds.Add(more)
		if ds.Err() != nil {
			return o, ds
		}
		o.Transforms = chain
	}
	correlator, err := correlate.New(config.Correlate)
	if err != nil {
		return o, usage(err, "")
	}
	o.Session, o.Select, o.Correlator, o.Seed = config.Session, config.Select.Select, correlator, 1
	o.Formats = config.Direction.Options()
	return o, nil
}

// tellLinks writes the report as a table.
func tellLinks(out io.Writer, report *correlate.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	sources := slices.DeleteFunc(report.Sources(), func(s correlate.Source) bool { return len(s.UsedIn) == 0 })
	fmt.Fprintf(w, "\nissued by answers and used in later requests: %s\n", orNone(len(sources)))
	for _, s := range sources {
		fmt.Fprintf(w, "  %s\t%s\t%d values\n", s.Endpoint, s.Place, s.Values)
		for _, u := range s.UsedIn {
			fmt.Fprintf(w, "    -> %s\t%s\t%d times\n", u.Endpoint, u.Place, u.Count)
		}
	}
	left := report.Left()
	fmt.Fprintf(w, "\nlook issued, but no earlier answer of their session has them: %s\n", orNone(len(left)))
	for _, u := range left {
		fmt.Fprintf(w, "  %s\t%s\t%d values\n", u.Endpoint, u.Place, u.Count)
	}
	return w.Flush()
}

func orNone(n int) string {
	switch n {
	case 0:
		return "none"
	case 1:
		return "1 place"
	}
	return strconv.Itoa(n) + " places"
}

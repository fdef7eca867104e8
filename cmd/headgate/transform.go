package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/transform"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// transformFlags are the flags of transform.
type transformFlags struct {
	config, file string
	vars         []string
	diff, force  bool
}

func (p *program) transformCommand() *cobra.Command {
	var f transformFlags
	cmd := &cobra.Command{
		Use:   "transform SOURCE... --config RUNFILE",
		Short: "Apply the transforms of a run file to captured traffic",
		Long: `Transform changes captured traffic as traffic.transforms of a run file says, and writes it as JSONL, or
shows with --diff what it changes. A run does the same by itself before it sends anything; this is for
looking at it, and for captures that are to be passed on without secrets.

How often each transform has fired is told. One that has fired nowhere is an error unless the run file
allows it with allow_unused; then no file is written.

Exit codes: 0 done, 3 wrong flags or run file, a transform that does nothing, records that cannot be used,
4 the file cannot be written.`,
		Example: `  headgate transform captured/ --config pipeline.yaml --diff
  headgate transform captured/ --config pipeline.yaml -o clean.jsonl.gz`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.transform(cmd.Context(), f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "run file with the transforms (required)")
	flags.StringVarP(&f.file, "out", "o", "", "file to write (default: the standard output, without --diff)")
	flags.BoolVar(&f.diff, "diff", false, "show what is changed, before and after")
	flags.BoolVar(&f.force, "force", false, "overwrite the file")
	flags.StringArrayVar(&f.vars, "var", nil, "NAME=value for ${NAME} in the run file; may be repeated")
	return cmd
}

func (p *program) transform(ctx context.Context, f transformFlags, sources []string) error {
	pipeline, chain, err := p.transforms(f)
	if err != nil {
		return err
	}
	files, err := formats.Walk(ctx, sources)
	if err != nil {
		return usage(err, "give a file or a folder of captured traffic")
	}
	options := verify.Formats(pipeline.Traffic)
	if err := begin(ctx, options, chain, files); err != nil {
		return err
	}
	t := transformation{program: p, chain: chain, options: options}
	if f.diff {
		t.diff = newBefore(p.out, pipeline.Document.Conceal, chain)
	}
	if f.file == "" && !f.diff {
		f.file = "-"
	}
	return t.run(ctx, f, files)
}

// transforms compiles the transforms of the run file. What else is in it is left to run and validate.
func (p *program) transforms(f transformFlags) (*engine.Pipeline, *transform.Chain, error) {
	if f.config == "" {
		return nil, nil, usage(errors.New("--config is missing"), "for example --config pipeline.yaml")
	}
	vars, err := parseVars(f.vars)
	if err != nil {
		return nil, nil, err
	}
	pipeline, ds := engine.Load(f.config, vars, p.env)
	if pipeline == nil || ds.Err() != nil {
		return nil, nil, ds
	}
	section := pipeline.Traffic.Key("transforms")
	if len(section.Items()) == 0 {
		ds.Errorf(pipeline.Document.Root.Pos(), "add some under traffic.transforms", "%s has no transforms", f.config)
	}
	chain, more := verify.Transforms(pipeline.Traffic, transform.Options{Resolve: pipeline.Resolve, Now: time.Now()})
	ds.Add(more)
	var config verify.TrafficConfig
	ds.Add(spec.Decode(pipeline.Traffic, &config))
	return pipeline, chain, ds.Err()
}

// begin finds out when the capture began, if that matters: with the first inbound record.
func begin(ctx context.Context, o formats.Options, chain *transform.Chain, files []string) error {
	if !chain.Timed() {
		return nil
	}
	first := map[traffic.Direction]time.Time{}
	_, err := o.Each(ctx, files, func(r *traffic.Record) error {
		if at, ok := first[r.Direction]; !ok || r.Time.Before(at) {
			first[r.Direction] = r.Time
		}
		return nil
	})
	if err != nil {
		return usage(err, "")
	}
	at, ok := first[traffic.Inbound]
	if !ok {
		at = first[traffic.Outbound]
	}
	chain.Begin(at)
	return nil
}

// transformation reads, changes and writes records.
type transformation struct {
	*program

	chain   *transform.Chain
	options formats.Options
	diff    *before // nil where nothing is shown
}

func (t transformation) run(ctx context.Context, f transformFlags, files []string) error {
	write := func(*traffic.Record) error { return nil }
	commit := func() error { return nil }
	if f.file != "" {
		out, err := t.createOutput(ctx, f.file, f.force)
		if err != nil {
			return err
		}
		defer out.discard()
		w := jsonl.NewWriter(out)
		write = w.Write
		commit = func() error { return errors.Join(w.Flush(), out.commit()) }
	}
	counts, err := t.options.Each(ctx, files, func(r *traffic.Record) error { return t.record(r, write) })
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return usage(err, "")
	}
	for _, problem := range counts.Problems {
		fmt.Fprintf(t.err, "unusable: %v\n", problem)
	}
	for _, u := range t.chain.Uses() {
		fmt.Fprintf(t.err, "%8d  %s\n", u.Count, u.Name)
	}
	warn(t.err, t.chain.Queries(), "Postgres queries are left as they are, secrets included: transforms change http only")
	ds := t.chain.Check()
	if ds.Err() != nil {
		return ds
	}
	if len(ds) > 0 {
		spec.Render(t.err, ds, sources, t.colors())
	}
	if len(counts.Problems) > 0 {
		return usage(errors.New("nothing was written: some records cannot be used"), "repair or remove them")
	}
	return commit()
}

func (t transformation) record(r *traffic.Record, write func(*traffic.Record) error) error {
	if t.diff != nil {
		t.diff.keep(r)
	}
	if err := t.chain.Apply(r); err != nil {
		return err
	}
	if t.diff != nil {
		t.diff.show(r)
	}
	return write(r)
}

// sortedKeys are the names of both headers.
func sortedKeys(a, b map[string][]string) []string {
	var names []string
	for _, h := range []map[string][]string{a, b} {
		for name := range h {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// joined is all values of a header.
func joined(values []string) string { return strings.Join(values, ", ") }

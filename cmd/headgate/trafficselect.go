package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/index"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/reduce"
)

// selectFlags are the flags of traffic select.
type selectFlags struct {
	file                 string
	force, partial       bool
	since, until, sample string
	options              reduce.Options
}

func (p *program) trafficSelectCommand() *cobra.Command {
	var f selectFlags
	cmd := &cobra.Command{
		Use:   "select PATH... -o FILE",
		Short: "Choose a small part of captured traffic that still holds every kind of request",
		Long: `Select chooses inbound requests up to a budget and writes them as JSONL, with the outbound calls that belong to
them. Sessions are kept whole, so that log-ins come along. First those are chosen that bring every endpoint, every
status of each endpoint, and every shape with few requests; a shape is what names of query parameters a request has,
and what fields of what types stand in the JSON of the request and of its answer. Then others are added by chance,
which keeps the proportions. The same seed chooses the same. What is left out is told.

--endpoint and --status choose sessions by a request that they have; the sessions are kept whole.

With an index (see headgate traffic index) only what is chosen is read. PATH and FILE may be in object storage
(s3://bucket/file). Copies of records in other files are left out.

Exit codes: 0 written, 3 wrong flags, nothing chosen or records that cannot be used, 4 FILE cannot be written or the
storage cannot be reached.`,
		Example: `  headgate traffic select captured/ -o small.jsonl.gz --budget 2000
  headgate traffic select captured/ -o errors.jsonl --status 5xx --since 2026-11-01T00:00:00Z
  headgate traffic select s3://captures/2026-11/ captured/local/ -o s3://captures/small.jsonl --budget 500`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.trafficSelect(cmd.Context(), f, args) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.file, "out", "o", "", "file to write, - for the standard output (required)")
	flags.BoolVar(&f.force, "force", false, "overwrite the file")
	flags.BoolVar(&f.partial, "partial", false, "choose among what can be used where some records cannot")
	flags.IntVar(&f.options.Budget, "budget", 0, "the most inbound requests to keep (default: no limit)")
	flags.StringVar(&f.since, "since", "", "only records at or after this time (RFC 3339)")
	flags.StringVar(&f.until, "until", "", "only records before this time (RFC 3339)")
	flags.StringArrayVar(&f.options.Endpoints, "endpoint", nil,
		`only sessions with such a request: "GET /orders/*", /orders/**; may be repeated`)
	flags.StringSliceVar(&f.options.Statuses, "status", nil,
		"only sessions with such an answer: 404, 5xx; may be repeated")
	flags.StringVar(&f.options.Session, "session", "", "only this session")
	flags.StringVar(&f.sample, "sample", "", "only this share of the sessions, such as 10%")
	flags.Uint64Var(&f.options.Seed, "seed", 1, "decides between what is equally good")
	return cmd
}

// parse checks the flags.
func (f *selectFlags) parse() (err error) {
	if f.file == "" {
		return usage(errors.New("--out is missing"), "for example -o small.jsonl.gz")
	}
	for name, flag := range map[string]struct {
		text string
		to   *time.Time
	}{"since": {f.since, &f.options.Since}, "until": {f.until, &f.options.Until}} {
		if flag.text == "" {
			continue
		}
		if *flag.to, err = time.Parse(time.RFC3339, flag.text); err != nil {
			return usage(fmt.Errorf("--%s %s: expected a time such as 2026-11-01T00:00:00Z", name, flag.text), "")
		}
	}
	if f.sample != "" {
		percent, err := strconv.ParseFloat(strings.TrimSuffix(f.sample, "%"), 64)
		if err != nil || !strings.HasSuffix(f.sample, "%") || percent <= 0 {
			return usage(fmt.Errorf("--sample %s: expected a share such as 10%%", f.sample), "")
		}
		f.options.Sample = percent / 100
	}
	if err := f.options.Validate(); err != nil {
		return usage(err, "")
	}
	return nil
}

func (p *program) trafficSelect(ctx context.Context, f selectFlags, paths []string) error {
	if err := f.parse(); err != nil {
		return err
	}
	set, err := p.loadIndex(ctx, paths)
	if err != nil {
		return err
	}
	defer set.Close() //nolint:errcheck // nothing depends on it any more
	var files []string
	for _, file := range set.Files() {
		files = append(files, file.Location)
	}
	if amongFiles(f.file, files) {
		return usage(fmt.Errorf("%s is one of the sources", f.file), "write to a file outside of what is read")
	}
	if err := set.Save(ctx, false); err != nil {
		fmt.Fprintf(p.err, "warning: the index stays as it was: %v\n", err)
	}
	p.tellLosses(ctx, files)
	counts := set.Counts()
	p.tellProblems(counts)
	if len(counts.Problems) > 0 && !f.partial {
		return usage(fmt.Errorf("%s was not written: some records cannot be used", f.file),
			"repair or remove them, or choose among the others with --partial")
	}
	choice, err := reduce.Choose(ctx, set, f.options)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case choice.Kept == 0:
		return usage(fmt.Errorf("none of %d records is chosen", choice.Records),
			"no session fits: choose others, or allow a larger --budget")
	}
	return p.writeChoice(ctx, f, set, choice)
}

// writeChoice reads what is chosen and writes it.
func (p *program) writeChoice(ctx context.Context, f selectFlags, set *index.Set, choice *reduce.Choice) error {
	out, err := p.createOutput(ctx, f.file, f.force)
	if err != nil {
		return err
	}
	defer out.discard()
	w := jsonl.NewWriter(out)
	written := 0
	read, err := set.Read(ctx, choice.Has, func(r *traffic.Record) error {
		written++
		if err := w.Write(r); err != nil {
			return &engine.Fault{Verdict: engine.Environment, Err: err}
		}
		return nil
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if fault := (*engine.Fault)(nil); errors.As(err, &fault) {
		return err
	}
	if err != nil {
		return usage(err, "")
	}
	if err := w.Flush(); err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: err}
	}
	if err := out.commit(); err != nil {
		return err
	}
	tell := p.out
	if f.file == "-" {
		tell = p.err
	}
	size := int64(0)
	for _, file := range set.Files() {
		size += file.Size
	}
	if text := set.Counts().Left(); text != "" {
		fmt.Fprintf(tell, "left out   %s\n", text)
	}
	if err := printChoice(tell, &choice.Report); err != nil {
		return err
	}
	fmt.Fprintf(tell, "\nread       %s of %s\n", megabytes(read), megabytes(size))
	fmt.Fprintf(tell, "wrote      %d records to %s\n", written, f.file)
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// mostMissing is how many shapes that are left out are told one by one.
const mostMissing = 10

// printChoice says what was chosen, and what was left out.
func printChoice(w io.Writer, r *reduce.Report) error {
	fmt.Fprintf(w, "kept       %d of %d requests, %d of %d sessions\n", r.Kept, r.Records, r.KeptSessions, r.Sessions)
	if r.Outbound > 0 {
		fmt.Fprintf(w, "           %d of %d other records, those that belong to them", r.KeptOutbound, r.Outbound)
		if r.Untied > 0 {
			fmt.Fprintf(w, "; %d by their time", r.Untied)
		}
		fmt.Fprintln(w)
	}
	if r.Cut > 0 {
		fmt.Fprintf(w, "           of %d sessions longer than the budget only the beginning\n", r.Cut)
	}
	if r.Duplicates > 0 {
		fmt.Fprintf(w, "left out   %d copies of records in other files\n", r.Duplicates)
	}
	fmt.Fprintf(w, "covered    %d of %d endpoints, %d of %d with their statuses, %d of %d shapes\n",
		r.Endpoints.Kept, r.Endpoints.All, r.Statuses.Kept, r.Statuses.All, r.Shapes.Kept, r.Shapes.All)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nkept\tof\tshapes\tof\tstatus\tendpoint\n")
	for _, k := range r.Kinds {
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%s\t%s\n",
			k.Kept, k.Records, k.Shapes.Kept, k.Shapes.All, statusText(k.Status), strings.Map(printable, k.Endpoint))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(r.Missing) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\n%d shapes are not covered:\n", len(r.Missing))
	for i, m := range r.Missing {
		if i == mostMissing {
			fmt.Fprintf(w, "  and %d more\n", len(r.Missing)-i)
			break
		}
		fmt.Fprintf(w, "  %s %s, %d records, the first is record %d of %s\n",
			strings.Map(printable, m.Endpoint), statusText(m.Status), m.Records, m.Number, m.File)
	}
	return nil
}

func statusText(status int) string {
	if status == 0 {
		return "none"
	}
	return strconv.Itoa(status)
}

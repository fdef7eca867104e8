package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
)

// convertFlags are what import and export have in common.
type convertFlags struct {
	directionFlags

	file           string
	force, partial bool
}

func (f *convertFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.file, "out", "o", "", "file to write, - for the standard output (required)")
	flags.BoolVar(&f.force, "force", false, "overwrite the file")
	flags.BoolVar(&f.partial, "partial", false, "write what can be used where some records cannot")
	f.directionFlags.add(cmd)
}

// directionFlags say what captures cannot tell themselves.
type directionFlags struct {
	ports     []int
	hosts     []string
	direction string
	service   string
}

func (f *directionFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntSliceVar(&f.ports, "inbound-port", nil,
		"server port of the service under test: other requests are outbound; may be repeated")
	flags.StringVar(&f.direction, "direction", "", "inbound or outbound, for all records")
	flags.StringVar(&f.service, "service", "", "name of the service that answered, where nothing else tells")
	flags.StringArrayVar(&f.hosts, "host", nil,
		"NAME=SERVICE: requests to the host NAME are outbound calls to SERVICE; may be repeated")
}

func (f *convertFlags) options() (formats.Options, error) {
	if f.file == "" {
		return formats.Options{}, usage(errors.New("--out is missing"), "for example -o traffic.jsonl.gz")
	}
	return f.directionFlags.options()
}

func (f *directionFlags) options() (formats.Options, error) {
	o := formats.Options{Direction: traffic.Direction(f.direction), InboundPorts: f.ports, Service: f.service}
	if d := o.Direction; d != "" && d != traffic.Inbound && d != traffic.Outbound {
		return o, usage(fmt.Errorf("--direction %s: expected inbound or outbound", f.direction), "")
	}
	for _, port := range f.ports {
		if port < 1 || port > 65535 {
			return o, usage(fmt.Errorf("--inbound-port %d: expected a number from 1 to 65535", port), "")
		}
	}
	for _, text := range f.hosts {
		name, service, ok := strings.Cut(text, "=")
		if !ok || name == "" || service == "" {
			return o, usage(fmt.Errorf("--host %s: expected NAME=SERVICE", text),
				"for example --host payments.example.com=payment-api")
		}
		if o.Hosts == nil {
			o.Hosts = map[string]string{}
		}
		o.Hosts[strings.ToLower(name)] = service
	}
	return o, nil
}

// convert reads captures and hands their records to a writer. The output is only there when all went
// well.
type convert struct {
	*program
	convertFlags

	format formats.Export
	// keep tells whether a record is written; nil writes all.
	keep func(*traffic.Record) bool
	// scan looks for secrets and personal data in what is written; nil does not look.
	scan func(*traffic.Record)
}

func (c convert) run(ctx context.Context, sources []string) error {
	options, err := c.options()
	if err != nil {
		return err
	}
	files, err := formats.Walk(ctx, sources)
	if err != nil {
		return usage(err, "give a file or a folder of captured traffic")
	}
	if err := c.apart(files); err != nil {
		return err
	}
	out, err := c.createOutput(ctx, c.file, c.force)
	if err != nil {
		return err
	}
	defer out.discard()
	counts, written, err := c.copy(ctx, options, files, out)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	tell := c.out
	if c.file == "-" {
		tell = c.err
	}
	if counts.Records > 0 {
		tellCounts(tell, counts)
		if len(c.ports) > 0 && counts.Inbound == 0 {
			fmt.Fprintln(c.err, "warning: no request went to an inbound port")
		}
	}
	for _, problem := range counts.Problems {
		fmt.Fprintf(c.err, "unusable: %v\n", problem)
	}
	if err != nil {
		return err
	}
	if len(counts.Problems) > 0 && !c.partial {
		return usage(fmt.Errorf("%s was not written: some records cannot be used", c.file),
			"repair or remove them, or write the others with --partial")
	}
	if written == 0 {
		none := fmt.Errorf("%s was not written: %s has no place for any of the records", c.file, c.format.Name)
		return usage(none, "choose another --format, or see with headgate inspect which direction the records have")
	}
	if err := out.commit(); err != nil {
		return err
	}
	fmt.Fprintf(tell, "wrote      %d records to %s\n", written, c.file)
	return nil
}

// apart refuses to read what is written to.
func (c convert) apart(files []string) error {
	if amongFiles(c.file, files) {
		return usage(fmt.Errorf("%s is one of the sources", c.file), "write to a file outside of what is read")
	}
	return nil
}

// copy writes the records that are to be kept; its errors are those of reading or of writing.
func (c convert) copy(
	ctx context.Context, o formats.Options, files []string, out io.Writer,
) (counts formats.Counts, written int, err error) {
	w := c.format.Open(out, version)
	progress := newProgress(c.err)
	counts, err = o.Each(ctx, files, func(r *traffic.Record) error {
		progress.see()
		if c.keep != nil && !c.keep(r) {
			return nil
		}
		written++
		if c.scan != nil {
			c.scan(r)
		}
		if err := w.Write(r); err != nil {
			return &engine.Fault{Verdict: engine.Environment, Err: err}
		}
		return nil
	})
	progress.end()
	if err != nil {
		var fault *engine.Fault
		if !errors.As(err, &fault) {
			err = usage(err, "")
		}
		return counts, written, err
	}
	if err := w.Close(); err != nil {
		err = &engine.Fault{Verdict: engine.Environment, Err: err}
		return counts, written, err
	}
	return counts, written, nil
}

// tellCounts says what was found in captures.
func tellCounts(w io.Writer, c formats.Counts) {
	fmt.Fprintf(w, "records    %d in %d files: %d inbound, %d outbound\n", c.Records, c.Files, c.Inbound, c.Outbound)
	if text := c.Left(); text != "" {
		fmt.Fprintf(w, "left out   %s\n", text)
	}
	if text := c.Unusable(); text != "" {
		fmt.Fprintf(w, "capture    %s\n", text)
	}
}

// progress counts on a terminal, and nowhere else.
type progress struct {
	out  io.Writer // nil where there is no terminal
	n    int
	last time.Time
}

func newProgress(out io.Writer) *progress {
	if _, ok := isTerminal(out); !ok {
		return &progress{}
	}
	return &progress{out: out, last: time.Now()}
}

func (p *progress) see() {
	const every, often = 1024, 100 * time.Millisecond
	if p.n++; p.out == nil || p.n%every != 0 {
		return
	}
	if now := time.Now(); now.Sub(p.last) >= often {
		p.last = now
		fmt.Fprintf(p.out, "\r%d records", p.n)
	}
}

// end clears the line.
func (p *progress) end() {
	if p.out != nil {
		fmt.Fprintf(p.out, "\r\x1b[K")
	}
}

// warn tells of n things, unless there are none.
func warn(w io.Writer, n int, what string) {
	if n > 0 {
		fmt.Fprintf(w, "warning: %d %s\n", n, what)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/safety"
)

func (p *program) importCommand() *cobra.Command {
	var f convertFlags
	cmd := &cobra.Command{
		Use:   "import SOURCE... -o FILE",
		Short: "Convert captured traffic of any format into headgate's own",
		Long: `Import reads captured traffic of any format that it knows by its content and writes it as JSONL, one
record on each line, compressed if FILE ends in .gz or .zst. What is left out or cannot be used is told
by kind, with file and line. FILE appears when all is written, or not at all. Secrets and personal data
in it are told by kind and place.

Captures that do not tell which requests are calls to dependencies are inbound, unless --inbound-port,
--host or --direction say otherwise.

Readable, plain or compressed with gzip or zstd, are:
` + readable() + `
Exit codes: 0 written, 3 wrong flags, nothing to read or records that cannot be used, 4 FILE cannot be
written.`,
		Example: `  headgate import browser.har -o captured/traffic.jsonl
  headgate import access.log -o captured/traffic.jsonl.gz --service orders
  headgate import dump.pcap -o captured/traffic.jsonl.zst --inbound-port 8080 --service orders`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			own, err := formats.FindExport("jsonl")
			if err != nil {
				return err
			}
			return p.importTo(cmd.Context(), convert{program: p, convertFlags: f, format: own}, args)
		},
	}
	f.add(cmd)
	return cmd
}

// importTo converts captures and says what of them is secret, and what their recorders have lost.
func (p *program) importTo(ctx context.Context, c convert, sources []string) error {
	var found safety.Report
	scanner := safety.NewScanner()
	c.scan = func(r *traffic.Record) {
		scanner.Scan(r, func(f safety.Finding) { found.Add(r, scanner.Endpoint(r), f) })
	}
	err := c.run(ctx, sources)
	if err == nil {
		if files, walked := formats.Walk(ctx, sources); walked == nil {
			p.tellLosses(ctx, files)
		}
	}
	list := found.Summed()
	secret, personal := tally(list)
	warn(p.err, secret+personal, "secrets and pieces of personal data are in it, by kind and place:")
	for i, f := range list {
		if i == mostImported {
			fmt.Fprintf(p.err, "  and at %d more places: see headgate inspect\n", len(list)-i)
			break
		}
		fmt.Fprintf(p.err, "  %s, such as %s\n", f, f.Sample)
	}
	warn(p.err, found.More, "more of them are at further places: see headgate inspect")
	return err
}

// mostImported is how many places of secrets import tells.
const mostImported = 5

// tellLosses says what recorders say is missing from captures.
func (p *program) tellLosses(ctx context.Context, files []string) {
	for _, l := range losses(ctx, files) {
		for _, line := range l.Lines {
			fmt.Fprintf(p.err, "warning: %s (%s)\n", line, l.File)
		}
	}
}

func (p *program) exportCommand() *cobra.Command {
	var f convertFlags
	var name string
	cmd := &cobra.Command{
		Use:   "export SOURCE... -o FILE",
		Short: "Convert captured traffic into a format of other tools",
		Long: `Export reads captured traffic of any format and writes it in another one:
` + exports() + `
Postgres queries are written as jsonl only. gor, curl and k6 have room for the requests of one service:
they are given the inbound ones, without those whose body was not captured. Requests stand in the order of
the captures.

Exit codes: 0 written, 3 wrong flags, nothing to read or records that cannot be used, 4 FILE cannot be
written.`,
		Example: `  headgate export captured/ -o traffic.har
  headgate export captured/ -o load.js --format k6`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			format, err := exportFormat(name, f.file)
			if err != nil {
				return err
			}
			return p.export(cmd, format, f, args)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&name, "format", "", "jsonl, har, gor, curl or k6 (default: by the name of FILE)")
	return cmd
}

func (p *program) export(cmd *cobra.Command, format formats.Export, f convertFlags, sources []string) error {
	c := convert{program: p, convertFlags: f, format: format}
	queries, outbound, bodiless := 0, 0, 0
	if !format.Queries {
		c.keep = func(r *traffic.Record) bool {
			switch {
			case r.Protocol == traffic.Postgres:
				queries++
			case !format.Requests:
				return true
			case r.Direction != traffic.Inbound:
				outbound++
			case r.Request.Header.Get(traffic.TruncatedHeader) != "":
				bodiless++
			default:
				return true
			}
			return false
		}
	}
	if err := c.run(cmd.Context(), sources); err != nil {
		return err
	}
	warn(p.err, queries, "Postgres queries were not written: "+format.Name+" has no place for them")
	warn(p.err, outbound, "outbound records were not written: "+format.Name+" has no place for them")
	warn(p.err, bodiless, "requests were not written: their body was not captured")
	return nil
}

// exportFormat is the format that is named, else the one that the name of the file stands for.
func exportFormat(name, file string) (formats.Export, error) {
	if name == "" {
		base := strings.TrimSuffix(strings.TrimSuffix(file, ".gz"), ".zst")
		name = map[string]string{
			".jsonl": "jsonl", ".har": "har", ".gor": "gor", ".sh": "curl", ".js": "k6",
		}[filepath.Ext(base)]
	}
	if name == "" {
		return formats.Export{}, usage(errors.New("--format is missing"), "for example --format har")
	}
	format, err := formats.FindExport(name)
	if err != nil {
		return format, usage(err, "")
	}
	return format, nil
}

// readable lists the formats for the help.
func readable() string { return "  " + strings.Join(formats.Names(), "\n  ") + "\n" }

// exports lists the formats that can be written, for the help.
func exports() string {
	var b strings.Builder
	for _, e := range formats.Exports() {
		fmt.Fprintf(&b, "  %-5s  %s\n", e.Name, e.Help)
	}
	return b.String()
}

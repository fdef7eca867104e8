package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/safety"
	"github.com/headgate-dev/headgate/traffic/summary"
)

// warn collects what matters most.
func (in *inspection) warn() {
	in.Warnings = []string{}
	add := func(n int, format string) {
		if n > 0 {
			in.Warnings = append(in.Warnings, fmt.Sprintf(format, n))
		}
	}
	for _, l := range in.Losses {
		for _, line := range l.Lines {
			in.Warnings = append(in.Warnings, line+" ("+l.File+")")
		}
	}
	add(in.Unusable.Malformed, "%d records cannot be used")
	add(in.Unusable.TruncatedFiles, "%d files end in the middle")
	secret, personal := tally(in.Findings)
	add(in.MoreFindings, "%d secrets or pieces of personal data are at more places than are told apart")
	add(secret, "%d secrets are in it: conceal them with transforms before it leaves this machine")
	add(personal, "%d pieces of personal data are in it")
	if in.Records > 0 && in.Inbound == 0 {
		in.Warnings = append(in.Warnings, "no record is inbound: there is nothing to replay")
	}
	if len(in.AssumedHosts) > 1 {
		add(in.Assumed, "%d records to different hosts are taken for inbound: nothing tells their direction, but "+
			"--inbound-port and --host can")
	}
	add(in.Records-in.Pairs, "%d records have no response: nothing to compare")
	add(in.Truncated, "%d records lack a body: it was not captured whole")
	without := 0
	for _, l := range in.Lacking {
		without += l.Without
	}
	add(without, "%d inbound requests lack the outbound calls that their endpoint usually makes")
	add(in.Forgotten, "%d records are too many to tell whether outbound calls are lacking")
	add(in.Unusable.SharedIDs, "%d records have the id of another one")
}

// tally counts secrets and personal data.
func tally(list []safety.Found) (secret, personal int) {
	for _, f := range list {
		switch f.Kind {
		case safety.Card, safety.IBAN, safety.Email:
			personal += f.Count
		default:
			secret += f.Count
		}
	}
	return secret, personal
}

// teller writes an inspection for people.
type teller struct {
	out io.Writer
	// top is how many rows a table has; 0 is all.
	top int
}

func (t teller) tell(in *inspection, counts formats.Counts) error {
	for _, text := range in.Warnings {
		fmt.Fprintf(t.out, "warning    %s\n", text)
	}
	if len(in.Warnings) > 0 {
		fmt.Fprintln(t.out)
	}
	tellCounts(t.out, counts)
	fmt.Fprintf(t.out, "pairs      %d with a response, %d without\n", in.Pairs, in.Records-in.Pairs)
	switch {
	case in.From == nil:
	case in.To.Before(time.Unix(0, 0).AddDate(1, 0, 0)): // readers of formats without times begin at 1970
		fmt.Fprintln(t.out, "time       not captured; the records stand in the order of their files")
	default:
		fmt.Fprintf(t.out, "time       %s to %s (%s)\n", in.From.Format(time.RFC3339), in.To.Format(time.RFC3339),
			in.To.Sub(*in.From).Round(time.Millisecond))
	}
	if s := in.Sessions; s != nil {
		fmt.Fprintf(t.out, "sessions   %d, %s\n", s.Count, s.How)
		fmt.Fprintf(t.out, "           the longest has %d requests\n", s.Longest)
	}
	atOnce := replay.DefaultConfig().Concurrency
	for _, f := range in.Replay {
		takes := time.Duration(f.Seconds * float64(time.Second)).Round(10 * time.Millisecond)
		fmt.Fprintf(t.out, "replay     about %s at %s, %d sessions at a time\n", takes, f.Scale, atOnce)
	}
	for i, s := range in.Services {
		if i == t.top && i > 0 {
			fmt.Fprintf(t.out, "           and %d more services\n", len(in.Services)-i)
			break
		}
		fmt.Fprintf(t.out, "outbound   %d calls to %s\n", s.Requests, shortened(s.Name))
	}
	if in.Untied > 0 {
		fmt.Fprintf(t.out, "           %d outbound calls are not tied to an inbound request: a run ties them by time\n",
			in.Untied)
	}
	if in.Inbound > 0 {
		t.needs(in.Gates)
	}
	for _, table := range []func(*inspection) error{t.endpoints, t.services, t.statements, t.lacking, t.findings} {
		if err := table(in); err != nil {
			return err
		}
	}
	return nil
}

// needs says how many samples the usual gates need.
func (t teller) needs(list []need) {
	for i, n := range list {
		head := "          "
		if i == 0 {
			head = "gates     "
		}
		text := fmt.Sprintf("%s needs %d samples, %d are there", n.Gate, n.Samples, n.Have)
		switch {
		case n.Have >= n.Samples && len(n.Few) > 0:
			text += fmt.Sprintf("; %d endpoints have fewer", len(n.Few))
		case n.Tolerates > n.Have:
			text += fmt.Sprintf("; below %d a single miss fails it", n.Tolerates)
		}
		fmt.Fprintf(t.out, "%s %s\n", head, text)
	}
}

// rows writes a table: its head, and as many rows as are wanted.
func (t teller) rows(head string, n int, row func(i int) string) error {
	if n == 0 {
		return nil
	}
	shown := n
	if t.top > 0 {
		shown = min(n, t.top)
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\n%s\n", head)
	for i := range shown {
		fmt.Fprintln(table, row(i))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if shown < n {
		fmt.Fprintf(t.out, "and %d more; --top 0 shows all\n", n-shown)
	}
	return nil
}

func (t teller) endpoints(in *inspection) error {
	return t.operations("requests\tendpoint", in.Endpoints)
}

func (t teller) services(in *inspection) error { return t.operations("calls\tservice", in.Services) }

func (t teller) statements(in *inspection) error {
	return t.operations("calls\tstatement", in.Statements)
}

func (t teller) operations(head string, list []summary.Operation) error {
	return t.rows(head+"\tstatuses\tp50\tp95\tp99\tin/out p95\tin/out max", len(list), func(i int) string {
		o := list[i]
		times := "-\t-\t-"
		if l := o.Latency; l != nil {
			times = millis(l.P50) + "\t" + millis(l.P95) + "\t" + millis(l.P99)
		}
		return fmt.Sprintf("%d\t%s\t%s\t%s\t%s/%s\t%s/%s", o.Requests, shortened(o.Name), mix(o), times,
			size(o.RequestBody.P95), size(o.ResponseBody.P95), size(o.RequestBody.Max), size(o.ResponseBody.Max))
	})
}

func (t teller) lacking(in *inspection) error {
	return t.rows("lack calls\tof\tendpoint\tstatus", len(in.Lacking), func(i int) string {
		l := in.Lacking[i]
		return fmt.Sprintf("%d\t%d\t%s\t%s", l.Without, l.Requests, shortened(l.Endpoint), cmp.Or(l.Status, "none"))
	})
}

func (t teller) findings(in *inspection) error {
	err := t.rows("found\tkind\twhere\tendpoint\tfirst", len(in.Findings), func(i int) string {
		f := in.Findings[i]
		of := f.Endpoint
		if f.Outbound && f.Service != "" {
			of = f.Service + ": " + of
		}
		return fmt.Sprintf("%d\t%s\t%s\t%s\t%s", f.Count, f.Kind, shortened(f.Where), shortened(of), f.Sample)
	})
	if in.MoreFindings > 0 {
		fmt.Fprintf(t.out, "and %d more values at further places\n", in.MoreFindings)
	}
	return err
}

// mix is the statuses with their numbers, the most frequent first.
func mix(o summary.Operation) string {
	const most = 3
	statuses := slices.SortedFunc(maps.Keys(o.Statuses), func(a, b string) int {
		return cmp.Or(cmp.Compare(o.Statuses[b], o.Statuses[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, status := range statuses[:min(len(statuses), most)] {
		parts = append(parts, fmt.Sprintf("%s:%d", status, o.Statuses[status]))
	}
	if n := len(statuses) - most; n > 0 {
		parts = append(parts, fmt.Sprintf("+%d", n))
	}
	return strings.Join(parts, " ")
}

func millis(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	switch {
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// size is a number of bytes in the unit that suits it.
func size(n int64) string {
	const kilo = 1000
	switch {
	case n < 10*kilo:
		return strconv.FormatInt(n, 10)
	case n < 10*kilo*kilo:
		return fmt.Sprintf("%dk", n/kilo)
	}
	return fmt.Sprintf("%dM", n/kilo/kilo)
}

// shortened is a name as it fits into a table.
func shortened(name string) string {
	const most = 40
	runes := []rune(strings.Map(printable, name))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-3]) + "..."
}

// printable replaces what would break a line or a terminal.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == 0xfffd {
		return '?'
	}
	return r
}

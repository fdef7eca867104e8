package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/recording"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/session"
)

func (p *program) inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect PATH...",
		Short: "Say what captured traffic holds",
		Long: `Inspect reads captured traffic and says what is in it: records, sessions and how they were found,
endpoints with their statuses and latency, outbound hosts, how long a replay would take, and what
could not be used.

Exit codes: 0 all records can be used, 3 some cannot or there is nothing to read.`,
		Example: "  headgate inspect captured/",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return p.inspect(cmd.Context(), args) },
	}
}

// inspection is what was found in captured traffic.
type inspection struct {
	first, last time.Time
	endpoints   map[string]*endpointCount
	services    map[string]int
	unparented  int
}

type endpointCount struct {
	n         int
	statuses  map[int]int
	latencies *hdrhistogram.Histogram
}

func (p *program) inspect(ctx context.Context, paths []string) error {
	files, err := formats.Walk(paths)
	if err != nil {
		return usage(err, "give a file or a folder of captured traffic")
	}
	in := inspection{endpoints: map[string]*endpointCount{}, services: map[string]int{}}
	recorded, err := recording.New(recording.Options{Select: session.DefaultSelect()})
	if err != nil {
		return err
	}
	defer func() { _ = recorded.Close() }() // nothing depends on it any more
	counts, err := recorded.ReadAll(ctx, files, in.add)
	if err != nil {
		return usage(err, "")
	}
	if err := recorded.Arrange(); err != nil {
		return err
	}
	p.printCounts(counts, in)
	if err := p.printInbound(in, recorded); err != nil {
		return err
	}
	for _, problem := range counts.Problems {
		fmt.Fprintf(p.err, "unusable: %v\n", problem)
	}
	if len(counts.Problems) > 0 {
		return &exit{engine.Invalid.ExitCode()}
	}
	return nil
}

func (in *inspection) add(r *traffic.Record) {
	if in.first.IsZero() || r.Time.Before(in.first) {
		in.first = r.Time
	}
	if end := r.Time.Add(r.Duration); end.After(in.last) {
		in.last = end
	}
	if r.Direction == traffic.Outbound {
		in.services[cmp.Or(r.Service, r.Request.Host, "?")]++
		if r.Parent == "" {
			in.unparented++
		}
		return
	}
	name := traffic.Endpoint(r.Request.Method, r.Request.URL)
	e := in.endpoints[name]
	if e == nil {
		e = &endpointCount{statuses: map[int]int{}, latencies: hdrhistogram.New(1, time.Hour.Microseconds(), 3)}
		in.endpoints[name] = e
	}
	e.n++
	// What is out of range counts at its edge.
	_ = e.latencies.RecordValue(min(max(1, r.Duration.Microseconds()), time.Hour.Microseconds()))
	if r.Response != nil {
		e.statuses[r.Response.Status]++
	}
}

func (p *program) printCounts(c formats.Counts, in inspection) {
	tellCounts(p.out, c)
	fmt.Fprintf(p.out, "time       %s to %s (%s)\n", in.first.UTC().Format(time.RFC3339),
		in.last.UTC().Format(time.RFC3339), in.last.Sub(in.first).Round(time.Millisecond))
	for _, name := range slices.Sorted(maps.Keys(in.services)) {
		fmt.Fprintf(p.out, "outbound   %d calls to %s\n", in.services[name], name)
	}
	if in.unparented > 0 {
		fmt.Fprintf(p.out, "           %d outbound calls are not tied to an inbound request\n", in.unparented)
	}
	if c.NoResponse > 0 {
		fmt.Fprintf(p.out, "           %d records have no response: nothing to compare\n", c.NoResponse)
	}
}

func (p *program) printInbound(in inspection, recorded *recording.Recording) error {
	if recorded.Len() == 0 {
		return nil
	}
	fmt.Fprintf(p.out, "sessions   %s\n", strings.TrimPrefix(recorded.Sessions, "sessions: "))
	for _, scale := range []replay.Scale{1, 10} {
		pacing := replay.DefaultConfig().Pacing()
		pacing.Scale = scale
		takes, err := pacing.Duration(recorded.All().Source().Marks)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "replay     about %s at %s\n", takes.Round(10*time.Millisecond), scale)
	}
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nrequests\tendpoint\tstatuses\tp50\tp95\n")
	names := slices.SortedFunc(maps.Keys(in.endpoints), func(a, b string) int {
		return cmp.Or(cmp.Compare(in.endpoints[b].n, in.endpoints[a].n), cmp.Compare(a, b))
	})
	for _, name := range names {
		e := in.endpoints[name]
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", e.n, name, e.mix(), e.quantile(0.5), e.quantile(0.95))
	}
	return table.Flush()
}

func (e *endpointCount) mix() string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(e.statuses)) {
		parts = append(parts, fmt.Sprintf("%d:%d", status, e.statuses[status]))
	}
	return strings.Join(parts, " ")
}

func (e *endpointCount) quantile(q float64) time.Duration {
	micros := e.latencies.ValueAtQuantile(100 * q)
	return (time.Duration(micros) * time.Microsecond).Round(10 * time.Microsecond)
}

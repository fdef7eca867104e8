package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/traffic/capture"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/index"
	"github.com/headgate-dev/headgate/traffic/recording"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/session"
	"github.com/headgate-dev/headgate/traffic/store"
	"github.com/headgate-dev/headgate/traffic/summary"
)

// inspectFlags are the flags of inspect.
type inspectFlags struct {
	directionFlags

	json  bool
	scale string
	top   int
}

func (p *program) inspectCommand() *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:   "inspect PATH...",
		Short: "Say what captured traffic holds",
		Long: `Inspect reads captured traffic and says what is in it: records, pairs and what could not be used, the
time it spans, sessions and how they were found, endpoints with statuses, latency and body sizes,
outbound calls by service and statement, inbound requests that lack their outbound calls, secrets
and personal data, how long a replay would take, and how many samples the usual gates need. What
matters most comes first, as warnings.

Where captures have an index (headgate traffic index), what they hold is known without reading them.

With --json the same is written as one JSON object; names in it do not change, new ones may come.

Exit codes: 0 all records can be used, 3 some cannot or there is nothing to read.`,
		Example: `  headgate inspect captured/
  headgate inspect dump.pcap --inbound-port 8080 --time-scale 5x
  headgate inspect captured/ --json | jq .findings`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.inspect(cmd.Context(), f, args) },
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.json, "json", false, "write it as JSON")
	cmd.Flags().StringVar(&f.scale, "time-scale", "", "predict the replay at this scale, too, such as 5x or max")
	cmd.Flags().IntVar(&f.top, "top", 20, "how many rows a table has; 0 is all")
	return cmd
}

// inspection is what inspect says; this is its JSON form. Durations are in seconds unless their names say
// otherwise.
type inspection struct {
	// Schema is the version of this form.
	Schema string `json:"schema"`
	// Warnings are sentences on what matters most.
	Warnings []string `json:"warnings"`
	Files    int      `json:"files"`
	// Indexed tells that an index was used and no capture was read.
	Indexed bool `json:"indexed"`

	summary.Report

	Unusable unusable `json:"unusable"`
	// Assumed inbound records do not tell their direction; AssumedHosts are the first ten of their hosts.
	Assumed      int        `json:"assumed_inbound"`
	AssumedHosts []string   `json:"assumed_hosts"`
	Sessions     *grouping  `json:"sessions,omitempty"`
	Replay       []forecast `json:"replay"`
	Gates        []need     `json:"gates"`
	// Losses are what recorders say is missing, by the file that says it.
	Losses []loss `json:"losses"`
}

// unusable is what of the captures is not among the records, or should not be.
type unusable struct {
	Malformed      int            `json:"malformed"`
	TruncatedFiles int            `json:"truncated_files"`
	Duplicates     int            `json:"duplicates"`
	SharedIDs      int            `json:"shared_ids"`
	OutOfOrder     int            `json:"out_of_order"`
	LeftOut        map[string]int `json:"left_out"`
	Problems       []string       `json:"problems"`
}

// grouping is how inbound records belong to clients.
type grouping struct {
	Count int `json:"count"`
	// Longest is the number of requests in the longest.
	Longest int    `json:"longest"`
	How     string `json:"how"`
}

// forecast is how long a replay would take with the default settings, which are 10 sessions at a time.
type forecast struct {
	Scale   string  `json:"time_scale"`
	Seconds float64 `json:"seconds"`
}

// loss is what one recorder says is missing.
type loss struct {
	File  string   `json:"file"`
	Lines []string `json:"lines"`
}

func (p *program) inspect(ctx context.Context, f inspectFlags, paths []string) error {
	scales := []replay.Scale{1, 10}
	if f.scale != "" {
		scale, err := replay.ParseScale(f.scale)
		if err != nil {
			return usage(err, "for example --time-scale 5x")
		}
		if !slices.Contains(scales, scale) {
			scales = append(scales, scale)
		}
	}
	options, err := f.options()
	if err != nil {
		return err
	}
	in, counts, err := look(ctx, options, paths, scales)
	if err != nil {
		return err
	}
	in.warn()
	if err := p.tell(in, counts, f); err != nil {
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

// tell writes an inspection in the form that is asked for.
func (p *program) tell(in *inspection, counts formats.Counts, f inspectFlags) error {
	if !f.json {
		return teller{out: p.out, top: f.top}.tell(in, counts)
	}
	enc := json.NewEncoder(p.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(in)
}

// look finds out what captures hold, by their index or by reading them.
func look(
	ctx context.Context, o formats.Options, paths []string, scales []replay.Scale,
) (*inspection, formats.Counts, error) {
	files, err := formats.Walk(ctx, paths)
	if err != nil {
		return nil, formats.Counts{}, usage(err, "give a file or a folder of captured traffic")
	}
	in := &inspection{Schema: "headgate.inspect/1", Replay: []forecast{}, Losses: losses(ctx, files)}
	counts, known, err := in.byIndex(ctx, o, paths, scales)
	if err == nil && !known {
		counts, err = in.byReading(ctx, o, files, scales)
	}
	if err != nil {
		return nil, counts, usage(err, "")
	}
	in.count(counts)
	in.Gates, err = needs(in.Report)
	return in, counts, err
}

// byIndex takes what the index says, if there is one.
func (in *inspection) byIndex(
	ctx context.Context, o formats.Options, paths []string, scales []replay.Scale,
) (counts formats.Counts, known bool, err error) {
	ix, err := index.Open(ctx, paths, index.Options{Formats: o})
	if ix == nil || err != nil {
		return counts, false, err
	}
	defer func() { _ = ix.Close() }() // nothing depends on it any more
	all, err := ix.Summary()
	if err != nil {
		return counts, false, err
	}
	if counts = ix.Counts(); counts.Records == 0 {
		return counts, false, nil // reading says why
	}
	in.Indexed, in.Report = true, all.Report()
	how, err := ix.Sessions()
	if err != nil {
		return counts, true, err
	}
	marks, err := collected(ix.Marks, counts.Inbound)
	if err != nil {
		return counts, true, err
	}
	return counts, true, in.predict(how, marks, scales)
}

// collected are marks that are visited many times, in memory unless there are too many.
func collected(marks func(func(replay.Mark)) error, n int) (func(func(replay.Mark)) error, error) {
	const most = 4 << 20
	if n > most {
		return marks, nil
	}
	list := make([]replay.Mark, 0, n)
	err := marks(func(m replay.Mark) { list = append(list, m) })
	return func(visit func(replay.Mark)) error {
		for _, m := range list {
			visit(m)
		}
		return nil
	}, err
}

func (in *inspection) byReading(
	ctx context.Context, o formats.Options, files []string, scales []replay.Scale,
) (counts formats.Counts, err error) {
	all := summary.New()
	recorded, err := recording.New(recording.Options{Formats: o, Select: session.DefaultSelect()})
	if err != nil {
		return counts, err
	}
	defer func() { _ = recorded.Close() }() // nothing depends on it any more
	counts, err = recorded.ReadAll(ctx, files, all.Add)
	if err == nil {
		err = recorded.Arrange()
	}
	if err != nil {
		return counts, err
	}
	in.Report = all.Report()
	return counts, in.predict(recorded.Sessions, recorded.All().Source().Marks, scales)
}

// predict takes in what the marks of the inbound records say.
func (in *inspection) predict(how string, marks func(func(replay.Mark)) error, scales []replay.Scale) error {
	if in.Inbound == 0 {
		return nil
	}
	_, how, _ = strings.Cut(how, ", ")
	in.Sessions = &grouping{How: how}
	n := 0
	err := marks(func(m replay.Mark) {
		if m.First {
			in.Sessions.Count++
			n = 0
		}
		n++
		in.Sessions.Longest = max(in.Sessions.Longest, n)
	})
	if err != nil {
		return err
	}
	schedule, err := replay.DefaultConfig().Pacing().Schedule(marks)
	if err != nil {
		return err
	}
	for _, scale := range scales {
		takes, err := schedule.At(scale).Duration(marks)
		if err != nil {
			return err
		}
		in.Replay = append(in.Replay, forecast{scale.String(), takes.Seconds()})
	}
	return nil
}

func (in *inspection) count(c formats.Counts) {
	in.Files, in.Assumed, in.AssumedHosts = c.Files, c.Assumed, append([]string{}, c.AssumedHosts...)
	in.Unusable = unusable{
		Malformed: c.Malformed, TruncatedFiles: c.Truncated, Duplicates: c.Duplicates, SharedIDs: c.SharedIDs,
		OutOfOrder: c.OutOfOrder, LeftOut: c.LeftOut, Problems: []string{},
	}
	for _, problem := range c.Problems {
		in.Unusable.Problems = append(in.Unusable.Problems, problem.Error())
	}
	if in.Unusable.LeftOut == nil {
		in.Unusable.LeftOut = map[string]int{}
	}
}

// losses reads the health records beside captures.
func losses(ctx context.Context, files []string) []loss {
	list := []loss{}
	seen := make(map[string]bool, len(files))
	for _, file := range files {
		seen[file] = true // a capture may have that name
	}
	var stores store.Stores
	for _, file := range files {
		folder, _ := store.Split(file)
		path := store.Join(folder, capture.ReportFile)
		if seen[path] {
			continue
		}
		seen[path] = true
		report, err := health(ctx, &stores, path)
		lines := report.Losses()
		switch {
		case errors.Is(err, fs.ErrNotExist): // most captures have none
			continue
		case err != nil:
			lines = []string{fmt.Sprintf("what the recorder has lost is not known: %v", err)}
		}
		if len(lines) > 0 {
			list = append(list, loss{File: path, Lines: lines})
		}
	}
	return list
}

// health reads what a recorder says of its recording.
func health(ctx context.Context, stores *store.Stores, location string) (r capture.Report, err error) {
	s, err := stores.At(location)
	if err != nil {
		return r, err
	}
	in, err := s.Open(ctx, location, 0, -1)
	if err != nil {
		return r, err
	}
	defer in.Close()
	return capture.ParseReport(in)
}

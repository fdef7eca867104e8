package main

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/shadow"
)

// announce says what is going to happen.
func (p *program) announce(l net.Listener, o shadow.Options, f shadowFlags) {
	fmt.Fprintf(p.out, "serving %s at http://%s\n", o.Primary, l.Addr())
	methods := "GET, HEAD and OPTIONS"
	if o.Unsafe {
		methods = "all methods"
	}
	fmt.Fprintf(p.out, "mirroring %s of %s to %s\n", f.sample, methods, o.Candidate)
	if o.Secondary != nil {
		fmt.Fprintf(p.out, "and to %s, to tell noise\n", o.Secondary)
	}
	if f.duration > 0 {
		fmt.Fprintf(p.out, "until Ctrl-C, for %s at most\n", f.duration)
	} else {
		fmt.Fprintln(p.out, "until Ctrl-C")
	}
}

// shadowBeat is how often the status is shown.
const shadowBeat = 5 * time.Second

// showShadowStatus shows one line in place of the one before, on a terminal.
func (p *program) showShadowStatus(r *shadow.Report) {
	if width, ok := isTerminal(p.out); ok {
		if width <= 0 { // a terminal that does not say how wide it is
			width = 80
		}
		fmt.Fprintf(p.out, "\r\x1b[K%s", cutText(shadowStatus(r), width-1))
	}
}

// eraseShadowStatus makes room for what comes after the status.
func (p *program) eraseShadowStatus() {
	if _, ok := isTerminal(p.out); ok {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

func shadowStatus(r *shadow.Report) string {
	parts := []string{fmt.Sprintf("%s  %d requests, %d mirrored: %d alike, %d differ", r.Took.Round(time.Second),
		r.Requests, r.Mirrored, r.Matched, r.Differed)}
	for _, more := range []struct {
		n    int64
		what string
	}{
		{r.Noisy, "as the secondary"},
		{r.Failed(), "without an answer"},
		{r.Shed(), "shed"},
		{int64(r.Waiting), "waiting"},
	} {
		if more.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", more.n, more.what))
		}
	}
	return fmt.Sprintf("%s; p95 %s, candidate %s", strings.Join(parts, ", "), brief(r.Primary.P95), brief(r.Candidate.P95))
}

// printShadow prints the report, the verdict last.
func (p *program) printShadow(r *shadow.Report) {
	fmt.Fprintln(p.out)
	p.printShadowCounts(r)
	p.printShadowFields("differences, the worst first", r.Differences)
	p.printShadowRules(r.Differences)
	p.printShadowFields("noise: the secondary differs as well", r.Noise)
	p.printShadowLatencies(r)
	for _, use := range r.Rules {
		if use.Matched == 0 && r.Compared > 0 {
			fmt.Fprintf(p.err, "warning: the rule %s applied to nothing\n", use.Key)
		}
	}
	if r.Unlisted > 0 {
		fmt.Fprintf(p.out, "%d more differences are not in diffs.jsonl: it has the first 100 of each field\n", r.Unlisted)
	}
	verdict, why := r.Verdict()
	fmt.Fprintf(p.out, "\n%s: %s\n", verdict, why)
	if r.Unknown() {
		fmt.Fprintln(p.out, "hint: most answers differ by their status. An instance does not know tokens and ids that "+
			"another has issued:\n"+
			"let both have the same data, or record and replay: that carries issued values over")
	}
}

func (p *program) printShadowCounts(r *shadow.Report) {
	t := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "requests\t%d in %s\n", r.Requests, r.Took.Round(time.Second/10))
	fmt.Fprintf(t, "mirrored\t%d\n", r.Mirrored)
	compared := fmt.Sprintf("%d: %d alike, %d differ", r.Compared, r.Matched, r.Differed)
	if r.Noisy > 0 {
		compared += fmt.Sprintf(", %d differ as the secondary does", r.Noisy)
	}
	fmt.Fprintf(t, "compared\t%s\n", compared)
	printCounts(t, "not compared", r.Uncompared, "")
	printCounts(t, "no answer", r.CandidateFailures, r.LastCandidateFailure)
	if r.SecondaryFailed > 0 {
		fmt.Fprintf(t, "no answer of the secondary\t%d; the last: %s\n", r.SecondaryFailed, oneLine(r.LastSecondaryFailure))
	}
	chosen, shed := map[string]int64{}, map[string]int64{}
	for reason, n := range r.Left {
		if reason.Shed() {
			shed[string(reason)] = n
		} else {
			chosen[string(reason)] = n
		}
	}
	printCounts(t, "left out", chosen, r.LastPrimaryFailure)
	printCounts(t, "shed", shed, "")
	_ = t.Flush() // there is no other place to say so
}

// printCounts prints a line of what adds up to a sum; nothing where there is none.
func printCounts(t io.Writer, head string, counts map[string]int64, last string) {
	var sum int64
	var parts []string
	for what, n := range counts {
		sum += n
		parts = append(parts, fmt.Sprintf("%s %d", what, n))
	}
	if sum == 0 {
		return
	}
	slices.Sort(parts)
	line := fmt.Sprintf("%d: %s", sum, strings.Join(parts, ", "))
	if last != "" {
		line += "; the last: " + oneLine(last)
	}
	fmt.Fprintf(t, "%s\t%s\n", head, line)
}

// shadowFields is how many fields are printed; all are in shadow.json.
const shadowFields = 20

func (p *program) printShadowFields(title string, fields []shadow.Field) {
	if len(fields) == 0 {
		return
	}
	fmt.Fprintf(p.out, "\n%s\n", title)
	t := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  answers\tendpoint\twhere\tkind\tprimary\tcandidate")
	for _, f := range fields[:min(len(fields), shadowFields)] {
		var sample compare.Sample
		if len(f.Samples) > 0 {
			sample = f.Samples[0]
		}
		fmt.Fprintf(t, "  %d of %d\t%s\t%s\t%s\t%s\t%s\n", f.Count, f.Of, f.Endpoint, f.Path, f.Kind,
			cell(sample.Expected), cell(sample.Actual))
	}
	_ = t.Flush() // there is no other place to say so
	if more := len(fields) - shadowFields; more > 0 {
		fmt.Fprintf(p.out, "  and %d more fields\n", more)
	}
}

// printShadowRules prints the rules by which the worst differences would count as none.
func (p *program) printShadowRules(fields []shadow.Field) {
	var rules []string
	for _, f := range fields[:min(len(fields), shadowFields)] {
		if rule := strings.TrimPrefix(f.Suggestion(), "replay.compare."); rule != "" && !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	if len(rules) == 0 {
		return
	}
	fmt.Fprintln(p.out, "  if a difference is meant, add to the file of --compare:")
	for _, rule := range rules[:min(len(rules), 5)] {
		fmt.Fprintf(p.out, "    %s\n", oneLine(rule))
	}
}

func (p *program) printShadowLatencies(r *shadow.Report) {
	if r.Mirrored == 0 {
		return
	}
	fmt.Fprintln(p.out)
	t := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "latency\tp50\tp95\tp99\tmax")
	for _, row := range []struct {
		name string
		shadow.Latency
	}{
		{"primary", r.Primary},
		{"candidate", r.Candidate},
		{"secondary", r.Secondary},
		{"added by mirroring", r.Added},
	} {
		if row.N > 0 {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", row.name, brief(row.P50), brief(row.P95), brief(row.P99), brief(row.Max))
		}
	}
	_ = t.Flush() // there is no other place to say so
}

// brief is a duration in three digits or so.
func brief(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatFloat(float64(d)/1e3, 'f', 1, 64) + "us"
	case d < time.Second:
		return strconv.FormatFloat(float64(d)/1e6, 'f', 1, 64) + "ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + "s"
}

// cell is the beginning of a value for a table.
func cell(text string) string { return cutText(oneLine(text), 32) }

// oneLine keeps what comes from outside from drawing on the terminal.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if strconv.IsPrint(c) {
			return c
		}
		return ' '
	}, text)
}

func cutText(text string, room int) string {
	if runes := []rune(text); len(runes) > room {
		return string(runes[:max(0, room-3)]) + "..."
	}
	return text
}

package terminal

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
)

// shown is how many rows of a table are printed; the rest is in the artifacts.
const shown = 5

// Finish prints the result: the verdict and its cause first, then what is behind it.
func (r *Reporter) Finish(rep *engine.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.erase()
	r.out.line("")
	r.verdict(rep)
	r.failedGates(rep)
	r.differences(rep)
	r.endpoints(rep)
	r.mocks(rep)
	r.logErrors(rep)
	r.notes(rep)
	r.footer(rep)
	return r.out.err
}

func (r *Reporter) verdict(rep *engine.Report) {
	name := strings.ToUpper(rep.Verdict.String())
	switch rep.Verdict {
	case engine.Passed:
		name = r.out.bold(r.out.green(name))
	case engine.Inconclusive, engine.Interrupted, engine.Terminated:
		name = r.out.bold(r.out.yellow(name))
	default:
		name = r.out.bold(r.out.red(name))
	}
	_, cause, _ := strings.Cut(rep.Cause, ": ")
	r.out.line("%s  %s", name, cause)
	if rep.Flaky {
		r.out.line("%s  a gate failed first and passed when it was tried again", r.out.yellow("FLAKY"))
	}
	for _, line := range rep.Details {
		r.out.line("    %s", r.out.dim(line))
	}
	if rep.Hint != "" {
		r.out.line("hint: %s", rep.Hint)
	}
}

// failedGates prints every gate that is in the way, with all that decided it.
func (r *Reporter) failedGates(rep *engine.Report) {
	var rows [][]string
	var trees []gates.Result
	for _, g := range rep.Gates {
		if g.Outcome == gates.Passed && !r.style.Verbose || g.Outcome == gates.Skipped {
			continue
		}
		rows = append(rows, []string{
			r.outcome(g.Outcome) + severity(g), g.Label(), measured(g.Value, g), limit(g),
			measured(g.Baseline, g), strconv.FormatInt(g.N, 10), reason(g),
		})
		if g.Outcome == gates.Failed && len(g.Tree) > 1 {
			trees = append(trees, g)
		}
	}
	r.table("Gates", []string{"outcome", "gate", "measured", "limit", "baseline", "n", "why"}, rows)
	for _, g := range trees[:min(len(trees), shown)] {
		r.out.line("  %s", g.Label())
		for _, step := range g.Tree {
			r.out.line("    %s%s  %s", strings.Repeat("  ", step.Depth), r.cut(step.Expr, 30), r.out.dim(step.Value))
		}
	}
}

func severity(g gates.Result) string {
	if g.Severity == gates.Enforce {
		return ""
	}
	return " (" + string(g.Severity) + ")"
}

func measured(v *float64, g gates.Result) string {
	if v == nil {
		return "-"
	}
	return gates.Format(*v, g.Unit)
}

// limit is the comparator as written, or the limit of an expression that is one comparison.
func limit(g gates.Result) string {
	if g.Source != g.Expr {
		return g.Source
	}
	return measured(g.Limit, g)
}

func reason(g gates.Result) string {
	if g.Reason == gates.Threshold {
		return ""
	}
	return strings.TrimSpace(string(g.Reason) + " " + g.Detail)
}

func (r *Reporter) differences(rep *engine.Report) {
	var rows [][]string
	for _, d := range rep.Differences {
		row := []string{fmt.Sprintf("%d of %d", d.Count, d.Of), d.Endpoint, d.Path, d.Kind, "", ""}
		if len(d.Samples) > 0 {
			row[4], row[5] = r.clip(d.Samples[0].Expected), r.clip(d.Samples[0].Actual)
		}
		rows = append(rows, row)
	}
	r.table("Worst differences", []string{"answers", "endpoint", "where", "kind", "recorded", "got"}, rows)
}

func (r *Reporter) clip(text string) string {
	const room = 32
	if runes := []rune(text); len(runes) > room {
		return string(runes[:room-3]) + "..."
	}
	return text
}

func (r *Reporter) endpoints(rep *engine.Report) {
	list := slices.Clone(rep.Endpoints)
	slices.SortStableFunc(list, func(a, b engine.EndpointReport) int {
		return cmp.Or(
			cmp.Compare(rate(a.ResponseMatchRate), rate(b.ResponseMatchRate)),
			cmp.Compare(b.Latency.P95, a.Latency.P95),
		)
	})
	var rows [][]string
	for _, e := range list {
		rows = append(rows, []string{
			strconv.Itoa(e.Requests), e.Endpoint, share(e.StatusPassRate), share(e.BodyMatchRate),
			milliseconds(e.Latency.P50), milliseconds(e.Latency.P95), milliseconds(e.Latency.P99),
		})
	}
	title := "Endpoints, the worst first"
	if rep.Verdict == engine.Passed {
		title = "Endpoints, the slowest first"
	}
	r.table(title, []string{"requests", "endpoint", "status", "body", "p50", "p95", "p99"}, rows)
}

func rate(v *float64) float64 {
	if v == nil {
		return 1
	}
	return *v
}

func share(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", float64(int(*v*1000))/10)
}

func milliseconds(s float64) string { return fmt.Sprintf("%.1fms", s*1000) }

// mocks prints the calls that were not as recorded.
func (r *Reporter) mocks(rep *engine.Report) {
	var rows [][]string
	for _, m := range rep.Mocks {
		for _, miss := range m.Misses {
			what := "not in the recording"
			if miss.Changed {
				what = "called differently"
			}
			rows = append(rows, []string{
				m.Name, what, fmt.Sprintf("%dx %s", miss.Count, miss.Request), r.cut(strings.Join(miss.Differs, ", "), 40),
			})
		}
		for _, c := range m.Calls {
			rows = append(rows, []string{
				m.Name, "other number of calls", c.Endpoint, fmt.Sprintf("recorded %d, made %d", c.Recorded, c.Made),
			})
		}
	}
	r.table("Calls to mocks that are not as recorded", []string{"mock", "what", "call", "difference"}, rows)
}

func (r *Reporter) logErrors(rep *engine.Report) {
	var rows [][]string
	for _, s := range rep.Services {
		for _, p := range s.NewErrors {
			rows = append(rows, []string{s.Name, strconv.FormatInt(p.Count, 10), r.cut(p.First, 30)})
		}
	}
	r.table("New errors in logs", []string{"service", "lines", "first"}, rows)
}

func (r *Reporter) notes(rep *engine.Report) {
	if len(rep.Notes) == 0 {
		return
	}
	r.out.line("")
	for _, n := range rep.Notes {
		r.out.line("note: %s", n)
	}
}

func (r *Reporter) footer(rep *engine.Report) {
	r.out.line("")
	if a := rep.Accounting; a.Planned > 0 {
		r.out.line("requests   %s", accounting(a))
	}
	r.out.line("time       %s (%s)", seconds(rep.Seconds), phaseTimes(rep.Phases))
	r.out.line("artifacts  %s", filepath.ToSlash(rep.Dir))
	r.out.line("again      %s", rep.Reproduce)
}

func accounting(a engine.Accounting) string {
	text := fmt.Sprintf("%d planned: %d as recorded", a.Planned, a.Matched)
	for _, b := range []struct {
		n    int
		what string
	}{
		{a.Differed, "differed"}, {a.StatusDiffered, "with another status"}, {a.TransportErrors, "without an answer"},
		{a.TimedOut, "timed out"}, {a.Shed, "shed"}, {a.Aborted, "not sent"}, {a.Skipped, "skipped"},
	} {
		if b.n > 0 {
			text += fmt.Sprintf(", %d %s", b.n, b.what)
		}
	}
	return text
}

func phaseTimes(phases []engine.PhaseReport) string {
	var parts []string
	for _, p := range phases {
		if p.Attempts > 0 {
			parts = append(parts, p.Name+" "+seconds(p.Seconds))
		}
	}
	return strings.Join(parts, ", ")
}

// table prints the first rows under a heading, in columns; nothing where there is none.
func (r *Reporter) table(title string, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	r.out.line("\n%s", r.out.bold(title))
	more := 0
	if len(rows) > shown && !r.style.Verbose {
		rows, more = rows[:shown], len(rows)-shown
	}
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], visible(cell))
		}
	}
	r.out.line("  %s", r.out.dim(columns(head, widths)))
	for _, row := range rows {
		r.out.line("  %s", columns(row, widths))
	}
	if more > 0 {
		r.out.line("  %s", r.out.dim(fmt.Sprintf("and %d more", more)))
	}
}

func columns(row []string, widths []int) string {
	var b strings.Builder
	for i, cell := range row {
		b.WriteString(cell)
		if i < len(row)-1 {
			b.WriteString(strings.Repeat(" ", widths[i]-visible(cell)+2))
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// visible is the number of columns a text takes, without its colours.
func visible(text string) int {
	n, escaped := 0, false
	for _, c := range text {
		switch {
		case c == '\x1b':
			escaped = true
		case escaped:
			escaped = c != 'm'
		default:
			n++
		}
	}
	return n
}

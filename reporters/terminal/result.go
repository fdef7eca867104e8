package terminal

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine"
)

// Finish prints the result: the verdict and its cause first, then what is behind it.
func (r *Reporter) Finish(rep *engine.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.erase()
	r.out.line("")
	r.verdict(rep)
	r.gates(rep)
	r.differences(rep)
	r.endpoints(rep)
	r.mocks(rep)
	r.logErrors(rep)
	r.egress(rep)
	r.timings(rep)
	r.notes(rep)
	r.footer(rep)
	return r.out.err
}

// details is how many lines behind a fault are printed: the end of a log, a stack.
const details = 20

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
	r.out.line("%s  %s", name, strings.TrimPrefix(rep.Cause, rep.Verdict.String()+": "))
	if rep.Flaky {
		r.out.line("%s  a gate failed first and passed when it was tried again", r.out.yellow("FLAKY"))
	}
	for i, line := range rep.Details {
		if i == details && !r.style.Verbose {
			r.out.line("    %s", r.out.dim(fmt.Sprintf("and %d more lines; --verbose shows all", len(rep.Details)-i)))
			break
		}
		r.out.line("    %s", r.out.dim(r.cut(line, 4)))
	}
	if rep.Hint != "" {
		r.out.line("hint: %s", rep.Hint)
	}
}

// sample is how much of a value is printed; the whole is in diffs.jsonl.
const sample = 32

func (r *Reporter) differences(rep *engine.Report) {
	var rows [][]string
	for _, d := range rep.Differences {
		row := []string{fmt.Sprintf("%d of %d", d.Count, d.Of), d.Endpoint, d.Path, d.Kind, "", ""}
		if len(d.Samples) > 0 {
			row[4], row[5] = clip(d.Samples[0].Expected, sample), clip(d.Samples[0].Actual, sample)
		}
		rows = append(rows, row)
	}
	r.table("Differences, the worst first", []column{
		number("answers"), long("endpoint"), long("where"), text("kind"), long("recorded"), long("got"),
	}, rows)
	if slices.ContainsFunc(rep.Mocks, func(m engine.MockReport) bool { return m.Unmatched > 0 }) {
		return // what differs may follow from the calls that no stub answers
	}
	var lines []string
	for _, d := range rep.Differences {
		lines = append(lines, d.Suggestion)
	}
	r.suggestions("if a difference is meant, add to the run file:", lines)
}

// suggestions prints the lines that would make what is shown above count as recorded, each once.
func (r *Reporter) suggestions(title string, lines []string) {
	if !r.style.Verbose {
		lines = lines[:min(len(lines), shown)]
	}
	var told []string
	for _, line := range lines {
		if line != "" && !slices.Contains(told, line) {
			told = append(told, line)
		}
	}
	if len(told) == 0 {
		return
	}
	r.out.line("  %s", r.out.dim(title))
	for _, line := range told {
		r.out.line("    %s", line)
	}
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
	r.table(title, []column{
		number("requests"), long("endpoint"), number("status"), number("body"), number("p50"), number("p95"), number("p99"),
	}, rows)
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

func milliseconds(s float64) string {
	if s == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1fms", s*1000)
}

// mocks prints the calls that were not as recorded.
func (r *Reporter) mocks(rep *engine.Report) {
	var rows [][]string
	var lines []string
	for _, m := range rep.Mocks {
		for _, miss := range m.Misses {
			if miss.Suggestion != "" {
				lines = append(lines, m.Name+": "+miss.Suggestion)
			}
			what := "not in the recording"
			if miss.Changed {
				what = "called differently"
			}
			rows = append(rows, []string{
				m.Name, what, fmt.Sprintf("%dx %s", miss.Count, miss.Request), strings.Join(miss.Differs, ", "),
			})
		}
		for _, c := range m.Calls {
			rows = append(rows, []string{
				m.Name, "other number of calls", c.Endpoint, fmt.Sprintf("recorded %d, made %d", c.Recorded, c.Made),
			})
		}
	}
	r.table("Calls to mocks that are not as recorded", []column{
		text("mock"), text("what"), long("call"), long("difference"),
	}, rows)
	r.suggestions("if a call is meant, add to the mock in the run file:", lines)
}

func (r *Reporter) logErrors(rep *engine.Report) {
	var rows [][]string
	for _, s := range rep.Services {
		for _, p := range s.NewErrors {
			rows = append(rows, []string{s.Name, strconv.FormatInt(p.Count, 10), p.First})
		}
	}
	r.table("New errors in logs", []column{text("service"), number("lines"), long("first")}, rows)
}

func (r *Reporter) notes(rep *engine.Report) {
	if len(rep.Notes) == 0 {
		return
	}
	r.out.line("")
	for i, n := range rep.Notes {
		if i == shown && !r.style.Verbose {
			r.out.line("%s", r.out.dim(fmt.Sprintf("and %d more notes; --verbose shows all", len(rep.Notes)-i)))
			break
		}
		r.out.line("note: %s", n)
	}
}

func (r *Reporter) footer(rep *engine.Report) {
	r.out.line("")
	if a := rep.Accounting; a.Planned > 0 {
		r.out.line("requests   %s", accounting(a))
	}
	r.databases(rep)
	r.out.line("time       %s%s", seconds(rep.Seconds), phaseTimes(rep.Phases))
	r.out.line("artifacts  %s", filepath.ToSlash(rep.Dir))
	if rep.Reproduce != "" {
		r.out.line("again      %s", rep.Reproduce)
	}
}

func accounting(a engine.Accounting) string {
	parts := []string{fmt.Sprintf("%d planned: %d as recorded", a.Planned, a.Matched)}
	for _, b := range []struct {
		n    int
		what string
	}{
		{a.Differed, "differed"},
		{a.StatusDiffered, "with another status"},
		{a.TransportErrors, "without an answer"},
		{a.TimedOut, "timed out"},
		{a.Shed, "shed"},
		{a.Aborted, "not sent"},
		{a.Skipped, "skipped"},
	} {
		if b.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", b.n, b.what))
		}
	}
	return strings.Join(parts, ", ")
}

func phaseTimes(phases []engine.PhaseReport) string {
	var parts []string
	for _, p := range phases {
		if p.Attempts > 0 {
			parts = append(parts, p.Name+" "+seconds(p.Seconds))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

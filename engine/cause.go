package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
)

// judgement gives the verdict and its cause in one sentence. notRun says why there was no replay.
func judgement(rep *Report, fault *Fault, notRun string) (Verdict, string) {
	if fault != nil {
		return fault.Verdict, fault.Verdict.String() + ": " + fault.Err.Error()
	}
	switch outcome := gates.Worst(rep.Gates); {
	case outcome == gates.Failed:
		return failure(rep)
	case outcome == gates.Errored || outcome == gates.Inconclusive:
		return Inconclusive, "inconclusive: " + undecided(rep, notRun)
	case notRun != "":
		return Inconclusive, "inconclusive: nothing was replayed: " + notRun
	case rep.Accounting.Planned == 0:
		return Inconclusive, "inconclusive: no request was replayed"
	}
	return Passed, success(rep)
}

func success(rep *Report) string {
	enforced, waived := 0, waivers(rep.Gates)
	for _, g := range rep.Gates {
		if g.Severity == gates.Enforce && g.Outcome == gates.Passed {
			enforced++
		}
	}
	hold := fmt.Sprintf("%d gates hold", enforced)
	if enforced == 1 {
		hold = "1 gate holds"
	}
	text := fmt.Sprintf("passed: %d of %d answers as recorded, %s", rep.Accounting.Matched, rep.Accounting.Planned, hold)
	if waived > 0 {
		text += fmt.Sprintf(", %d waived", waived)
	}
	if rep.Flaky {
		text += ", but only after a retry (flaky)"
	}
	return text
}

// waivers counts the gates that failed and are waived.
func waivers(results []gates.Result) (n int) {
	for _, g := range results {
		if g.Waiver != nil {
			n++
		}
	}
	return n
}

// undecided names the gate without a verdict, else says what kept all gates from being judged.
func undecided(rep *Report, notRun string) string {
	for _, g := range rep.Gates {
		if g.Severity == gates.Enforce && (g.Outcome == gates.Inconclusive || g.Outcome == gates.Errored) {
			return fmt.Sprintf("gate %s has no verdict: %s", g.Label(), g.Why())
		}
	}
	if notRun != "" {
		return "nothing was replayed: " + notRun
	}
	if n := waivers(rep.Gates); n > 0 {
		return fmt.Sprintf("no gate was enforced and not waived (%d waived)", n)
	}
	return "no gate was enforced"
}

// failure names what broke: the recording where mock misses explain all of it, else the worst
// finding behind the first failed gate.
func failure(rep *Report) (Verdict, string) {
	gate := firstFailed(rep.Gates)
	if miss := unexplained(rep); miss != nil && !othersFailed(rep.Gates) {
		return Recording, fmt.Sprintf("recording: %s is not in the recording (%s), which explains the failures",
			miss.Request, times(miss.Count))
	}
	if skipped := rep.Accounting.Skipped; gate.Family == "coverage" && skipped > 0 && skipped == unplayed(rep) {
		return Recording, fmt.Sprintf("recording: %d of %d recorded requests cannot be replayed: "+
			"leave them out with traffic.select, or lower the gate %s", skipped, rep.Accounting.Planned, gate.Label())
	}
	return Failed, "failed: " + finding(rep, gate)
}

// unplayed counts the requests that could not be sent. Those that the end of the run has cut off are not
// among them: in a run without a fault a gate has stopped it.
func unplayed(rep *Report) int { return rep.Accounting.Skipped + rep.Accounting.Shed }

// explainable are the families of gates that a hole in the recording can fail.
func explainable() []string { return []string{"mock", "side_effect", "body", "status"} }

// othersFailed tells whether a gate failed that no hole in the recording explains.
func othersFailed(results []gates.Result) bool {
	return slices.ContainsFunc(results, func(g gates.Result) bool {
		return g.Outcome == gates.Failed && g.Severity == gates.Enforce && !slices.Contains(explainable(), g.Family)
	})
}

// firstFailed prefers gates on what was answered to those on resources, as the former name the field.
func firstFailed(results []gates.Result) gates.Result {
	best, rank := gates.Result{}, 100
	order := map[string]int{"mock": 1, "side_effect": 2, "body": 3, "status": 3, "coverage": 10}
	for _, g := range results {
		if g.Outcome != gates.Failed || g.Severity != gates.Enforce {
			continue
		}
		r, known := order[g.Family]
		if !known {
			r = 9
		}
		if r < rank {
			best, rank = g, r
		}
	}
	return best
}

// finding is the most telling thing behind a failed gate.
func finding(rep *Report, g gates.Result) string {
	switch g.Family {
	case "mock", "side_effect":
		if text := callFinding(rep.Mocks); text != "" {
			return text
		}
	case "status", "body":
		if text := answerFinding(rep); text != "" {
			return text
		}
	case "coverage":
		return fmt.Sprintf("gate %s: %d of %d requests were not replayed", named(g), unplayed(rep), rep.Accounting.Planned)
	case "latency":
		return fmt.Sprintf("gate %s: %s%s", named(g), g.Why(), slowest(rep.Endpoints))
	case "egress":
		return fmt.Sprintf("gate %s: %s%s", named(g), g.Why(), reached(rep.Services, g))
	case "database":
		return fmt.Sprintf("gate %s: %s%s", named(g), g.Why(), found(rep.Databases, g))
	case "readiness":
		return fmt.Sprintf("gate %s: %s%s", named(g), g.Why(), newError(rep.Services, g))
	}
	return fmt.Sprintf("gate %s: %s", named(g), g.Why())
}

// answerFinding is the most frequent thing that is wrong with the answers, or nothing.
func answerFinding(rep *Report) string {
	a := rep.Accounting
	lost := a.TransportErrors + a.TimedOut
	switch {
	case lost > 0 && (len(rep.Differences) == 0 || int64(lost) > rep.Differences[0].Count):
		return fmt.Sprintf("%d of %d requests got no answer: %d timed out, %d connections failed",
			lost, a.Planned, a.TimedOut, a.TransportErrors)
	case len(rep.Differences) > 0:
		return rep.Differences[0].Sentence()
	}
	return ""
}

// named is the gate with the expression that it stands for, where its name does not say what it judges.
func named(g gates.Result) string {
	if g.Source != g.Expr {
		return g.Label()
	}
	return fmt.Sprintf("%s (%s)", g.Label(), g.Expr)
}

// newError quotes the first line behind a gate on errors in the log.
func newError(services []ServiceReport, g gates.Result) string {
	if !strings.Contains(g.Expr, "log_errors") {
		return ""
	}
	for _, s := range services {
		if len(s.NewErrors) > 0 && (s.Name == g.Subject || strings.Contains(g.Expr, strconv.Quote(s.Name))) {
			return fmt.Sprintf("; the first: %s", brief(s.NewErrors[0].First))
		}
	}
	return ""
}

// reached names what a service tried to reach most often although it must not.
func reached(services []ServiceReport, g gates.Result) string {
	for _, s := range services {
		judged := s.Name == g.Subject || strings.Contains(g.Expr, strconv.Quote(s.Name))
		if judged && s.Egress != nil && len(s.Egress.Attempts) > 0 {
			most := s.Egress.Attempts[0]
			return fmt.Sprintf("; %s tried to reach %s, %s", s.Name, most.Destination(), times(most.Count))
		}
	}
	return ""
}

// found is what is not as it should be with the database that a gate judges.
func found(databases []DatabaseReport, g gates.Result) string {
	for _, d := range databases {
		if d.Name != g.Subject && !strings.Contains(g.Expr, strconv.Quote(d.Name)) {
			continue
		}
		for _, metric := range slices.Sorted(maps.Keys(d.Findings)) {
			if strings.Contains(g.Expr, metric) {
				return "; " + brief(d.Findings[metric])
			}
		}
	}
	return ""
}

// slowest names the endpoint with the highest 95th percentile.
func slowest(endpoints []EndpointReport) string {
	if len(endpoints) == 0 {
		return ""
	}
	worst := slices.MaxFunc(endpoints, func(a, b EndpointReport) int {
		return cmp.Compare(a.Latency.P95, b.Latency.P95)
	})
	return fmt.Sprintf("; the slowest is %s with p95 %s", worst.Endpoint, gates.Format(worst.Latency.P95, metric.Seconds))
}

func callFinding(mocks []MockReport) string {
	for _, m := range mocks {
		for _, miss := range m.Misses {
			if miss.Changed {
				return fmt.Sprintf("%s: %s is not called as recorded: %s, in %d calls",
					m.Name, miss.Request, strings.Join(miss.Differs, ", "), m.changed())
			}
		}
	}
	for _, m := range mocks {
		for _, c := range m.Calls {
			return m.Name + ": " + c.sentence()
		}
		for _, miss := range m.Misses {
			return fmt.Sprintf("%s: %s is not in the recording (%s)", m.Name, miss.Request, times(miss.Count))
		}
	}
	return ""
}

// sentence tells the difference: "POST /refunds was never called, recorded 3 times".
func (c CallReport) sentence() string {
	if c.Made == 0 {
		return fmt.Sprintf("%s was never called, recorded %s", c.Endpoint, times(c.Recorded))
	}
	return fmt.Sprintf("%s was called %s, recorded %s", c.Endpoint, times(c.Made), times(c.Recorded))
}

// changed counts the calls that are made differently than recorded.
func (m MockReport) changed() int64 {
	var n int64
	for _, miss := range m.Misses {
		if miss.Changed {
			n += miss.Count
		}
	}
	return n
}

// unexplained returns a miss that shows the recording to be incomplete, where misses explain every
// failure: none is a recorded call in another form, and no more answers differ than calls were missed.
func unexplained(rep *Report) *MockMiss {
	var first *MockMiss
	var misses int64
	for _, m := range rep.Mocks {
		for i, miss := range m.Misses {
			if miss.Changed {
				return nil
			}
			if first == nil {
				first = &m.Misses[i]
			}
			misses += miss.Count
		}
	}
	wrong := rep.Accounting.Differed + rep.Accounting.StatusDiffered
	if first == nil || int64(wrong) > misses || rep.Accounting.TransportErrors+rep.Accounting.TimedOut > 0 {
		return nil
	}
	return first
}

// Sentence tells the difference: "POST /orders $.total differs in 12 of 40 (recorded 41.5, got 41)".
func (d DifferenceReport) Sentence() string {
	text := fmt.Sprintf("%s %s %s in %d of %d", d.Endpoint, d.Path, verb(d.Kind), d.Count, d.Of)
	if len(d.Samples) == 0 {
		return text
	}
	s := d.Samples[0]
	switch d.Kind {
	case "order":
		return text
	case "missing":
		return text + fmt.Sprintf(" (recorded %s)", brief(s.Expected))
	case "extra":
		return text + fmt.Sprintf(" (got %s)", brief(s.Actual))
	}
	return text + fmt.Sprintf(" (recorded %s, got %s)", brief(s.Expected), brief(s.Actual))
}

// brief cuts a value so that the cause stays one sentence.
func brief(text string) string {
	const room = 80
	if runes := []rune(text); len(runes) > room {
		return string(runes[:room-3]) + "..."
	}
	return text
}

func verb(kind string) string {
	switch kind {
	case "missing":
		return "is missing"
	case "extra":
		return "is new"
	case "type":
		return "has another type"
	case "order":
		return "is in another order"
	case "not_json":
		return "is no longer JSON"
	}
	return "differs"
}

func times(n int64) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// phaseOutcome tells how an attempt at a phase went. A gate that the canary could not decide yet does
// not spoil it: the outcome is looked at again at the end of the run.
func phaseOutcome(end ending) (gates.Outcome, string) {
	switch {
	case end.fault != nil && end.fault.Verdict == Failed:
		return gates.Failed, end.fault.Error()
	case end.fault != nil:
		return gates.Errored, end.fault.Error()
	case end.blocking != nil:
		return end.blocking.Outcome, end.blocking.Label() + ": " + end.blocking.Why()
	}
	return gates.Passed, ""
}

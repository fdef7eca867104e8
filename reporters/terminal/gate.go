package terminal

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
)

// trees is how many failed gates are shown with their sub-expressions.
const trees = 3

// gates prints every gate that does not hold with all that decided it: those that decide the verdict
// first, the worst of them on top.
func (r *Reporter) gates(rep *engine.Report) {
	var list []gates.Result
	for _, g := range rep.Gates {
		if r.style.Verbose && g.Outcome != gates.Skipped || inTheWay(g) || g.Outcome == gates.Warned {
			list = append(list, g)
		}
	}
	slices.SortStableFunc(list, byWeight)
	rows := make([][]string, len(list))
	for i, g := range list {
		rows[i] = []string{
			r.outcome(g.Outcome) + observed(g), g.Label(), measured(g.Value, g), limit(g),
			measured(g.Baseline, g), samples(g.N), reason(g),
		}
	}
	r.table("Gates", []column{
		text("outcome"), long("gate"), number("measured"), text("limit"), number("baseline"), number("n"), long("why"),
	}, rows)
	r.trees(list)
}

// inTheWay tells whether a gate neither passed nor was skipped.
func inTheWay(g gates.Result) bool {
	return slices.Contains([]gates.Outcome{gates.Failed, gates.Errored, gates.Inconclusive}, g.Outcome)
}

func byWeight(a, b gates.Result) int {
	weight := func(g gates.Result) int {
		if g.Severity != gates.Observe {
			return 0
		}
		return 1
	}
	switch {
	case weight(a) != weight(b):
		return weight(a) - weight(b)
	case gates.Worse(a.Outcome, b.Outcome):
		return -1
	case gates.Worse(b.Outcome, a.Outcome):
		return 1
	}
	return 0
}

// trees prints the sub-expressions of the first failed gates with their values.
func (r *Reporter) trees(list []gates.Result) {
	left := trees
	for _, g := range list {
		if g.Outcome != gates.Failed || g.Severity != gates.Enforce || len(g.Tree) < 2 || left == 0 && !r.style.Verbose {
			continue
		}
		left--
		r.out.line("  %s", g.Label())
		for _, step := range g.Tree {
			indent := strings.Repeat("  ", step.Depth)
			r.out.line("    %s%s  %s", indent, r.cut(step.Expr, 6+len(indent)+len(step.Value)), r.out.dim(step.Value))
		}
	}
}

// observed marks a gate that never counts.
func observed(g gates.Result) string {
	if g.Severity != gates.Observe {
		return ""
	}
	return " (observed)"
}

func measured(v *float64, g gates.Result) string {
	if v == nil {
		return "-"
	}
	return gates.Format(*v, g.Unit)
}

func samples(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

// limit is the comparator as written, or the limit of an expression that is one comparison.
func limit(g gates.Result) string {
	if g.Source != g.Expr {
		return g.Source
	}
	return measured(g.Limit, g)
}

// reason says in words why a gate has no verdict.
func reason(g gates.Result) string {
	switch {
	case g.Reason == gates.Threshold:
		return ""
	case g.Detail != "":
		return g.Detail
	}
	return strings.ReplaceAll(string(g.Reason), "_", " ")
}

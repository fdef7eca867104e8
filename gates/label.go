package gates

import (
	"fmt"
	"math"
)

// Label names the gate with its subject: payment-api.match_rate.
func (r Result) Label() string {
	if r.Subject == "" {
		return r.Name
	}
	return r.Subject + "." + r.Name
}

// Why says in one line what decided the gate: what was measured and the limit, or why there is no
// verdict.
func (r Result) Why() string {
	if r.Detail != "" && (r.Reason != Threshold || r.Limit == nil) {
		return r.Detail
	}
	if r.Value == nil {
		return string(r.Reason)
	}
	text := "measured " + Format(*r.Value, r.Unit)
	if r.Limit != nil {
		text += fmt.Sprintf(", limit %s", Format(*r.Limit, r.Unit))
	}
	if r.Baseline != nil {
		text += fmt.Sprintf(", baseline %s", Format(*r.Baseline, r.Unit))
	}
	return text
}

// Limit is the absolute limit of a comparator, in the metric's base unit; false for gates that have
// none: expressions, flags, and comparisons with a baseline.
func (p *Program) Limit() (float64, bool) {
	if p.relation == nil || p.relation.limit.relative() || p.relation.op == "true" || p.relation.op == "false" {
		return 0, false
	}
	return p.relation.limit.value, true
}

// Ceiling is the largest value that the gate's metric may have, where the gate is in the comparator form
// with a fixed upper limit on a count; false otherwise.
func (p *Program) Ceiling() (float64, bool) {
	limit, ok := p.Limit()
	switch {
	case !ok:
		return 0, false
	case p.relation.op == "<":
		return math.Ceil(limit) - 1, true
	}
	return limit, p.relation.op == "<="
}

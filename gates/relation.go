package gates

import (
	"fmt"
	"math"
	"strings"

	"github.com/headgate-dev/headgate/gates/metric"
)

// relation is a comparator that was made to fit a metric.
type relation struct {
	comparator

	term term
}

// source writes the relation as an expression.
func (r relation) source() string {
	v := r.term.name()
	switch {
	case r.op == "true":
		return v
	case r.op == "false":
		return "not " + v
	case !r.limit.relative():
		return v + " " + r.op + " " + r.limit.source(r.term)
	case r.op == within:
		return fmt.Sprintf("abs(%s - %s) <= %s", v, r.baseline(), r.slackSource())
	}
	sign := "+"
	if r.limit.sign < 0 {
		sign = "-"
	}
	s := fmt.Sprintf("%s %s %s %s %s", v, r.op, r.baseline(), sign, r.slackSource())
	if r.ceiling != nil {
		s += " and " + v + " " + r.op + " " + r.ceiling.source(r.term)
	}
	return s
}

func (r relation) baseline() string { return baselineName + "." + r.term.ref.String() }

func (r relation) slackSource() string {
	if r.floor == nil {
		return r.amountSource(r.limit)
	}
	return "max(" + r.amountSource(r.limit) + ", " + r.amountSource(*r.floor) + ")"
}

func (r relation) amountSource(a amount) string {
	if a.dimension == percent {
		return a.source(r.term) + " * abs(" + r.baseline() + ")"
	}
	return a.source(r.term)
}

// bound is the limit in numbers, for a measured value and its baseline.
func (r relation) bound(v, baseline float64) float64 {
	if !r.limit.relative() {
		return r.limit.value
	}
	slack := r.limit.size(baseline)
	if r.floor != nil {
		slack = max(slack, r.floor.size(baseline))
	}
	if r.limit.sign < 0 || r.op == within && v < baseline {
		slack = -slack
	}
	limit := baseline + slack
	switch {
	case r.ceiling == nil:
		return limit
	case strings.HasPrefix(r.op, "<"):
		return min(limit, r.ceiling.value)
	}
	return max(limit, r.ceiling.value)
}

func (a amount) size(baseline float64) float64 {
	if a.dimension == percent {
		return a.value * math.Abs(baseline)
	}
	return a.value
}

// needsBaselineSize tells whether a baseline of zero leaves nothing to compare with.
func (r relation) needsBaselineSize() bool {
	return r.limit.relative() && r.limit.dimension == percent &&
		(r.floor == nil || r.floor.dimension == percent)
}

var opWords = map[string]string{
	"<=": "at most", ">=": "at least", "<": "less than", ">": "more than", "==": "exactly", "!=": "anything but",
}

// words says the relation in plain words.
func (r relation) words() string {
	subject := r.term.words() + " must be "
	switch {
	case r.op == "true" || r.op == "false":
		return subject + r.op
	case r.op == within:
		return subject + "within " + r.limit.text + r.floorWords() + " of the baseline"
	case !r.limit.relative():
		return subject + opWords[r.op] + " " + r.limit.text
	}
	side := "above"
	if r.limit.sign < 0 {
		side = "below"
	}
	s := subject + opWords[r.op] + " " + r.limit.text + r.floorWords() + " " + side + " the baseline"
	if strings.HasPrefix(r.op, ">") == (r.limit.sign < 0) && r.limit.sign < 0 {
		s = subject + "not more than " + r.limit.text + r.floorWords() + " below the baseline"
	}
	if r.ceiling != nil {
		s += ", and " + opWords[r.op] + " " + r.ceiling.text
	}
	return s
}

func (r relation) floorWords() string {
	if r.floor == nil {
		return ""
	}
	return " or " + r.floor.text + ", whichever is more,"
}

func (t term) words() string {
	if metric.HasSubjects(t.ref.Scope) {
		return t.ref.Name + " of " + t.ref.Subject
	}
	return t.ref.Name
}

package gates

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/headgate-dev/headgate/gates/metric"
)

// DefaultDeadline is how long judging one gate may take.
const DefaultDeadline = 10 * time.Second

// Input is what a gate is judged on.
type Input struct {
	Snapshot *metric.Snapshot
	// Baseline is nil if there is none.
	Baseline *Baseline
	// Fingerprint is this run's; it is compared with the baseline's.
	Fingerprint map[string]string
	// Seed makes resampling repeatable: the same seed, gate and data give the same result.
	Seed uint64
	// Deadline bounds the time for one gate; 0 means DefaultDeadline.
	Deadline time.Duration
	// Now is the time at which waivers must hold; without it none does.
	Now time.Time
}

// verdict is what came of a gate before its severity counts.
type verdict struct {
	outcome Outcome
	reason  Reason
	detail  string
}

func inconclusive(reason Reason, format string, args ...any) *verdict {
	return &verdict{Inconclusive, reason, fmt.Sprintf(format, args...)}
}

// judgement is one gate being judged.
type judgement struct {
	*Program

	in     Input
	points map[string]metric.Point // by the term's name
	env    map[string]any
	result Result
}

// Judge looks for evidence, evaluates the gate if there is, and never fails itself: what goes wrong is an
// outcome.
func (p *Program) Judge(ctx context.Context, in Input) Result {
	if in.Deadline <= 0 {
		in.Deadline = DefaultDeadline
	}
	ctx, cancel := context.WithTimeout(ctx, in.Deadline)
	defer cancel()
	j := &judgement{Program: p, in: in, points: map[string]metric.Point{}, env: map[string]any{}}
	j.result = p.blank()
	v := j.evidence()
	if v == nil {
		v = j.decide(ctx)
	}
	return j.finish(*v)
}

// NotReached is the result of a gate that was not judged because the run ended before.
func (p *Program) NotReached() Result {
	r := p.blank()
	r.Outcome, r.Reason, r.Detail = Skipped, Unreached, "the run ended before this gate"
	return r
}

func (p *Program) blank() Result {
	r := Result{
		Phase: p.Phase, Subject: p.Subject, Name: p.Name, Source: p.Source, Expr: p.Expr,
		Severity: p.Severity, Line: p.Pos.Line, Pos: p.Pos, OnFail: p.OnFail,
	}
	for _, t := range p.main.terms {
		if !t.baseline {
			r.Family = t.desc.Family
			break
		}
	}
	return r
}

func (j *judgement) finish(v verdict) Result {
	r := &j.result
	r.Outcome, r.Reason, r.Detail = v.outcome, v.reason, v.detail
	j.figures()
	if v.outcome == Failed || v.outcome == Errored || v.reason == Undecided {
		r.Tree = j.tree()
	}
	if v.outcome == Failed && r.Detail == "" {
		r.Detail = j.describeFailure()
	}
	j.waive()
	if r.Outcome == Failed && r.Severity == Warn {
		r.Outcome = Warned
	}
	return *r
}

// decide evaluates the gate on the evidence.
func (j *judgement) decide(ctx context.Context) *verdict {
	groups, v := j.pairs()
	if v != nil {
		return v
	}
	if len(groups) > 0 {
		return j.resample(ctx, groups)
	}
	var m vm.VM
	ok, v := j.evaluate(ctx, &m)
	switch {
	case v != nil:
		return v
	case ok:
		return &verdict{outcome: Passed}
	}
	return &verdict{outcome: Failed, reason: Threshold}
}

func (j *judgement) evaluate(ctx context.Context, m *vm.VM) (bool, *verdict) {
	if err := ctx.Err(); err != nil {
		return false, &verdict{Errored, Timeout, fmt.Sprintf("judging stopped: %v", err)}
	}
	out, err := j.main.run(m, j.env)
	if errors.Is(err, errDivideByZero) {
		if zero := j.zeroBaseline(); zero != "" {
			return false, inconclusive(ZeroBaseline, "%s is 0", zero)
		}
	}
	if err != nil {
		return false, &verdict{Errored, EvalError, err.Error()}
	}
	ok, isBool := out.(bool)
	if !isBool {
		return false, &verdict{Errored, EvalError, "the expression gave no true or false"}
	}
	return ok, nil
}

func (j *judgement) zeroBaseline() string {
	for _, t := range j.main.terms {
		if t.baseline && j.points[t.name()].Value == 0 {
			return t.name()
		}
	}
	return ""
}

// figures fills in the numbers that a report shows.
func (j *judgement) figures() {
	r := &j.result
	for _, t := range j.main.terms {
		p, ok := j.points[t.name()]
		if !ok {
			continue
		}
		switch {
		case t.baseline && r.Baseline == nil:
			r.Baseline = finite(p.Value)
		case !t.baseline && r.Value == nil:
			r.Value, r.Unit = finite(p.Value), t.desc.Unit
		}
		if !t.baseline && (r.N == 0 || p.N < r.N) {
			r.N = p.N
		}
	}
	switch {
	case j.relation != nil:
		j.relationFigures()
	case j.left != nil && j.right != nil:
		j.comparisonFigures()
	}
}

func (j *judgement) relationFigures() {
	r := &j.result
	if j.relation.term.desc.Kind == metric.Flag || r.Value == nil {
		return
	}
	baseline := 0.0
	switch {
	case r.Baseline != nil:
		baseline = *r.Baseline
	case j.relation.limit.relative():
		return
	}
	r.Limit = finite(j.relation.bound(*r.Value, baseline))
}

// comparisonFigures shows both sides of an expression that is one comparison, the side with this run's
// metric as the value.
func (j *judgement) comparisonFigures() {
	value, limit := j.left, j.right
	if !value.live() {
		value, limit = limit, value
	}
	v, err := value.number(j.env)
	if err != nil {
		return
	}
	l, err := limit.number(j.env)
	if err != nil {
		return
	}
	j.result.Value, j.result.Limit = finite(v), finite(l)
	if _, isPath := flatten(value.tree); !isPath {
		j.result.Unit = metric.None
	}
}

func (c *code) live() bool {
	for _, t := range c.terms {
		if !t.baseline {
			return true
		}
	}
	return false
}

// number runs the code for a number in base units. It fails where a metric is missing.
func (c *code) number(env map[string]any) (float64, error) {
	for _, t := range c.terms {
		if _, ok := env[t.name()]; !ok {
			return 0, fmt.Errorf("%s has no value", t.name())
		}
	}
	var m vm.VM
	out, err := c.run(&m, env)
	if err != nil {
		return 0, err
	}
	return base(out), nil
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func (j *judgement) describeFailure() string {
	r := j.result
	if r.Value == nil || r.Limit == nil {
		return "this does not hold: " + j.culprit(j.main.tree)
	}
	s := fmt.Sprintf("got %s, limit %s", r.Unit.Format(*r.Value), r.Unit.Format(*r.Limit))
	if r.Baseline != nil {
		s += ", baseline " + r.Unit.Format(*r.Baseline)
	}
	if r.Interval != nil {
		s += fmt.Sprintf(", %s to %s times the baseline", metric.None.Format(r.Interval[0]),
			metric.None.Format(r.Interval[1]))
	}
	return s
}

// culprit is the first part, of parts joined by and, that does not hold.
func (j *judgement) culprit(n ast.Node) string {
	both, ok := n.(*ast.BinaryNode)
	if !ok || both.Operator != "and" && both.Operator != "&&" {
		return n.String()
	}
	c, problems := compile(both.Left.String(), j.scope)
	if len(problems) == 0 && j.show(c) == "false" {
		return j.culprit(both.Left)
	}
	return j.culprit(both.Right)
}

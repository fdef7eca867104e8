package gates

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
)

// linter looks for gates that are valid and hardly meant.
type linter struct {
	scope    Scope
	position func(ast.Node) spec.Pos
	ds       spec.Diagnostics
}

// lint warns about what is hardly meant. A gate that is enforced and can never fail is an error: it
// would count among those that passed.
func lint(p *Program, position func(ast.Node) spec.Pos) spec.Diagnostics {
	l := &linter{scope: p.scope, position: position}
	if l.certain(p.main.tree) && p.Severity == Enforce {
		l.ds.Errorf(position(p.main.tree), "tighten the limit, or give it severity: observe to only see the value",
			"this can never fail, and an enforced gate must be able to: every value of its metrics holds")
		return l.ds
	}
	l.node(p.main.tree, true)
	if p.scope.Baseline == "capture" {
		l.capture(p)
	}
	return l.ds
}

// capture warns about performance that is compared with the machine of the recording. A real service
// is the exception: there the recorded latency is what it should be like.
func (l *linter) capture(p *Program) {
	for _, t := range p.main.terms {
		if t.baseline && t.performance() && t.ref.Scope != "real" {
			l.ds.Warnf(l.position(p.main.tree), "record a baseline with `headgate baseline record` and pin it",
				"%s is judged against the capture, which was taken on another machine", t.ref.Name)
			return
		}
	}
}

// node walks the parts that are joined by logic. direct is false where the sense is turned around, so
// that the direction of a comparison says nothing.
func (l *linter) node(n ast.Node, direct bool) {
	switch n := n.(type) {
	case *ast.UnaryNode:
		l.node(n.Node, false)
	case *ast.ConditionalNode:
		l.node(n.Cond, false)
		l.node(n.Exp1, direct)
		l.node(n.Exp2, direct)
	case *ast.VariableDeclaratorNode:
		l.node(n.Expr, direct)
	case *ast.BinaryNode:
		l.binary(n, direct)
	}
}

func (l *linter) binary(n *ast.BinaryNode, direct bool) {
	switch n.Operator {
	case "and", "or", "&&", "||":
		l.node(n.Left, direct)
		l.node(n.Right, direct)
		return
	}
	if t, op, limit, ok := l.limit(n); ok {
		l.compare(n, t, op, limit, direct)
	}
}

// certain tells whether a condition holds for whatever its metrics can be.
func (l *linter) certain(n ast.Node) bool {
	b, ok := n.(*ast.BinaryNode)
	if !ok {
		return false
	}
	switch b.Operator {
	case "and", "&&":
		return l.certain(b.Left) && l.certain(b.Right)
	case "or", "||":
		return l.certain(b.Left) || l.certain(b.Right)
	}
	t, op, limit, ok := l.limit(b)
	if !ok {
		return false
	}
	low, high := span(t.desc)
	return always(op, limit, low, high)
}

// limit takes a comparison of a metric with a constant apart, the metric on the left.
func (l *linter) limit(n *ast.BinaryNode) (t term, op string, limit float64, ok bool) {
	if t, ok := l.metric(n.Left); ok {
		limit, ok := constantOf(n.Right)
		return t, n.Operator, limit, ok
	}
	if t, ok := l.metric(n.Right); ok {
		limit, ok := constantOf(n.Left)
		return t, turned(n.Operator), limit, ok
	}
	return term{}, "", 0, false
}

func turned(op string) string {
	return strings.NewReplacer("<", ">", ">", "<").Replace(op)
}

func (l *linter) metric(n ast.Node) (term, bool) {
	if _, ok := flatten(n); !ok {
		return term{}, false
	}
	c, problems := compile(n.String(), l.scope)
	if len(problems) > 0 || len(c.terms) != 1 {
		return term{}, false
	}
	return c.terms[0], true
}

func (l *linter) compare(n ast.Node, t term, op string, limit float64, direct bool) {
	low, high := span(t.desc)
	at := l.position(n)
	switch {
	case always(op, limit, low, high):
		l.ds.Warnf(at, "tighten the limit or remove the gate", "this can never fail: %s is never %s", t.ref.Name,
			outside(limit, low, high))
	case always(negated(op), limit, low, high):
		l.ds.Warnf(at, "loosen the limit", "this can never hold: %s is never %s", t.ref.Name,
			outside(limit, low, high))
	case direct && t.desc.Direction == metric.LowerIsBetter && strings.HasPrefix(op, ">"):
		l.ds.Warnf(at, "write <= if it must not be more", "%s is better when lower: this fails when it is low",
			t.ref.Name)
	case direct && t.desc.Direction == metric.HigherIsBetter && strings.HasPrefix(op, "<"):
		l.ds.Warnf(at, "write >= if it must not be less", "%s is better when higher: this fails when it is high",
			t.ref.Name)
	case (op == "==" || op == "!=") && fraction(t.desc.Unit) && !exact(t.desc.Unit, limit):
		l.ds.Warnf(at, "write >= or <=", "%s is measured in fractions and hardly ever exactly %s",
			t.ref.Name, t.desc.Unit.Format(limit))
	}
}

// fraction tells whether values of the unit are no whole numbers.
func fraction(u metric.Unit) bool {
	return slices.Contains([]metric.Unit{metric.Ratio, metric.Seconds, metric.PerSecond, metric.Percent}, u)
}

// exact tells whether a value of such a unit can be met: nothing, or all.
func exact(u metric.Unit, limit float64) bool {
	return limit == 0 || u == metric.Ratio && limit == 1
}

// span is the range that a metric can have.
func span(d metric.Desc) (low, high float64) {
	if d.Unit == metric.Ratio {
		return 0, 1
	}
	if d.Unit == metric.None || d.Name == "lateness" {
		return math.Inf(-1), math.Inf(1)
	}
	return 0, math.Inf(1)
}

func outside(limit, low, high float64) string {
	if limit <= low {
		return "below " + metric.None.Format(low)
	}
	return "outside " + metric.None.Format(low) + " to " + metric.None.Format(high)
}

// always tells whether every value of the range satisfies the comparison.
func always(op string, limit, low, high float64) bool {
	switch op {
	case ">=":
		return low >= limit
	case ">":
		return low > limit
	case "<=":
		return high <= limit
	case "<":
		return high < limit
	case "!=":
		return limit < low || limit > high
	}
	return false
}

func negated(op string) string {
	return map[string]string{">=": "<", ">": "<=", "<=": ">", "<": ">=", "==": "!=", "!=": "=="}[op]
}

// constantOf is the value of a constant in base units.
func constantOf(n ast.Node) (float64, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return float64(n.Value), true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.UnaryNode:
		v, ok := constantOf(n.Node)
		return -v, ok && n.Operator == "-"
	case *ast.CallNode:
		return constantCall(n)
	}
	return 0, false
}

func constantCall(n *ast.CallNode) (float64, bool) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || len(n.Arguments) != 1 {
		return 0, false
	}
	text, ok := n.Arguments[0].(*ast.StringNode)
	if !ok {
		return 0, false
	}
	switch callee.Value {
	case "duration":
		d, err := time.ParseDuration(text.Value)
		return d.Seconds(), err == nil
	case "bytes":
		b, err := spec.ParseBytes(text.Value)
		return float64(b), err == nil
	}
	return 0, false
}

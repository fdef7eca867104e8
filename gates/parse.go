package gates

import (
	"slices"
	"strings"
	"unicode"

	"github.com/expr-lang/expr/ast"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
)

// full is the full form of a gate.
type full struct {
	// An expression over the metrics that must be true, or a comparator if the gate's name is a metric.
	Expr string `yaml:"expr" jsonschema:"required"`
	// How many samples each metric needs before the gate is judged.
	MinSamples int `yaml:"min_samples" jsonschema:"minimum=1"`
	// What it means when the gate does not hold: the run fails, a warning, or nothing.
	Severity string `yaml:"severity" jsonschema:"enum=enforce,enum=warn,enum=observe"`
	// What to do when the gate fails.
	OnFail onFail `yaml:"on_fail"`
	// Accepts for a time that the gate fails.
	Waive *Waiver `yaml:"waive"`
	// A sentence for the report.
	Help string `yaml:"help"`
}

type onFail struct {
	// The phase to go back to, or stop.
	Goto string `yaml:"goto" jsonschema:"enum=backends,enum=sut,enum=stop"`
}

// Parse compiles a block of gates: a mapping from names to comparators or full forms. A gate with a
// mistake is left out. The findings hold warnings about gates that are valid and hardly meant, too.
func Parse(n *spec.Node, s Scope) ([]*Program, spec.Diagnostics) {
	var (
		out []*Program
		ds  spec.Diagnostics
	)
	switch n.Kind() {
	case spec.Null:
		return nil, nil
	case spec.Map:
	default:
		ds.Errorf(n.Pos(), `write for example {match_rate: ">= 0.98"}`,
			"gates are a mapping from names to conditions, not %s", n.Kind())
		return nil, ds
	}
	for _, e := range n.Entries() {
		if slices.Contains(s.Skip, e.Key) {
			continue
		}
		p, found := parseEntry(e, s)
		ds.Add(found)
		if p != nil {
			out = append(out, p)
		}
	}
	return out, ds
}

func parseEntry(e spec.Entry, s Scope) (*Program, spec.Diagnostics) {
	f := full{Severity: string(Enforce)}
	value := e.Value
	if value.Kind() == spec.Map {
		ds := spec.Decode(value, &f)
		if ds.Err() != nil {
			return nil, ds
		}
		value = value.Key("expr")
	}
	b := &builder{entry: e, value: value, scope: s}
	b.program = &Program{
		Phase: s.Phase, Subject: s.Subject, Name: e.Key, Source: strings.TrimSpace(value.Text()), Help: f.Help,
		Severity: Severity(f.Severity), MinSamples: f.MinSamples, OnFail: Target(f.OnFail.Goto), Pos: e.Pos,
		Waiver: f.Waive, scope: s,
	}
	if !b.usable() || !b.build(e.Value.Kind() == spec.Map) {
		return nil, b.ds
	}
	return b.program, b.ds
}

// builder compiles one gate.
type builder struct {
	entry   spec.Entry
	value   *spec.Node // the comparator or the expression
	scope   Scope
	program *Program
	ds      spec.Diagnostics
}

func (b *builder) report(p problem) bool {
	b.ds = append(b.ds, spec.Diagnostic{
		Pos: b.value.ValuePos(p.at), Len: p.length, Message: p.message, Hint: p.hint,
	})
	return false
}

// usable refuses values that YAML has changed behind the writer's back.
func (b *builder) usable() bool {
	at := b.value.Pos()
	switch {
	case b.value.Kind() == spec.Null:
		b.ds.Errorf(b.entry.Pos, "write for example "+b.entry.Key+`: ">= 0.98"`,
			"the gate %s has no condition", b.entry.Key)
	case b.value.Kind() != spec.Scalar:
		b.ds.Errorf(at, `write for example ">= 0.98"`, "a gate's condition is a text, not %s", b.value.Kind())
	case b.value.Truncated():
		b.ds.Errorf(at, "quote the expression",
			"everything after # is a comment here, so that the condition is cut off")
	case strings.HasPrefix(b.value.Tag(), "!") && !strings.HasPrefix(b.value.Tag(), "!!"):
		b.ds.Errorf(at, "quote the expression",
			"%s is a YAML tag here and not part of the condition", b.value.Tag())
	default:
		return true
	}
	return false
}

func (b *builder) build(fullForm bool) bool {
	short := !fullForm || looksLikeComparator(b.value.Text())
	if short && !b.relation(fullForm) {
		return false
	}
	p := b.program
	if p.Expr == "" {
		p.Expr = p.Source
	}
	main, problems := compileGate(p.Expr, b.scope)
	for _, found := range problems {
		if p.relation != nil {
			found.at, found.length = 0, 1
		}
		found.at += b.indent()
		b.report(found)
	}
	if main == nil {
		return false
	}
	p.main = main
	b.finish()
	b.ds.Add(lint(p, b.position))
	return true
}

// indent is how much white space stands before the condition.
func (b *builder) indent() int {
	text := b.value.Text()
	return runes(text) - runes(strings.TrimLeft(text, " \t\r\n"))
}

// position is where a part of the expression stands; in the short form that is the whole condition.
func (b *builder) position(n ast.Node) spec.Pos {
	if b.program.relation != nil {
		return b.value.ValuePos(b.indent())
	}
	return b.value.ValuePos(b.indent() + n.Location().From)
}

// relation parses the short form.
func (b *builder) relation(fullForm bool) bool {
	t, delta, ok := b.metric()
	if !ok {
		return false
	}
	c, p := parseComparator(b.value.Text())
	if p == nil {
		p = c.apply(t, delta)
	}
	if p != nil {
		if p.hint != "" && !fullForm && strings.ContainsFunc(b.value.Text(), unicode.IsLetter) && p.at == b.indent() {
			p.hint += `; an expression is written as {expr: "..."}`
		}
		return b.report(*p)
	}
	b.program.relation = &relation{comparator: *c, term: t}
	b.program.Expr = b.program.relation.source()
	return true
}

// metric finds the metric that the gate's name stands for.
func (b *builder) metric() (t term, delta, ok bool) {
	for _, name := range []string{b.entry.Key, strings.TrimSuffix(b.entry.Key, deltaSuffix)} {
		delta = name != b.entry.Key
		if t, ok := b.scope.own(name); ok {
			return t, delta, true
		}
		if t, ok := b.qualified(name); ok {
			return t, delta, true
		}
	}
	message, hint := b.unknown()
	b.ds = append(b.ds, spec.Diagnostic{Pos: b.entry.Pos, Len: runes(b.entry.Key), Message: message, Hint: hint})
	return term{}, false, false
}

// qualified finds a metric by a name with its group, such as replay.error_rate.
func (b *builder) qualified(name string) (term, bool) {
	if !strings.ContainsAny(name, ".[(") {
		return term{}, false
	}
	c, problems := compile(name, b.scope)
	if len(problems) > 0 || len(c.terms) != 1 || c.terms[0].baseline {
		return term{}, false
	}
	_, isPath := flatten(c.tree)
	return c.terms[0], isPath
}

func (b *builder) unknown() (message, hint string) {
	if strings.ContainsAny(b.entry.Key, ".[(") {
		if _, problems := compile(strings.TrimSuffix(b.entry.Key, deltaSuffix), b.scope); len(problems) > 0 {
			return problems[0].message, problems[0].hint
		}
	}
	name := strings.TrimSuffix(b.entry.Key, deltaSuffix)
	message, hint = b.scope.unknownOwn(name)
	if !looksLikeComparator(b.value.Text()) {
		hint += `; a gate with a name of its own is written as {expr: "..."}`
	}
	return message, hint
}

// finish derives what follows from the metrics of the gate.
func (b *builder) finish() {
	p := b.program
	for _, t := range p.main.terms {
		if t.baseline {
			p.BaselineRefs = append(p.BaselineRefs, t.ref)
		} else {
			p.Refs = append(p.Refs, t.ref)
		}
	}
	if p.OnFail == "" {
		p.OnFail = defaultTarget(p.main.terms)
	}
	if p.relation != nil {
		return
	}
	if top, ok := p.main.tree.(*ast.BinaryNode); ok && slices.Contains(comparisons, top.Operator) {
		p.left, _ = compile(top.Left.String(), b.scope)
		p.right, _ = compile(top.Right.String(), b.scope)
	}
}

// defaultTarget is where to go back to by the families of the metrics: as far as one of them needs.
func defaultTarget(terms []term) Target {
	target := Stop
	for _, t := range terms {
		switch t.desc.Family {
		case "mock", "database":
			return Backends
		case "readiness", "isolation", "resource":
			target = SUT
		}
	}
	return target
}

// Metrics lists every metric that the gate needs of this run or of the baseline, each once.
func (p *Program) Metrics() []metric.Ref {
	all := slices.Concat(p.Refs, p.BaselineRefs)
	slices.SortFunc(all, metric.Ref.Compare)
	return slices.Compact(all)
}

package gates

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// maxNodes is the size of an expression. With no lists and no loops it bounds the time it takes, too.
const maxNodes = 1000

// code is a compiled expression and the metrics that it reads.
type code struct {
	program *vm.Program
	terms   []term // each once, in order of appearance
	tree    ast.Node
	kind    reflect.Kind
}

// compile checks and compiles an expression. On problems the code is nil.
func compile(source string, scope Scope) (*code, []problem) {
	return compileWith(source, scope, nil)
}

func compileWith(source string, scope Scope, options []expr.Option) (*code, []problem) {
	config := conf.CreateNew()
	for _, option := range slices.Concat(functions(), options) {
		option(config)
	}
	config.MaxNodes = maxNodes
	config.Optimize = false
	tree, err := parser.ParseWithConfig(source, config)
	if err != nil {
		return nil, []problem{explain(source, err)}
	}
	written := tree.Node
	r := &resolver{scope: scope, lets: map[string]bool{}}
	tree.Node = r.node(written)
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	config.WithEnv(environment(r.terms))
	config.Strict = true
	kind, err := checker.Check(tree, config)
	if err != nil {
		return nil, []problem{explain(source, err)}
	}
	program, err := compiler.Compile(tree, config)
	if err != nil {
		return nil, []problem{explain(source, err)}
	}
	return &code{program: program, terms: distinct(r.terms), tree: written, kind: kind.Kind()}, nil
}

// compileGate compiles an expression that must say yes or no.
func compileGate(source string, scope Scope) (*code, []problem) {
	c, problems := compileWith(source, scope, []expr.Option{expr.AsBool(), expr.WarnOnAny()})
	if len(problems) > 0 {
		return nil, problems
	}
	if !slices.ContainsFunc(c.terms, func(t term) bool { return !t.baseline }) {
		return nil, []problem{{
			length: runes(source), message: "the expression judges no metric of this run",
			hint: "compare a metric, such as replay.status_pass_rate >= 0.99",
		}}
	}
	return c, nil
}

func environment(terms []term) types.Map {
	env := types.Map{}
	for _, t := range terms {
		env[t.name()] = t.exprType()
	}
	return env
}

func distinct(terms []term) []term {
	var out []term
	for _, t := range terms {
		if !slices.ContainsFunc(out, func(o term) bool { return o.name() == t.name() }) {
			out = append(out, t)
		}
	}
	return out
}

// run evaluates the code.
func (c *code) run(m *vm.VM, env map[string]any) (any, error) {
	out, err := m.Run(c.program, env)
	var located *file.Error
	if errors.As(err, &located) {
		if located.Prev != nil {
			return nil, located.Prev
		}
		return nil, errors.New(plainWords(located.Message))
	}
	return out, err
}

// explain turns an error of the language into a problem without names of Go types.
func explain(source string, err error) problem {
	var located *file.Error
	if !errors.As(err, &located) {
		return resultProblem(source, err)
	}
	p := problem{
		at: min(located.From, runes(source)), length: max(1, located.To-located.From),
		message: plainWords(located.Message), hint: typeHint(located.Message),
	}
	switch {
	case strings.Contains(located.Message, "bad number syntax"):
		p.hint = `write amounts with units as duration("200ms") or bytes("64MiB")`
	case unexpected.MatchString(located.Message) && strings.Contains(source, "%"):
		p.hint = operatorHint("%")
	}
	return p
}

// resultProblem explains the one error that the language gives without a place: a result of the wrong
// type.
func resultProblem(source string, err error) problem {
	_, got, _ := strings.Cut(err.Error(), "but got ")
	if got == "" {
		return problem{length: runes(source), message: plainWords(err.Error())}
	}
	return problem{
		length:  runes(source),
		message: "the expression gives " + plainWords(got) + ", expected true or false",
		hint:    "compare it, such as replay.error_rate <= 0.01",
	}
}

var (
	typeName   = regexp.MustCompile(`\b(time\.Duration|float64|int|string|bool|unknown)\b|map\[string\]interface \{\}`)
	mismatch   = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types (.+) and (.+)\)$`)
	unary      = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched type (.+)\)$`)
	argument   = regexp.MustCompile(`^cannot use (.+) as argument \(type (.+)\) to call (\S+).*$`)
	unexpected = regexp.MustCompile(`^unexpected token EOF`)
)

// plainWords says an error of the language without the names of Go types.
func plainWords(message string) string {
	message = mismatch.ReplaceAllString(message, "$1 does not go with $2 and $3")
	message = unary.ReplaceAllString(message, "$1 does not go with $2")
	message = argument.ReplaceAllString(message, "$3 takes $2 here, not $1")
	message = unexpected.ReplaceAllString(message, "the expression ends too early")
	return typeName.ReplaceAllStringFunc(message, func(name string) string {
		switch name {
		case "time.Duration":
			return "a duration"
		case "float64", "int":
			return "a number"
		case "string":
			return "a text"
		case "bool":
			return "true or false"
		}
		return "a group"
	})
}

func typeHint(message string) string {
	if strings.Contains(message, "time.Duration") && strings.Contains(message, "mismatched") {
		return `write durations as duration("200ms")`
	}
	return ""
}

package gates

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"

	"github.com/headgate-dev/headgate/engine/spec"
)

// problem is a mistake in a text, at a rune offset.
type problem struct {
	at, length    int
	message, hint string
}

// resolver copies a syntax tree and replaces every path to a metric by an identifier that is spelled as
// the path in full. What is not offered in gates becomes a problem.
type resolver struct {
	scope    Scope
	lets     map[string]bool
	terms    []term // in order of appearance
	problems []problem
}

func (r *resolver) refuse(n ast.Node, hint, format string, args ...any) ast.Node {
	loc := n.Location()
	r.problems = append(r.problems, problem{
		at: loc.From, length: max(1, loc.To-loc.From), message: fmt.Sprintf(format, args...), hint: hint,
	})
	return n
}

func (r *resolver) node(n ast.Node) ast.Node {
	out := r.copy(n)
	if out != n {
		out.SetLocation(n.Location())
	}
	return out
}

func (r *resolver) copy(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return &ast.IntegerNode{Value: n.Value}
	case *ast.FloatNode:
		return &ast.FloatNode{Value: n.Value}
	case *ast.BoolNode:
		return &ast.BoolNode{Value: n.Value}
	case *ast.StringNode:
		return &ast.StringNode{Value: n.Value}
	case *ast.UnaryNode:
		return &ast.UnaryNode{Operator: n.Operator, Node: r.node(n.Node)}
	case *ast.BinaryNode:
		return r.binary(n)
	case *ast.ConditionalNode:
		return &ast.ConditionalNode{
			Ternary: n.Ternary, Cond: r.node(n.Cond), Exp1: r.node(n.Exp1), Exp2: r.node(n.Exp2),
		}
	case *ast.VariableDeclaratorNode:
		return r.let(n)
	case *ast.IdentifierNode, *ast.MemberNode:
		return r.path(n)
	case *ast.CallNode:
		return r.call(n)
	case *ast.BuiltinNode:
		return r.function(n, n.Name)
	}
	return r.unoffered(n)
}

func (r *resolver) unoffered(n ast.Node) ast.Node {
	switch n.(type) {
	case *ast.NilNode:
		return r.refuse(n, "a metric without data makes the gate inconclusive by itself",
			"nil is not offered in gates")
	case *ast.ChainNode:
		return r.refuse(n, "write . instead: a metric without data makes the gate inconclusive by itself",
			"?. is not offered in gates")
	case *ast.ArrayNode, *ast.MapNode, *ast.SliceNode, *ast.PredicateNode, *ast.PointerNode:
		return r.refuse(n, "compare metrics one by one and join them with and, or",
			"lists are not offered in gates: an empty one would pass unseen")
	}
	return r.refuse(n, "", "this is not offered in gates")
}

var operators = []string{"+", "-", "*", "/", "and", "or", "&&", "||", "==", "!=", "<", "<=", ">", ">="}

func (r *resolver) binary(n *ast.BinaryNode) ast.Node {
	if !slices.Contains(operators, n.Operator) {
		return r.refuse(n, operatorHint(n.Operator), "the operator %s is not offered in gates", n.Operator)
	}
	left, right := r.node(n.Left), r.node(n.Right)
	if n.Operator == times || n.Operator == divide {
		callee := &ast.IdentifierNode{Value: n.Operator}
		callee.SetLocation(n.Location())
		return &ast.CallNode{Callee: callee, Arguments: []ast.Node{left, right}}
	}
	return &ast.BinaryNode{Operator: n.Operator, Left: left, Right: right}
}

func operatorHint(op string) string {
	switch op {
	case "%":
		return "write 1.1 * baseline.x for ten percent more than the baseline"
	case "??":
		return "a metric without data makes the gate inconclusive by itself"
	case "in", "..":
		return "write 0.9 <= x and x <= 1"
	}
	return "offered are " + strings.Join(operators, " ")
}

func (r *resolver) let(n *ast.VariableDeclaratorNode) ast.Node {
	_, metric := r.scope.own(n.Name)
	if metric || n.Name == baselineName || r.scope.isScope(n.Name) {
		return r.refuse(n, "choose another name", "%s is the name of a metric or of a group of them", n.Name)
	}
	value := r.node(n.Value)
	r.lets[n.Name] = true
	return &ast.VariableDeclaratorNode{Name: n.Name, Value: value, Expr: r.node(n.Expr)}
}

func (r *resolver) call(n *ast.CallNode) ast.Node {
	if segments, ok := flatten(n); ok {
		return r.segments(n, segments)
	}
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return r.refuse(n, "", "only functions can be called: %s", list(offered))
	}
	return r.function(n, callee.Value)
}

var offered = []string{"abs", "min", "max", "duration", "bytes", endpointName}

// function copies the call of a function by its name.
func (r *resolver) function(n ast.Node, name string) ast.Node {
	call, ok := n.(*ast.CallNode)
	if !ok || !slices.Contains(offered, name) {
		hint := "offered are " + list(offered)
		if near := spec.Nearest(name, offered); near != "" {
			hint = "did you mean " + near + "?"
		}
		return r.refuse(n, hint, "the function %s is not offered in gates", name)
	}
	if name == "duration" || name == "bytes" {
		return r.constant(call, name)
	}
	if name == endpointName {
		return r.refuse(n, `write endpoint("GET /path").metric`, "endpoint takes one text in quotes")
	}
	out := &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}}
	out.Callee.SetLocation(call.Callee.Location())
	for _, arg := range call.Arguments {
		out.Arguments = append(out.Arguments, r.node(arg))
	}
	if len(out.Arguments) == 0 {
		return r.refuse(n, "", "%s takes at least one value", name)
	}
	return out
}

// constant checks the argument of duration and bytes before anything runs.
func (r *resolver) constant(call *ast.CallNode, name string) ast.Node {
	example := map[string]string{"duration": `duration("200ms")`, "bytes": `bytes("64MiB")`}[name]
	if len(call.Arguments) == 1 {
		text, ok := call.Arguments[0].(*ast.StringNode)
		if ok && constantError(name, text.Value) == nil {
			callee := &ast.IdentifierNode{Value: name}
			callee.SetLocation(call.Callee.Location())
			return &ast.CallNode{Callee: callee, Arguments: []ast.Node{r.node(text)}}
		}
		if ok {
			return r.refuse(text, "write "+example, "%q is not a value for %s", text.Value, name)
		}
	}
	return r.refuse(call, "write "+example, "%s takes one text in quotes", name)
}

func constantError(name, text string) error {
	if name == "duration" {
		_, err := time.ParseDuration(text)
		return err
	}
	_, err := spec.ParseBytes(text)
	return err
}

// runes is the length of a text as carets count it.
func runes(s string) int { return utf8.RuneCountInString(s) }

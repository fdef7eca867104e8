package gates

import (
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/headgate-dev/headgate/gates/metric"
)

// tree lists the parts of the expression with their values, from the whole to the metrics.
func (j *judgement) tree() []Step {
	var steps []Step
	j.steps(j.main.tree, 0, &steps)
	return steps
}

func (j *judgement) steps(n ast.Node, depth int, into *[]Step) {
	if _, constant := constantOf(n); constant {
		return
	}
	if c, problems := compile(n.String(), j.scope); len(problems) == 0 {
		*into = append(*into, Step{Depth: depth, Expr: n.String(), Value: j.show(c)})
	}
	if _, isPath := flatten(n); isPath {
		return
	}
	for _, child := range children(n) {
		j.steps(child, depth+1, into)
	}
}

func children(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.VariableDeclaratorNode:
		return []ast.Node{n.Value, n.Expr}
	case *ast.CallNode:
		return n.Arguments
	}
	return nil
}

// show writes the value of a part.
func (j *judgement) show(c *code) string {
	for _, t := range c.terms {
		if _, ok := j.env[t.name()]; !ok {
			return "no data"
		}
	}
	var m vm.VM
	out, err := c.run(&m, j.env)
	if err != nil {
		return err.Error()
	}
	switch v := out.(type) {
	case bool:
		if v {
			return "true"
		}
		return "false"
	case time.Duration:
		return metric.Seconds.Format(v.Seconds())
	}
	unit := metric.None
	if _, isPath := flatten(c.tree); isPath && len(c.terms) == 1 {
		unit = c.terms[0].desc.Unit
	}
	return unit.Format(base(out))
}

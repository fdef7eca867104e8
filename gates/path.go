package gates

import (
	"cmp"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
)

const endpointName = "endpoint"

// segment is one name of a path such as baseline.mocks["pay"].match_rate.
type segment struct {
	name string
	node ast.Node
}

// flatten reads a path that is made of constant names; false for anything else.
func flatten(n ast.Node) ([]segment, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return []segment{{n.Value, n}}, true
	case *ast.MemberNode:
		property, ok := n.Property.(*ast.StringNode)
		if !ok || n.Optional {
			return nil, false
		}
		path, ok := flatten(n.Node)
		return append(path, segment{property.Value, property}), ok
	case *ast.CallNode:
		path, ok := flatten(n.Callee)
		if !ok || path[len(path)-1].name != endpointName || len(n.Arguments) != 1 {
			return nil, false
		}
		subject, ok := n.Arguments[0].(*ast.StringNode)
		if !ok {
			return nil, false
		}
		return append(path, segment{subject.Value, subject}), true
	}
	return nil, false
}

func (r *resolver) path(n ast.Node) ast.Node {
	segments, ok := flatten(n)
	if ok {
		return r.segments(n, segments)
	}
	member := n.(*ast.MemberNode)
	if _, constant := member.Property.(*ast.StringNode); !constant {
		return r.refuse(member.Property, `write the name in quotes, such as mocks["payment-api"]`,
			"only constant names can stand in brackets")
	}
	inner := len(r.problems)
	r.node(member.Node)
	if len(r.problems) > inner {
		return n
	}
	return r.refuse(n, "", "only metrics have names inside")
}

// segments replaces a path by an identifier that is spelled as the metric in full.
func (r *resolver) segments(n ast.Node, path []segment) ast.Node {
	if len(path) == 1 && r.lets[path[0].name] {
		return &ast.IdentifierNode{Value: path[0].name}
	}
	rest, baseline := path, path[0].name == baselineName
	if baseline {
		rest = path[1:]
	}
	if len(rest) == 0 {
		return r.refuse(n, "write baseline.NAME, such as baseline.replay.latency_p95",
			"baseline is a group of metrics, not a value")
	}
	t, ok := r.lookup(n, rest)
	if !ok {
		return n
	}
	t.baseline = baseline
	r.terms = append(r.terms, t)
	return &ast.IdentifierNode{Value: t.name()}
}

func (r *resolver) lookup(n ast.Node, path []segment) (term, bool) {
	head := path[0]
	if !r.scope.isScope(head.name) {
		return r.ownMetric(path)
	}
	subject := ""
	rest := path[1:]
	if metric.HasSubjects(head.name) && len(rest) > 0 {
		if !r.checkSubject(head.name, rest[0]) {
			return term{}, false
		}
		subject, rest = rest[0].name, rest[1:]
	}
	if len(rest) == 0 {
		example := metric.Ref{Scope: head.name, Subject: cmp.Or(subject, "NAME"), Name: "METRIC"}
		r.refuse(n, "write "+example.String(), "%s is a group of metrics, not a value", pathText(path))
		return term{}, false
	}
	t, ok := r.scope.find(head.name, subject, rest[0].name)
	if !ok {
		r.unknown(rest[0], head.name, false)
		return t, false
	}
	return t, r.checkEnd(rest)
}

func (r *resolver) ownMetric(path []segment) (term, bool) {
	t, ok := r.scope.own(path[0].name)
	switch {
	case ok:
		return t, r.checkEnd(path)
	case path[0].name == "$env":
		r.refuse(path[0].node, "name the metrics that the gate needs", "$env is not offered in gates")
	case len(path) > 1:
		hint := "known groups are " + list(append(r.scope.scopes(), baselineName))
		if near := spec.Nearest(path[0].name, append(r.scope.scopes(), baselineName)); near != "" {
			hint = "did you mean " + near + "?"
		}
		r.refuse(path[0].node, hint, "there is no group of metrics %s", path[0].name)
	default:
		r.unknown(path[0], r.scope.MetricScope, true)
	}
	return term{}, false
}

// unknown explains a metric that is not declared; own is set where it stands without a group.
func (r *resolver) unknown(s segment, scope string, own bool) {
	if base, ok := strings.CutSuffix(s.name, deltaSuffix); ok {
		_, known := r.scope.own(base)
		if !own {
			_, known = r.scope.find(scope, "", base)
		}
		if known {
			r.refuse(s.node, "write "+base+" <= 1.1 * baseline."+base+", or give the gate a comparator: "+
				s.name+`: "<= +10%"`, "%s cannot stand in an expression", s.name)
			return
		}
	}
	message, hint := r.scope.unknownMetric(scope, s.name, r.scope.metrics(scope))
	if own {
		message, hint = r.scope.unknownOwn(s.name)
	}
	r.refuse(s.node, hint, "%s", message)
}

func (r *resolver) checkSubject(scope string, s segment) bool {
	known := r.scope.Registry.Subjects(scope)
	if len(known) == 0 && scope == endpointName {
		return true
	}
	for _, k := range known {
		if k == s.name {
			return true
		}
	}
	hint := "known are " + list(known)
	if near := spec.Nearest(s.name, known); near != "" {
		hint = "did you mean " + near + "?"
	}
	r.refuse(s.node, hint, "there is no %q in %s", s.name, scope)
	return false
}

func (r *resolver) checkEnd(rest []segment) bool {
	if len(rest) == 1 {
		return true
	}
	r.refuse(rest[1].node, "remove ."+rest[1].name, "%s is a metric and has nothing inside", rest[0].name)
	return false
}

func pathText(path []segment) string {
	names := make([]string, len(path))
	for i, s := range path {
		names[i] = s.name
	}
	return strings.Join(names, ".")
}

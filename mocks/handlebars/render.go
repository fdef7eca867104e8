package handlebars

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Helper computes a value from the arguments of a call. The value can be text or anything that another
// helper takes. Templates call helpers of one rendering one after another.
type Helper func(c *Call) (any, error)

// Limits bound a rendering: bytes of output, values held between helpers included, and nodes visited.
type Limits struct {
	Output int
	Steps  int
}

// The errors of a rendering that was stopped at a limit.
var (
	ErrOutput = errors.New("the template writes too much")
	ErrSteps  = errors.New("the template runs too long")
)

// Render evaluates the template with model as its context. It fails where a limit is reached, ctx is done,
// or a helper fails.
func (t *Template) Render(ctx context.Context, model any, helpers map[string]Helper, l Limits) (string, error) {
	r := &rendering{stopped: ctx.Err, helpers: helpers, limits: l, vars: map[string]any{}}
	root := &frame{context: model}
	root.data = map[string]any{"root": model}
	return r.nodes(t.nodes, root)
}

type rendering struct {
	stopped func() error
	helpers map[string]Helper
	limits  Limits
	vars    map[string]any
	steps   int
	written int
}

// frame is the context of one block.
type frame struct {
	parent  *frame
	context any
	data    map[string]any
	params  map[string]any
}

func (r *rendering) step() error {
	if r.steps++; r.steps > r.limits.Steps {
		return ErrSteps
	}
	if r.steps%256 != 0 {
		return nil
	}
	if err := r.stopped(); err != nil {
		return fmt.Errorf("rendering the template: %w", err)
	}
	return nil
}

// spend counts bytes against the limit of output.
func (r *rendering) spend(n int) error {
	if r.written += n; r.written > r.limits.Output {
		return ErrOutput
	}
	return nil
}

func (r *rendering) nodes(list []node, f *frame) (string, error) {
	var b strings.Builder
	for _, n := range list {
		if err := r.step(); err != nil {
			return "", err
		}
		text, err := r.node(n, f)
		if err == nil {
			err = r.spend(len(text))
		}
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func (r *rendering) node(n node, f *frame) (string, error) {
	switch n := n.(type) {
	case string:
		return n, nil
	case output:
		v, err := r.eval(n.expr, f)
		return Text(v), err
	case *section:
		return r.section(n, f)
	}
	return "", nil
}

func (r *rendering) eval(e expr, f *frame) (any, error) {
	switch e := e.(type) {
	case literal:
		return e.value, nil
	case *subexpression:
		return r.call(e.call, f, nil)
	case *invocation:
		return r.call(e, f, nil)
	}
	return nil, nil
}

// call calls a helper, or looks a path up where there is none of the name.
func (r *rendering) call(i *invocation, f *frame, block *section) (any, error) {
	if err := r.step(); err != nil {
		return nil, err
	}
	if i.value != nil {
		return i.value.value, nil
	}
	bare := len(i.args) == 0 && len(i.named) == 0
	h, known := r.helpers[i.path.text]
	if !known {
		h, known = builtins()[i.path.text]
	}
	if _, own := f.params[i.path.text]; !known || own && bare {
		if !bare {
			return nil, fmt.Errorf("there is no helper %s", i.path.text)
		}
		return r.lookup(i.path, f), nil
	}
	c := &Call{Name: i.path.text, Named: map[string]any{}, r: r, f: f, block: block}
	for _, a := range i.args {
		v, err := r.eval(a, f)
		if err != nil {
			return nil, err
		}
		c.Args = append(c.Args, v)
	}
	for _, n := range i.named {
		v, err := r.eval(n.value, f)
		if err != nil {
			return nil, err
		}
		c.Named[n.name] = v
	}
	return h(c)
}

// section renders a block: of a helper, or of a value, as each or with would.
func (r *rendering) section(s *section, f *frame) (string, error) {
	if s.inverted {
		v, err := r.call(s.call, f, nil)
		if err != nil || Truthy(v) {
			text, elseErr := r.nodes(s.inverse, f)
			return text, errors.Join(err, elseErr)
		}
		return r.nodes(s.body, f)
	}
	name := s.call.path.text
	_, helper := r.helpers[name]
	if _, builtin := builtins()[name]; helper || builtin {
		v, err := r.call(s.call, f, s)
		return Text(v), err
	}
	v, err := r.call(s.call, f, nil)
	if err != nil {
		return "", err
	}
	c := &Call{Name: name, Args: []any{v}, r: r, f: f, block: s}
	switch {
	case !Truthy(v):
		return c.Else()
	case v == true:
		return c.Body(f.context)
	}
	if _, list := Items(v); list {
		out, err := each(c)
		return Text(out), err
	}
	return c.Body(v)
}

// lookup follows a path. Like Handlebars.java it seeks the first name in the block parameters, the
// context, the variables and the contexts outside, in this order.
func (r *rendering) lookup(p path, f *frame) any {
	for range p.up {
		if f.parent != nil {
			f = f.parent
		}
	}
	if p.data {
		return r.dataAt(p.steps, f)
	}
	if p.here || len(p.steps) == 0 {
		return follow(f.context, p.steps)
	}
	for at := f; at != nil; at = at.parent {
		if v, ok := at.params[p.steps[0]]; ok {
			return follow(v, p.steps[1:])
		}
		if v, ok := Member(at.context, p.steps[0]); ok {
			return follow(v, p.steps[1:])
		}
	}
	return follow(r.vars[p.steps[0]], p.steps[1:])
}

func (r *rendering) dataAt(steps []string, f *frame) any {
	if len(steps) == 0 {
		return nil
	}
	for at := f; at != nil; at = at.parent {
		if v, ok := at.data[steps[0]]; ok {
			return follow(v, steps[1:])
		}
	}
	return follow(r.vars[steps[0]], steps[1:])
}

func follow(v any, steps []string) any {
	for _, s := range steps {
		next, ok := Member(v, s)
		if !ok {
			return nil
		}
		v = next
	}
	return v
}

package gates

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
)

// Filter is a compiled expression that selects recorded requests, such as
// 'request.method != "DELETE" and response.status < 500'. It is safe for concurrent use.
type Filter struct{ program *vm.Program }

// recordEnv is what a filter can name.
type recordEnv struct {
	Request  requestEnv  `expr:"request"`
	Response responseEnv `expr:"response"`
	Endpoint string      `expr:"endpoint"`
	Session  string      `expr:"session"`
	Service  string      `expr:"service"`
}

type requestEnv struct {
	Method  string            `expr:"method"`
	Path    string            `expr:"path"`
	Query   map[string]string `expr:"query"`
	Headers map[string]string `expr:"headers"`
	Body    string            `expr:"body"`
}

type responseEnv struct {
	// Status is 0 where no response was recorded.
	Status int `expr:"status"`
}

// ParseFilter compiles the expression of a node; nothing there selects everything and gives nil.
func ParseFilter(n *spec.Node) (*Filter, spec.Diagnostics) {
	var ds spec.Diagnostics
	if n.Kind() == spec.Null {
		return nil, ds
	}
	const example = `write for example 'request.method != "DELETE"'`
	if n.Kind() != spec.Scalar || n.Truncated() && !n.Quoted() {
		ds.Errorf(n.Pos(), example, "expected one quoted expression, found %s", n.Kind())
		return nil, ds
	}
	program, err := expr.Compile(n.Text(), expr.Env(recordEnv{}), expr.AsBool(), expr.DisableBuiltin("now"))
	if err != nil {
		p := explain(n.Text(), err)
		message := strings.ReplaceAll(p.message, "gates.", "")
		ds = append(ds, spec.Diagnostic{Pos: n.ValuePos(p.at), Len: p.length, Message: message, Hint: example})
		return nil, ds
	}
	return &Filter{program}, ds
}

// Keep tells whether the record is selected. A nil Filter selects everything.
func (f *Filter) Keep(r *traffic.Record) (bool, error) {
	if f == nil {
		return true, nil
	}
	out, err := expr.Run(f.program, newRecordEnv(r))
	if err != nil {
		return false, fmt.Errorf("record %s: %w", r.ID, err)
	}
	return out.(bool), nil
}

// newRecordEnv shows the first value of each header, under its lower-case name, and of each parameter.
func newRecordEnv(r *traffic.Record) recordEnv {
	target := r.Request.Target()
	env := recordEnv{
		Request: requestEnv{
			Method: r.Request.Method, Path: target.Path, Body: string(r.Request.Body),
			Query: map[string]string{}, Headers: map[string]string{},
		},
		Endpoint: traffic.Endpoint(r.Request.Method, r.Request.URL), Session: r.Session, Service: r.Service,
	}
	for name, values := range target.Query() {
		env.Request.Query[name] = values[0]
	}
	for name, values := range r.Request.Header {
		if len(values) > 0 {
			env.Request.Headers[strings.ToLower(name)] = values[0]
		}
	}
	if r.Response != nil {
		env.Response.Status = r.Response.Status
	}
	return env
}

package services

import (
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Ready configures how Headgate finds out that a service is ready. Where several checks are given, all
// of them must hold. Where none is given, the service is ready as soon as its port takes connections.
type Ready struct {
	// Path that is asked with GET; any status from 200 to 399 is ready. The long form is a mapping
	// with the keys path, status and body.
	HTTP HTTPCheck `yaml:"http"`
	// Ready when a TCP connection is taken: true for the service's own port, or a port number.
	TCP TCPCheck `yaml:"tcp"`
	// Regular expression; ready once a line of the service's output has matched it.
	Log Pattern `yaml:"log"`
	// Command and its arguments, run in the service's folder with the service's environment; exit
	// status 0 is ready.
	Command spec.Strings `yaml:"command"`
	// Time between two checks.
	Interval spec.Duration `yaml:"interval"`
	// How many checks in a row must hold.
	Consecutive int `yaml:"consecutive" jsonschema:"minimum=1"`
	// How long the service may take to become ready.
	Timeout spec.Duration `yaml:"timeout"`
}

// DefaultReady holds the defaults: one check that holds, every 200 ms, for at most 30 s.
func DefaultReady() Ready {
	return Ready{
		Interval:    spec.Duration(200 * time.Millisecond),
		Consecutive: 1,
		Timeout:     spec.Duration(30 * time.Second),
	}
}

// withDefaults fills in what a Ready that was built by hand leaves out.
func (r Ready) withDefaults() Ready {
	d := DefaultReady()
	if r.Interval <= 0 {
		r.Interval = d.Interval
	}
	if r.Consecutive <= 0 {
		r.Consecutive = d.Consecutive
	}
	if r.Timeout <= 0 {
		r.Timeout = d.Timeout
	}
	return r
}

// configured tells whether a check is given.
func (r Ready) configured() bool {
	return r.HTTP.Path != "" || r.TCP.On || !r.Log.IsZero() || len(r.Command) > 0
}

// HTTPCheck asks for a path. In a run file it is the path alone or a mapping.
type HTTPCheck struct {
	// Path on the service's own address, or an absolute http:// or https:// URL.
	Path string `yaml:"path" jsonschema:"required"`
	// Status that is expected; without it, any status from 200 to 399.
	Status int `yaml:"status" jsonschema:"minimum=100,maximum=599"`
	// Regular expression that the body must match.
	Body Pattern `yaml:"body"`
}

// UnmarshalSpec reads the short form, a path, or the mapping.
func (c *HTTPCheck) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	at := n
	switch n.Kind() {
	case spec.Scalar:
		c.Path = n.Text()
	case spec.Map:
		type plain HTTPCheck
		ds = spec.Decode(n, (*plain)(c))
		at = n.Key("path")
	default:
		ds.Errorf(n.Pos(), "write http: /healthz", "expected a path or a mapping, found %s", n.Kind())
		return ds
	}
	if ds.Err() == nil && !strings.HasPrefix(c.Path, "/") && !isURL(c.Path) {
		ds.Errorf(at.Pos(), "write /"+c.Path, "a path must start with /, found %q", c.Path)
	}
	return ds
}

// JSONSchemaSpec describes both forms.
func (c HTTPCheck) JSONSchemaSpec() map[string]any {
	object := map[string]any{
		"type":                 "object",
		"additionalProperties": false,
		"required":             []string{"path"},
		"properties": map[string]any{
			"path":   map[string]any{"type": "string"},
			"status": map[string]any{"type": "integer", "minimum": 100, "maximum": 599},
			"body":   c.Body.JSONSchemaSpec(),
		},
	}
	path := map[string]any{"type": "string", "pattern": "^(/|https?://)"}
	return map[string]any{"oneOf": []any{path, object}}
}

func isURL(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// TCPCheck opens a connection. In a run file it is true or a port number.
type TCPCheck struct {
	On bool
	// Port is looked for on the host of the service; 0 means the service's own port.
	Port int
}

// UnmarshalSpec reads true, false or a port number.
func (c *TCPCheck) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	if on, ok := n.Bool(); ok {
		*c = TCPCheck{On: on}
		return ds
	}
	port, ok := n.Float()
	if !ok || port != float64(int(port)) || port < 1 || port > 65535 {
		ds.Errorf(n.Pos(), "write tcp: true for the service's own port", "expected true or a port from 1 to 65535")
		return ds
	}
	*c = TCPCheck{On: true, Port: int(port)}
	return ds
}

// JSONSchemaSpec describes both forms.
func (c TCPCheck) JSONSchemaSpec() map[string]any {
	port := map[string]any{"type": "integer", "minimum": 1, "maximum": 65535}
	return map[string]any{"oneOf": []any{map[string]any{"type": "boolean"}, port}}
}

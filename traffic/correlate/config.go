package correlate

import (
	"errors"
	"fmt"

	"github.com/theory/jsonpath"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Mode says whether values are carried over.
type Mode string

const (
	// Auto carries over the values that the session shows to be issued and used later.
	Auto Mode = "auto"
	// Off sends every request as it was recorded.
	Off Mode = "off"
)

// Config says which values of a replayed response take the place of the recorded ones later in the
// session.
type Config struct {
	Mode Mode
	// Except are JSONPaths (RFC 9535) in recorded response bodies whose values are never carried over.
	Except []string
}

// DefaultConfig carries values over.
func DefaultConfig() Config { return Config{Mode: Auto} }

const configHint = `write auto, off, or {mode: auto, except: ["$.status"]}`

// UnmarshalSpec reads auto, off, or a mapping of mode and except.
func (c *Config) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	switch n.Kind() {
	case spec.Scalar:
		ds.Add(c.Mode.unmarshal(n))
	case spec.Map:
		for _, e := range n.Entries() {
			switch e.Key {
			case "mode":
				ds.Add(c.Mode.unmarshal(e.Value))
			case "except":
				ds.Add(c.unmarshalExcept(e.Value))
			default:
				ds.Errorf(e.Pos, configHint, "unknown key %q, expected mode or except", e.Key)
			}
		}
	default:
		ds.Errorf(n.Pos(), configHint, "found %s, expected auto or off", n.Kind())
	}
	return ds
}

func (m *Mode) unmarshal(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	switch mode := Mode(n.Text()); mode {
	case Auto, Off:
		*m = mode
	default:
		ds.Errorf(n.Pos(), configHint, "found %q, expected auto or off", n.Text())
	}
	return ds
}

func (c *Config) unmarshalExcept(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	if n.Kind() != spec.List {
		ds.Errorf(n.Pos(), configHint, "found %s, expected a list of JSONPaths", n.Kind())
	}
	for _, item := range n.Items() {
		if _, err := jsonpath.Parse(item.Text()); err != nil {
			ds.Errorf(item.Pos(), "write a path such as $.status", "%v", err)
		}
		c.Except = append(c.Except, item.Text())
	}
	return ds
}

// JSONSchemaSpec is the schema of the YAML form.
func (Config) JSONSchemaSpec() map[string]any {
	mode := map[string]any{"enum": []any{string(Auto), string(Off)}}
	return map[string]any{"oneOf": []any{mode, map[string]any{
		"type": "object", "additionalProperties": false,
		"properties": map[string]any{
			"mode":   mode,
			"except": map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
		},
	}}}
}

// Correlator makes sessions that share one configuration. It is safe for concurrent use.
type Correlator struct {
	off    bool
	except []*jsonpath.Path
}

// New compiles the configuration. The error names every path that is wrong.
func New(c Config) (*Correlator, error) {
	if c.Mode != Auto && c.Mode != Off && c.Mode != "" {
		return nil, fmt.Errorf("correlate.mode %q: expected auto or off", c.Mode)
	}
	out := &Correlator{off: c.Mode == Off}
	var errs []error
	for _, text := range c.Except {
		path, err := jsonpath.Parse(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("correlate.except %s: %w", text, err))
		}
		out.except = append(out.except, path)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

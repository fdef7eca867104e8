package correlate

import (
	"errors"
	"fmt"

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
	// Except are places in recorded answers whose values are never carried over.
	Except []Place
	// Carry are places in recorded answers whose values are carried over whatever they look like, wherever a
	// later request has one of them as a whole value.
	Carry []Place
}

// DefaultConfig carries values over.
func DefaultConfig() Config { return Config{Mode: Auto} }

const configHint = `write auto, off, or {mode: auto, except: ["$.status"], carry: [header.X-Place]}`

// UnmarshalSpec reads auto, off, or a mapping of mode, except and carry.
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
				ds.Add(unmarshalPlaces(e.Value, &c.Except))
			case "carry":
				ds.Add(unmarshalPlaces(e.Value, &c.Carry))
			default:
				ds.Errorf(e.Pos, configHint, "unknown key %q, expected mode, except or carry", e.Key)
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

func unmarshalPlaces(n *spec.Node, into *[]Place) (ds spec.Diagnostics) {
	if n.Kind() != spec.List {
		ds.Errorf(n.Pos(), configHint, "found %s, expected a list of places", n.Kind())
	}
	for _, item := range n.Items() {
		var p Place
		ds.Add(p.unmarshal(item))
		*into = append(*into, p)
	}
	return ds
}

// JSONSchemaSpec is the schema of the YAML form.
func (Config) JSONSchemaSpec() map[string]any {
	mode := map[string]any{"enum": []any{string(Auto), string(Off)}}
	text := map[string]any{"type": "string"}
	places := map[string]any{"type": "array", "items": map[string]any{"oneOf": []any{text, map[string]any{
		"type": "object", "additionalProperties": false, "required": []any{"path"},
		"properties": map[string]any{"path": text, "endpoint": text},
	}}}}
	return map[string]any{"oneOf": []any{mode, map[string]any{
		"type": "object", "additionalProperties": false,
		"properties": map[string]any{"mode": mode, "except": places, "carry": places},
	}}}
}

// Correlator makes sessions that share one configuration. It is safe for concurrent use.
type Correlator struct {
	off           bool
	except, carry list
}

// New compiles the configuration. The error names every place that is wrong.
func New(c Config) (*Correlator, error) {
	if c.Mode != Auto && c.Mode != Off && c.Mode != "" {
		return nil, fmt.Errorf("correlate.mode %q: expected auto or off", c.Mode)
	}
	out := &Correlator{off: c.Mode == Off}
	var wrong [2]error
	out.except, wrong[0] = compileList(c.Except, "except")
	out.carry, wrong[1] = compileList(c.Carry, "carry")
	if err := errors.Join(wrong[:]...); err != nil {
		return nil, err
	}
	return out, nil
}

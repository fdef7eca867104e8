package compare

import (
	"maps"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Config says which differences between a recorded and an actual response are none. Paths are JSONPath
// as of RFC 9535, looked up in the recorded body.
type Config struct {
	// What is not compared at all.
	Ignore Ignore `yaml:"ignore"`
	// By how much the number at a path may differ: 0.01, or {relative: 5%}, or {absolute: 2}.
	Tolerate map[string]Tolerance `yaml:"tolerate"`
	// The form that the value at a path must have on both sides, instead of being equal: uuid, datetime,
	// integer, number, string, or {regex: "..."}.
	Match map[string]Matcher `yaml:"match"`
	// The arrays whose order means nothing: true, or {by: key} where the elements have a key.
	Unordered map[string]Unordered `yaml:"unordered"`
	// Whether object fields that the recorded response does not have are differences: fail or allow.
	ExtraFields ExtraFields `yaml:"extra_fields" jsonschema:"enum=fail,enum=allow"`
	// The response headers that are compared; all others are not.
	Headers []string `yaml:"headers"`
	// Further rules for single endpoints, such as "GET /orders/{id}", added to those above.
	Endpoints map[string]Rules `yaml:"endpoints"`
	// A file of learned and reviewed noise, made by `headgate noise learn`, relative to the run file.
	Noise string `yaml:"noise"`
}

// Rules are the rules of one endpoint. They are added to the general ones.
type Rules struct {
	// What is not compared at all.
	Ignore Ignore `yaml:"ignore"`
	// By how much the number at a path may differ: 0.01, or {relative: 5%}, or {absolute: 2}.
	Tolerate map[string]Tolerance `yaml:"tolerate"`
	// The form that the value at a path must have on both sides, instead of being equal.
	Match map[string]Matcher `yaml:"match"`
	// The arrays whose order means nothing: true, or {by: key} where the elements have a key.
	Unordered map[string]Unordered `yaml:"unordered"`
	// Whether further object fields are differences; without it the general setting holds.
	ExtraFields ExtraFields `yaml:"extra_fields" jsonschema:"enum=fail,enum=allow"`
	// Response headers that are compared besides the general ones.
	Headers []string `yaml:"headers"`
}

// Ignore lists what is not compared.
type Ignore struct {
	// JSONPaths of the values to leave out, such as $..request_id. Refused is what leaves nothing of a
	// recorded body to compare, and a path with .. or a last * that leaves out more than half of all
	// fields; say what shape such values have with match instead.
	JSON []string `yaml:"json"`
	// Response headers to leave out.
	Headers []string `yaml:"headers"`
}

// ExtraFields says what an object field is that only the actual response has.
type ExtraFields string

const (
	// Fail makes each extra field a difference.
	Fail ExtraFields = "fail"
	// Allow accepts extra fields.
	Allow ExtraFields = "allow"
)

// DefaultConfig compares bodies strictly and no headers.
func DefaultConfig() Config { return Config{ExtraFields: Fail} }

// Unordered says how the elements of an array find their counterparts when order means nothing.
type Unordered struct {
	// By names the member that identifies an element; empty means by the whole value.
	By string
	// Off keeps the order meaningful, as if there were no rule.
	Off bool
}

// UnmarshalSpec reads true, false or {by: key}.
func (u *Unordered) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	const hint = "write true, or {by: sku} where the elements have a key"
	on, isBool := n.Bool()
	switch {
	case isBool:
		u.Off = !on
	case n.Kind() != spec.Map:
		ds.Errorf(n.Pos(), hint, "found %s, expected true or {by: key}", describe(n))
	case len(n.Entries()) == 0:
		ds.Errorf(n.Pos(), hint, "found an empty mapping, expected {by: key}")
	}
	for _, e := range n.Entries() {
		switch {
		case e.Key != "by":
			ds.Errorf(e.Pos, hint, "unknown key %q, expected by", e.Key)
		case e.Value.Text() == "":
			ds.Errorf(e.Value.Pos(), hint, "found %s, expected the name of a key", describe(e.Value))
		default:
			u.By = e.Value.Text()
		}
	}
	return ds
}

// JSONSchemaSpec is the schema of the YAML form.
func (Unordered) JSONSchemaSpec() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "boolean"},
		map[string]any{
			"type": "object", "additionalProperties": false, "required": []any{"by"},
			"properties": map[string]any{"by": map[string]any{"type": "string", "minLength": 1}},
		},
	}}
}

// describe names what a node holds, for messages.
func describe(n *spec.Node) string {
	if n.Kind() == spec.Scalar {
		return `"` + n.Text() + `"`
	}
	return n.Kind().String()
}

// general are the rules that hold for every endpoint.
func (c Config) general() Rules {
	return Rules{
		Ignore: c.Ignore, Tolerate: c.Tolerate, Match: c.Match, Unordered: c.Unordered,
		ExtraFields: c.ExtraFields, Headers: c.Headers,
	}
}

// sortedKeys makes the order of rules, and so of reports, the same in every run.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sameFold tells whether list holds the header name.
func sameFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

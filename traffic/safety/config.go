package safety

import (
	"fmt"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Config holds the settings under `traffic.safety` in a run file: what happens where secrets or personal data
// are left in the traffic after the transforms. In its short form it is the mode alone.
type Config struct {
	// What happens: refuse starts nothing, warn says so, off does not look. By default refuse where CI or
	// GITHUB_ACTIONS is set, else warn.
	Mode Mode `yaml:"mode" jsonschema:"enum=refuse,enum=warn,enum=off"`
	// Findings that are known and harmless.
	Allow []Allow `yaml:"allow"`

	node *spec.Node
}

// Allow is a kind of finding that is known and harmless. Of its places and values * stands for any text.
type Allow struct {
	// Kind of the finding, as headgate inspect names it.
	Kind Kind `yaml:"kind" jsonschema:"required"`
	// Place of the finding, such as json:$.user.email or header:Authorization, in requests and answers. All
	// places where nothing is said.
	Where string `yaml:"where"`
	// Endpoint of the finding, such as POST /login; SQL for databases. All of them where nothing is said.
	Endpoint string `yaml:"endpoint"`
	// Values that are harmless, such as *@our-test-domain.com. All of them where nothing is said.
	Value string `yaml:"value"`

	node *spec.Node
}

// Mode says what happens where something is found.
type Mode string

// The modes.
const (
	Refuse Mode = "refuse"
	Warn   Mode = "warn"
	Off    Mode = "off"
)

// DefaultMode is Refuse in continuous integration, by the variables CI and GITHUB_ACTIONS, else Warn. env may be
// nil.
func DefaultMode(env func(string) (string, bool)) Mode {
	if env == nil {
		return Warn
	}
	for _, name := range []string{"CI", "GITHUB_ACTIONS"} {
		if value, ok := env(name); ok && value != "" && value != "false" && value != "0" {
			return Refuse
		}
	}
	return Warn
}

// UnmarshalSpec reads the mode alone, or the full form.
func (c *Config) UnmarshalSpec(n *spec.Node) (ds spec.Diagnostics) {
	type full Config
	c.node = n
	if n.Kind() != spec.Scalar {
		return spec.Decode(n, (*full)(c))
	}
	switch mode := Mode(n.Text()); mode {
	case Refuse, Warn, Off:
		c.Mode = mode
	default:
		hint := "write refuse, warn or off"
		if near := spec.Nearest(n.Text(), []string{string(Refuse), string(Warn), string(Off)}); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		ds.Errorf(n.Pos(), hint, "found %q, expected refuse, warn or off", n.Text())
	}
	return ds
}

// JSONSchemaSpec describes the short form and the full one.
func (Config) JSONSchemaSpec() map[string]any {
	mode := map[string]any{"type": "string", "enum": []any{"refuse", "warn", "off"}}
	var kinds []any
	for _, name := range kindNames() {
		kinds = append(kinds, name)
	}
	text := func(description string) map[string]any {
		return map[string]any{"type": "string", "description": description}
	}
	return map[string]any{"oneOf": []any{mode, map[string]any{
		"type": "object", "additionalProperties": false,
		"properties": map[string]any{
			"mode": map[string]any{
				"type": "string", "enum": []any{"refuse", "warn", "off"},
				"description": "What happens: refuse starts nothing, warn says so, off does not look. By default " +
					"refuse where CI or GITHUB_ACTIONS is set, else warn.",
			},
			"allow": map[string]any{
				"type": "array", "description": "Findings that are known and harmless.",
				"items": map[string]any{
					"type": "object", "additionalProperties": false, "required": []any{"kind"},
					"properties": map[string]any{
						"kind": map[string]any{
							"type": "string", "enum": kinds, "description": "Kind of the finding, as headgate inspect names it.",
						},
						"where": text("Place of the finding, such as json:$.user.email or header:Authorization; * stands for " +
							"any text. All places where nothing is said."),
						"endpoint": text("Endpoint of the finding, such as POST /login; SQL for databases."),
						"value":    text("Values that are harmless, such as *@our-test-domain.com."),
					},
				},
			},
		},
	}}}
}

// UnmarshalSpec reads the mapping and remembers where it stands.
func (a *Allow) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	type full Allow
	a.node = n
	ds := spec.Decode(n, (*full)(a))
	if a.Kind != "" && a.Kind.rank() < 0 {
		ds.Errorf(n.Key("kind").Pos(), "kinds: "+strings.Join(kindNames(), ", "), "there is no kind %q", a.Kind)
	}
	return ds
}

func kindNames() (names []string) {
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return names
}

// covers tells whether a finding at an endpoint is allowed.
func (a *Allow) covers(f Finding, endpoint string) bool {
	return a.Kind == f.Kind && like(a.Where, f.Where) && like(a.Endpoint, endpoint) && like(a.Value, f.Value)
}

// like matches a text against a pattern in which * stands for any text; an empty pattern matches all.
func like(pattern, text string) bool {
	if pattern == "" || pattern == text {
		return true
	}
	parts := strings.Split(pattern, "*")
	first, rest := parts[0], parts[1:]
	if len(rest) == 0 || !strings.HasPrefix(text, first) {
		return false
	}
	text = text[len(first):]
	last := rest[len(rest)-1]
	for _, part := range rest[:len(rest)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, last)
}

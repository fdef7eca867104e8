package gates

import "github.com/headgate-dev/headgate/engine/spec"

// Block is a mapping of gates in a run file, for use in configurations. It is compiled by [Parse] once
// the metrics are declared.
type Block struct {
	// Node is the mapping as read; nil if there is none.
	Node *spec.Node
}

// UnmarshalSpec keeps the node for later.
func (b *Block) UnmarshalSpec(n *spec.Node) (ds spec.Diagnostics) {
	if k := n.Kind(); k != spec.Map && k != spec.Null {
		ds.Errorf(n.Pos(), `write for example {match_rate: ">= 0.98"}`,
			"gates are a mapping from names to conditions, not %s", k)
		return ds
	}
	b.Node = n
	return nil
}

// JSONSchemaSpec describes the mapping.
func (b Block) JSONSchemaSpec() map[string]any {
	return map[string]any{
		"type":        "object",
		"description": "gates by name: a comparator on the metric of that name, or the full form",
		"additionalProperties": map[string]any{
			"oneOf": []any{
				map[string]any{
					"type":        "string",
					"description": "a comparator: >= 0.98, <= 200ms, <= +10% or +20ms, within 10%, true",
				},
				map[string]any{"type": "boolean"},
				fullSchema(),
			},
		},
	}
}

func fullSchema() map[string]any {
	text := func(description string, enum ...any) map[string]any {
		s := map[string]any{"type": "string", "description": description}
		if len(enum) > 0 {
			s["enum"] = enum
		}
		return s
	}
	return map[string]any{
		"type":                 "object",
		"required":             []any{"expr"},
		"additionalProperties": false,
		"properties": map[string]any{
			"expr": text("an expression over the metrics that must be true"),
			"min_samples": map[string]any{
				"type": "integer", "minimum": 1,
				"description": "how many samples each metric needs before the gate is judged",
			},
			"severity": text("what it means when the gate does not hold", "enforce", "warn", "observe"),
			"on_fail": map[string]any{
				"type": "object", "additionalProperties": false,
				"properties": map[string]any{
					"goto": text("the phase to go back to, or stop", "backends", "sut", "stop"),
				},
			},
			"help":  text("a sentence for the report"),
			"waive": waiverSchema(),
		},
	}
}

func waiverSchema() map[string]any {
	until := Day("").JSONSchemaSpec()
	until["description"] = "the last day on which the waiver holds, such as 2026-12-31; days end at midnight UTC"
	return map[string]any{
		"type":                 "object",
		"description":          "accepts for a time that the gate fails: until then the failure is a warning",
		"required":             []any{"until", "reason"},
		"additionalProperties": false,
		"properties": map[string]any{
			"until": until,
			"reason": map[string]any{
				"type": "string", "minLength": 1,
				"description": "why the failure is accepted; it stands in every report",
			},
			"by": map[string]any{"type": "string", "description": "who accepts it"},
		},
	}
}

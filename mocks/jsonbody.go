package mocks

import (
	"encoding/json"
	"strings"
)

// equalToJSON compares a body by structure, as WireMock does through JsonUnit.
type equalToJSON struct {
	want        any // holds *placeholder where a placeholder stands
	ignoreOrder bool
	ignoreExtra bool
}

func (m *equalToJSON) match(v *Value) bool {
	got, ok := v.json()
	if !v.Present || !ok {
		return false
	}
	d := differ{rules: m, limit: 1, quiet: true}
	d.compare(nil, m.want, got)
	return d.count == 0
}

// holes marks the placeholders; the result is nil where there are none.
func (m *equalToJSON) holes() *hole { return holesOf(m.want) }

func holesOf(v any) *hole {
	var h hole
	switch v := v.(type) {
	case *placeholder:
		return &hole{here: true, optional: v.kind == ignoreElement}
	case map[string]any:
		for k, child := range v {
			if sub := holesOf(child); sub != nil {
				if h.names == nil {
					h.names = map[string]*hole{}
				}
				h.names[k] = sub
			}
		}
	case []any:
		for i, child := range v {
			if sub := holesOf(child); sub != nil {
				if h.items == nil {
					h.items = map[int]*hole{}
				}
				h.items[i] = sub
			}
		}
	}
	if h.names == nil && h.items == nil {
		return nil
	}
	return &h
}

func takeEqualToJSON(d *decoder, path string, f fields) matcher {
	m := &equalToJSON{}
	d.optional(path, f, "ignoreArrayOrder", into(d, &m.ignoreOrder, "true or false"))
	d.optional(path, f, "ignoreExtraElements", into(d, &m.ignoreExtra, "true or false"))
	path += ".equalToJson"
	raw := f["equalToJson"]
	text := string(raw)
	if strings.HasPrefix(strings.TrimSpace(text), `"`) {
		if err := json.Unmarshal(raw, &text); err != nil {
			d.problem(path, "expected JSON: %v", err)
		}
	}
	tree, err := decodeJSON(text)
	if err != nil {
		d.problem(path, "expected JSON: %v", err)
		return m
	}
	m.want = d.placeholders(path, nil, tree)
	return m
}

// placeholders replaces the placeholder strings of an expected body, in place.
func (d *decoder) placeholders(path string, at *step, v any) any {
	switch v := v.(type) {
	case string:
		p, err := parsePlaceholder(v)
		if err != nil {
			d.problem(path, "%s: %v", at, err)
		}
		if p != nil {
			return p
		}
	case map[string]any:
		for k, child := range v {
			v[k] = d.placeholders(path, &step{parent: at, name: k, index: -1}, child)
		}
	case []any:
		for i, child := range v {
			v[i] = d.placeholders(path, &step{parent: at, index: i}, child)
		}
	}
	return v
}

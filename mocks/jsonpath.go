package mocks

import (
	"encoding/json"
	"strings"

	"github.com/theory/jsonpath"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

// matchesJSONPath judges what a JSONPath selects in a JSON value.
type matchesJSONPath struct {
	query    *jsonpath.Path
	singular bool
	sub      *Pattern // nil asks for existence only
}

func (m matchesJSONPath) match(v *Value) bool {
	if m.query == nil {
		return false
	}
	tree, ok := v.json()
	if !v.Present || !ok {
		return !v.Present && m.sub != nil && m.sub.meets(nil)
	}
	if tree == nil {
		return false // null, as in WireMock
	}
	found := selectJSON(m.query, tree)
	if m.sub == nil {
		return len(found) > 0 && (!m.singular || !empty(found[0]))
	}
	return m.sub.meets(m.texts(found))
}

// empty is what WireMock takes for not there: null, an empty list or object.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// texts are the values that the sub-pattern sees. As in WireMock a list that was selected as a whole
// counts by its items, except before equalToJson, which sees all that was selected as one list.
func (m matchesJSONPath) texts(found []any) []string {
	_, whole := m.sub.m.(*equalToJSON)
	switch {
	case whole && !m.singular:
		found = []any{append([]any{}, found...)}
	case m.singular && len(found) == 1 && !whole:
		if items, ok := found[0].([]any); ok {
			found = items
		}
	}
	texts := make([]string, 0, len(found))
	for _, v := range found {
		if v != nil {
			texts = append(texts, javaText(v))
		}
	}
	return texts
}

// javaText is how Java prints a JSON value: numbers with a fraction are doubles there.
func javaText(v any) string { return compactJSON(javaNumbers(v)) }

func javaNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil && strings.ContainsAny(string(v), ".eE") {
			return json.Number(handlebars.Text(f))
		}
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = javaNumbers(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = javaNumbers(item)
		}
		return out
	}
	return v
}

func takeMatchesJSONPath(d *decoder, path string, f fields) matcher {
	path += ".matchesJsonPath"
	raw, m := f["matchesJsonPath"], matchesJSONPath{}
	var expr string
	if strings.HasPrefix(strings.TrimSpace(string(raw)), "{") {
		sub := d.fields(path, raw)
		d.required(path, sub, "expression", into(d, &expr, "a JSONPath"))
		delete(sub, "expression")
		if len(sub) > 0 {
			m.sub = d.patternOf(path, sub)
		}
	} else {
		into(d, &expr, "a JSONPath or an object with expression")(path, raw)
	}
	m.query = d.jsonPath(path, expr)
	m.singular = m.query != nil && m.query.Query().Singular() != nil
	return m
}

func (d *decoder) jsonPath(path, expr string) *jsonpath.Path {
	query, err := compileJSONPath(expr)
	if err != nil {
		d.problem(path, "%v", err)
	}
	return query
}

package mocks

import (
	"encoding/json"
	"strings"

	"github.com/theory/jsonpath"
)

// matchesJSONPath judges what an RFC 9535 query selects in a JSON value.
type matchesJSONPath struct {
	query    *jsonpath.Path
	singular bool
	sub      *Pattern // nil asks for existence only
}

func (m matchesJSONPath) match(v *Value) bool {
	tree, ok := v.json()
	if !v.Present || !ok {
		return false
	}
	found := m.query.Select(tree)
	if m.sub == nil {
		return len(found) > 0 && (!m.singular || !empty(found[0]))
	}
	return m.sub.MatchValues(m.texts(found))
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
// counts by its items, except before equalToJson.
func (m matchesJSONPath) texts(found []any) []string {
	if _, whole := m.sub.m.(*equalToJSON); m.singular && len(found) == 1 && !whole {
		if items, ok := found[0].([]any); ok {
			found = items
		}
	}
	texts := make([]string, 0, len(found))
	for _, v := range found {
		if v != nil {
			texts = append(texts, subText(m.sub, v))
		}
	}
	return texts
}

func subText(sub *Pattern, v any) string {
	if s, ok := v.(string); ok {
		if _, isJSON := sub.m.(*equalToJSON); isJSON {
			quoted, _ := json.Marshal(s) //nolint:errchkjson // a string always encodes
			return string(quoted)
		}
	}
	return compactJSON(v)
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
	query, err := jsonpath.Parse(expr)
	if err != nil {
		d.problem(path, "%q is not an RFC 9535 JSONPath, which is all that is supported yet: %v", expr, err)
		return nil
	}
	return query
}

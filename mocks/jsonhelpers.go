package mocks

import (
	"encoding/json"
	"strings"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

// jsonData is a JSON list or object out of a helper. It prints as WireMock prints it: an object in lines, a
// list on one.
type jsonData struct{ tree any }

func (j jsonData) String() string {
	if _, list := j.tree.([]any); list {
		return string(marshal(javaNumbers(j.tree)))
	}
	return prettyJSON(j.tree)
}

// Member is a member of the object or an item of the list.
func (j jsonData) Member(name string) (any, bool) { return handlebars.Member(j.tree, name) }

// Keys are the object's names.
func (j jsonData) Keys() []string { return handlebars.Keys(j.tree) }

// jsonList is a jsonData that counts as a list.
type jsonList struct{ jsonData }

// Items are the list's items.
func (j jsonList) Items() []any {
	items, _ := handlebars.Items(j.tree)
	return items
}

// fromTree makes a value of templates of decoded JSON.
func fromTree(v any) any {
	switch v := v.(type) {
	case []any:
		return jsonList{jsonData{v}}
	case map[string]any:
		return jsonData{v}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
	}
	return v
}

// toTree makes JSON of a value of templates.
func toTree(v any) any {
	switch v := v.(type) {
	case jsonList:
		return v.tree
	case jsonData:
		return v.tree
	case nil, string, bool, int64, float64, json.Number:
		return v
	}
	if items, ok := handlebars.Items(v); ok {
		out := make([]any, len(items))
		for i, item := range items {
			out[i] = toTree(item)
		}
		return out
	}
	if keys := handlebars.Keys(v); keys != nil {
		out := map[string]any{}
		for _, k := range keys {
			m, _ := handlebars.Member(v, k)
			out[k] = toTree(m)
		}
		return out
	}
	return handlebars.Text(v)
}

// prettyJSON writes JSON as Jackson does: the members of objects in lines, two spaces for each level; on
// one line where that could be too long.
func prettyJSON(v any) string {
	v = javaNumbers(v)
	line := marshal(v)
	if deepest(line)*len(line) > mostRendered {
		return string(line)
	}
	var b strings.Builder
	writePretty(&b, v, "\n")
	return b.String()
}

func writePretty(b *strings.Builder, v any, indent string) {
	switch v := v.(type) {
	case map[string]any:
		deeper, comma := indent+"  ", ""
		b.WriteByte('{')
		for _, k := range sortedKeys(v) {
			b.WriteString(comma + deeper + string(marshal(k)) + " : ")
			writePretty(b, v[k], deeper)
			comma = ","
		}
		if len(v) == 0 {
			indent = " "
		}
		b.WriteString(indent + "}")
	case []any:
		b.WriteString("[ ")
		for i, item := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writePretty(b, item, indent)
		}
		if len(v) > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(']')
	default:
		b.Write(marshal(v))
	}
}

// deepest is at least how deep a JSON text is nested.
func deepest(text []byte) int {
	depth, most := 0, 0
	for _, c := range text {
		switch c {
		case '{', '[':
			depth++
			most = max(most, depth)
		case '}', ']':
			depth--
		}
	}
	return most
}

func jsonHelpers() map[string]helper {
	return map[string]helper{
		"jsonPath": jsonPathHelper, "parseJson": parseJSONHelper, "toJson": toJSONHelper,
		"formatJson": formatJSON, "jsonMerge": jsonMerge, "jsonRemove": jsonRemove,
		"jsonArrayAdd": jsonArrayAdd, "jsonSort": jsonSort,
	}
}

// treeOf reads a value as JSON: text is parsed.
func treeOf(v any) (any, bool) {
	text, ok := v.(string)
	if !ok {
		return toTree(v), true
	}
	tree, err := decodeJSON(text)
	return tree, err == nil
}

func jsonPathHelper(c *handlebars.Call) (any, error) {
	if c.Arg(0) == nil || c.Arg(0) == "" {
		return "", nil
	}
	tree, ok := treeOf(c.Arg(0))
	if !ok {
		tree = handlebars.Text(c.Arg(0)) // what is no JSON is a text, as in WireMock
	}
	expr := handlebars.Text(c.Arg(1))
	if strings.HasSuffix(expr, ".length()") {
		return lengthAt(tree, strings.TrimSuffix(expr, ".length()"))
	}
	query, err := compileJSONPath(expr)
	if err != nil {
		return complaint("%s is not a valid JSONPath expression", expr)
	}
	var found any
	switch nodes := selectJSON(query, tree); {
	case query.Query().Singular() == nil:
		found = nodes
	case len(nodes) > 0:
		found = nodes[0]
	}
	if found == nil {
		if otherwise := c.Named["default"]; otherwise != nil {
			return otherwise, nil
		}
		return "", nil
	}
	return fromTree(found), nil
}

// lengthAt is Jayway's function at the end of a path.
func lengthAt(tree any, expr string) (any, error) {
	query, err := compileJSONPath(expr)
	if err != nil {
		return complaint("%s is not a valid JSONPath expression", expr)
	}
	nodes := selectJSON(query, tree)
	if query.Query().Singular() == nil {
		return int64(len(nodes)), nil
	}
	if len(nodes) == 0 {
		return "", nil
	}
	return sizeOf(fromTree(nodes[0])), nil
}

func parseJSONHelper(c *handlebars.Call) (any, error) {
	var text, name string
	var err error
	if c.IsBlock() {
		text, err = c.Same()
		name = handlebars.Text(c.Arg(0))
	} else {
		text, name = handlebars.Text(c.Arg(0)), handlebars.Text(c.Arg(1))
	}
	if err != nil {
		return nil, err
	}
	var tree any = map[string]any{}
	if strings.TrimSpace(text) != "" {
		if tree, err = decodeJSON(text); err != nil {
			return complaint("%s is not valid JSON", text)
		}
	}
	if name != "" {
		c.Set(name, fromTree(tree))
		return nil, nil
	}
	return fromTree(tree), nil
}

func toJSONHelper(c *handlebars.Call) (any, error) {
	if c.Arg(0) == nil {
		return "", nil
	}
	return prettyJSON(toTree(c.Arg(0))), nil
}

func formatJSON(c *handlebars.Call) (any, error) {
	text, err := blockText(c)
	if err != nil {
		return nil, err
	}
	tree, err := decodeJSON(strings.TrimSpace(text))
	if err != nil {
		return complaint("Input is not valid JSON")
	}
	switch format := option(c, "format", "pretty"); format {
	case "pretty":
		return prettyJSON(tree), nil
	case "compact":
		return string(marshal(tree)), nil
	default:
		return complaint("formatJson: format [%s] should be pretty or compact", format)
	}
}

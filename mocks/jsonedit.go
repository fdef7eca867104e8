package mocks

import (
	"slices"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

// second is the JSON text of a block, or the second argument.
func second(c *handlebars.Call) (any, bool, error) {
	text := handlebars.Text(c.Arg(1))
	if c.IsBlock() {
		var err error
		if text, err = c.Same(); err != nil {
			return nil, false, err
		}
	}
	tree, err := decodeJSON(text)
	return tree, err == nil, nil
}

func jsonMerge(c *handlebars.Call) (any, error) {
	first, ok := treeOf(c.Arg(0))
	base, isObject := first.(map[string]any)
	if !ok || !isObject {
		return complaint("Base JSON is not a JSON object ('%s')", handlebars.Text(c.Arg(0)))
	}
	more, ok, err := second(c)
	if err != nil {
		return nil, err
	}
	other, isObject := more.(map[string]any)
	if !ok || !isObject {
		return complaint("JSON to merge is not a JSON object")
	}
	return string(marshal(merge(base, other, handlebars.Truthy(c.Named["removeNulls"])))), nil
}

func merge(base, other map[string]any, removeNulls bool) map[string]any {
	out := map[string]any{}
	for k, v := range base {
		out[k] = v
	}
	for k, v := range other {
		child, isObject := v.(map[string]any)
		mine, both := out[k].(map[string]any)
		switch {
		case isObject && both:
			out[k] = merge(mine, child, removeNulls)
		case v == nil && removeNulls:
			delete(out, k)
		default:
			out[k] = v
		}
	}
	return out
}

// located selects places in a tree.
func located(tree any, expr string) ([]spec.NormalizedPath, error) {
	query, err := compileJSONPath(expr)
	if err != nil {
		return nil, err
	}
	var places []spec.NormalizedPath
	for _, node := range locateJSON(query, tree) {
		places = append(places, node.Path)
	}
	return places, nil
}

func jsonRemove(c *handlebars.Call) (any, error) {
	tree, ok := treeOf(c.Arg(0))
	if !ok {
		return complaint("Input JSON string is not valid JSON ('%s')", handlebars.Text(c.Arg(0)))
	}
	places, err := located(tree, handlebars.Text(c.Arg(1)))
	if err != nil {
		return complaint("%v", err)
	}
	// From the back, so that removing an item does not move those still to be removed.
	slices.SortFunc(places, func(a, b spec.NormalizedPath) int { return b.Compare(a) })
	for _, place := range places {
		if len(place) > 0 {
			tree = change(tree, place, func(any) (any, bool) { return nil, false })
		}
	}
	return string(marshal(tree)), nil
}

// change replaces the value at a place in a copy of the way there; keep false takes it away.
func change(tree any, place spec.NormalizedPath, with func(any) (v any, keep bool)) any {
	if len(place) == 0 {
		v, _ := with(tree)
		return v
	}
	switch at := place[0].(type) {
	case spec.Name:
		m, ok := tree.(map[string]any)
		if !ok {
			return tree
		}
		out := merge(m, nil, false)
		if out[string(at)] = change(m[string(at)], place[1:], with); len(place) == 1 {
			if _, keep := with(m[string(at)]); !keep {
				delete(out, string(at))
			}
		}
		return out
	case spec.Index:
		l, ok := tree.([]any)
		if !ok || int(at) >= len(l) {
			return tree
		}
		out := slices.Clone(l)
		if out[at] = change(l[at], place[1:], with); len(place) == 1 {
			if _, keep := with(l[at]); !keep {
				out = slices.Delete(out, int(at), int(at)+1)
			}
		}
		return out
	}
	return tree
}

func jsonArrayAdd(c *handlebars.Call) (any, error) {
	tree, ok := treeOf(c.Arg(0))
	if !ok {
		return complaint("Base JSON is not valid JSON ('%s')", handlebars.Text(c.Arg(0)))
	}
	item, ok, err := second(c)
	if err != nil {
		return nil, err
	}
	if !ok {
		return complaint("Item-to-add JSON is not valid JSON")
	}
	places, err := located(tree, option(c, "jsonPath", "$"))
	if err != nil {
		return complaint("jsonPath option is not valid JSONPath expression ('%s')", option(c, "jsonPath", ""))
	}
	added := false
	for _, place := range places {
		tree = change(tree, place, func(v any) (any, bool) {
			list, isList := v.([]any)
			if !isList {
				return v, true
			}
			added = true
			return addItem(c, list, item), true
		})
	}
	if !added {
		return complaint("Target JSON is not a JSON array ('%s')", handlebars.Text(c.Arg(0)))
	}
	return string(marshal(tree)), nil
}

func addItem(c *handlebars.Call, list []any, item any) []any {
	list = slices.Clone(list)
	if more, ok := item.([]any); ok && handlebars.Truthy(c.Named["flatten"]) {
		list = append(list, more...)
	} else {
		list = append(list, item)
	}
	if most, ok := whole(c.Named["maxItems"]); ok && most >= 0 && int64(len(list)) > most {
		list = list[int64(len(list))-most:]
	}
	return list
}

// jsonSort sorts the list before [*] by what follows it.
func jsonSort(c *handlebars.Call) (any, error) {
	tree, ok := treeOf(c.Arg(0))
	if !ok {
		return complaint("Input JSON string is not valid JSON")
	}
	before, after, found := strings.Cut(handlebars.Text(c.Arg(1)), "[*]")
	if !found {
		return complaint("JSONPath expression must contain [*]")
	}
	places, err := located(tree, before)
	key, keyErr := compileJSONPath("$" + after)
	if err != nil || keyErr != nil || len(places) != 1 {
		return complaint("%s is not a JSONPath to a list", before)
	}
	tree = change(tree, places[0], func(v any) (any, bool) {
		list, isList := v.([]any)
		if !isList {
			return v, true
		}
		return sorted(list, key, option(c, "order", "asc") == "desc"), true
	})
	return string(marshal(tree)), nil
}

func sorted(list []any, key *jsonpath.Path, descending bool) []any {
	by := func(v any) any {
		if nodes := selectJSON(key, v); len(nodes) > 0 {
			return fromTree(nodes[0])
		}
		return nil
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b any) int {
		order := compareValues(by(a), by(b))
		if descending {
			return -order
		}
		return order
	})
	return list
}

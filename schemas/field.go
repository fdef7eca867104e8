package schemas

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Wildcard stands in the path of a [Field] for a name that the writer of a run file chooses.
const Wildcard = "NAME"

// Field is one key of a run file, as the schema describes it.
type Field struct {
	// Path is the key with those above it, such as replay.compare.unordered. Items of lists have no
	// step of their own; a name that is free to choose is [Wildcard].
	Path string
	// Type says in words what is expected.
	Type        string
	Description string
	// Default is the default as JSON, empty if there is none.
	Default  string
	Required bool
	// Children are the keys below, by name.
	Children []string
}

type node map[string]any

// RunFile lists every key of a run file by path, without the root.
func RunFile() []Field {
	var root node
	if err := json.Unmarshal(pipeline, &root); err != nil {
		panic(fmt.Sprintf("schema of the run file: %v", err))
	}
	r := reader{definitions: below(root, "definitions")}
	r.fields("", root)
	return r.found
}

// reader walks a schema.
type reader struct {
	definitions node
	found       []Field
}

func (r *reader) fields(path string, n node) (names []string) {
	kids, required := r.children(n)
	names = slices.Sorted(maps.Keys(kids))
	for _, name := range names {
		kid, at := r.resolve(kids[name]), strings.TrimPrefix(path+"."+name, ".")
		place := len(r.found)
		r.found = append(r.found, Field{
			Path: at, Type: r.typeOf(kid), Description: text(kid["description"]), Default: written(kid["default"]),
			Required: slices.Contains(required, any(name)),
		})
		r.found[place].Children = r.fields(at, kid)
	}
	return names
}

// children are the keys of a mapping, or of the items of a list, in any of the forms that are allowed.
func (r *reader) children(n node) (kids map[string]node, required []any) {
	kids = map[string]node{}
	for _, form := range r.forms(n) {
		for name := range below(form, "properties") {
			kids[name] = below(below(form, "properties"), name)
		}
		if free := below(form, "additionalProperties"); len(free) > 0 && r.structured(free) {
			kids[Wildcard] = free
		}
		list, _ := form["required"].([]any)
		required = append(required, list...)
	}
	return kids, required
}

// structured tells whether there is anything to say about a value beyond its type.
func (r *reader) structured(n node) bool {
	return slices.ContainsFunc(r.forms(r.resolve(n)), func(form node) bool {
		return form["properties"] != nil || form["enum"] != nil
	})
}

// forms are the node itself, what it refers to and its alternatives, of lists the items.
func (r *reader) forms(n node) []node {
	n = r.resolve(n)
	list := []node{n}
	for _, key := range []string{"oneOf", "anyOf", "allOf"} {
		alternatives, _ := n[key].([]any)
		for _, a := range alternatives {
			if m, ok := a.(map[string]any); ok {
				list = append(list, r.forms(m)...)
			}
		}
	}
	if items := below(n, "items"); items != nil {
		list = append(list, r.forms(items)...)
	}
	return list
}

// resolve follows a reference into the definitions.
func (r *reader) resolve(n node) node {
	name, ok := strings.CutPrefix(text(n["$ref"]), "#/definitions/")
	if !ok {
		return n
	}
	return below(r.definitions, name)
}

// typeOf says in words what a value may be.
func (r *reader) typeOf(n node) string {
	n = r.resolve(n)
	if names, ok := n["enum"].([]any); ok {
		var words []string
		for _, name := range names {
			words = append(words, fmt.Sprint(name))
		}
		return "one of " + strings.Join(words, ", ")
	}
	var words []string
	for _, key := range []string{"oneOf", "anyOf", "allOf"} {
		alternatives, _ := n[key].([]any)
		for _, a := range alternatives {
			m, _ := a.(map[string]any)
			if word := r.typeOf(m); word != "" && !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
	}
	if len(words) > 0 {
		return strings.Join(words, ", or ")
	}
	return r.plainType(n)
}

func (r *reader) plainType(n node) string {
	switch kind := n["type"].(type) {
	case []any:
		return "text"
	case string:
		switch kind {
		case "object":
			return "mapping"
		case "array":
			return "list of " + plural(r.typeOf(below(n, "items")))
		case "string":
			return "text" + suffix(n)
		case "boolean":
			return "true or false"
		}
		return kind + bounds(n)
	}
	return ""
}

// suffix says what a text has to look like, where the schema says so in words.
func suffix(n node) string {
	if words := text(n["description"]); words != "" && n["pattern"] != nil {
		return " (" + words + ")"
	}
	return ""
}

func bounds(n node) string {
	low, hasLow := n["minimum"]
	high, hasHigh := n["maximum"]
	switch {
	case hasLow && hasHigh:
		return fmt.Sprintf(" from %v to %v", low, high)
	case hasLow:
		return fmt.Sprintf(", at least %v", low)
	}
	return ""
}

func plural(word string) string {
	if word == "text" || word == "mapping" {
		return word + "s"
	}
	return word
}

func below(n node, key string) node {
	kid, _ := n[key].(map[string]any)
	return kid
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func written(v any) string {
	if v == nil {
		return ""
	}
	src, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(src)
}

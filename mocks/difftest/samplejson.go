package difftest

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// jsonSamples are the expected body with its placeholders filled, and near mutations of it.
func jsonSamples(_ map[string]any, v any) []string {
	tree := v
	if t, ok := v.(string); ok {
		if err := decode([]byte(t), &tree); err != nil {
			return []string{t, t + " ", "{}"}
		}
	}
	return mutations(fill(tree))
}

// fill puts values where placeholders stand.
func fill(v any) any {
	switch v := v.(type) {
	case string:
		if !strings.Contains(v, "json-unit.") {
			return v
		}
		_, expr, _ := strings.Cut(v, "regex}")
		switch {
		case strings.Contains(v, "any-number"):
			return json.Number("42")
		case strings.Contains(v, "any-boolean"):
			return true
		case expr != "":
			return regexSample(expr)
		}
		return "anything"
	case map[string]any:
		filled := map[string]any{}
		for k, child := range v {
			filled[k] = fill(child)
		}
		return filled
	case []any:
		filled := make([]any, len(v))
		for i, child := range v {
			filled[i] = fill(child)
		}
		return filled
	}
	return v
}

// mutations are a JSON tree and texts close to it.
func mutations(tree any) []string {
	whole := encode(tree)
	out := []string{whole}
	vary(tree, func(v any) { out = append(out, encode(v)) })
	spaced := strings.NewReplacer(",", " ,\n ", ":", " : ").Replace(whole)
	return append(out, spaced, whole[:len(whole)/2], "["+whole+"]", "null", "{}", "[]", `"a"`, "1", "")
}

// vary gives a tree with one change at a time.
func vary(v any, give func(any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			dropped := maps.Clone(v)
			delete(dropped, k)
			give(dropped)
			vary(v[k], func(child any) {
				changed := maps.Clone(v)
				changed[k] = child
				give(changed)
			})
		}
		extra := maps.Clone(v)
		extra["extra"] = json.Number("1")
		give(extra)
	case []any:
		varyList(v, give)
	case json.Number:
		for _, n := range numberVariants(v) {
			give(json.Number(n))
		}
		give(v.String())
	case string:
		give(v + "x")
		give(strings.ToUpper(v))
		give(nil)
	case bool:
		give(!v)
		give(nil)
	case nil:
		give("null")
	}
}

func numberVariants(n json.Number) []string {
	out := []string{"7", "-0", n.String() + "e0"}
	if strings.ContainsAny(n.String(), ".eE") {
		return append(out, n.String()+"0")
	}
	return append(out, n.String()+".0", n.String()+"0")
}

func varyList(v []any, give func(any)) {
	reversed := slices.Clone(v)
	slices.Reverse(reversed)
	give(reversed)
	give(append(slices.Clone(v), "extra"))
	give(append([]any{"extra"}, v...))
	if len(v) > 0 {
		give(v[1:])
		give(append(slices.Clone(v), v[0]))
		give(v[0])
	}
	for i := range v {
		vary(v[i], func(child any) {
			changed := slices.Clone(v)
			changed[i] = child
			give(changed)
		})
	}
}

// pathStep is one step of a JSONPath: .name, ['name'], [0], [*], .., or a filter.
var pathStep = regexp.MustCompile(
	`\.\.|\.?([A-Za-z_][\w-]*)(\(\))?|\['([^']*)'\]|\[(-?\d+|\*)\]|\.\*|\[\?\(?(.*?)\)?\]`)

// filterTest is what a filter asks of a member.
var filterTest = regexp.MustCompile(`@\.([\w.]+)\s*(?:(==|!=|<=?|>=?|=~)\s*('[^']*'|[\w.]+|/.*?/i?))?`)

// pathSamples are bodies in which a JSONPath finds something.
func (s sampler) pathSamples(_ map[string]any, v any) []string {
	leaves, expr := []string{`"found"`, `""`, "0", "null", "[]", "{}", "[1,2]", `{"k":1}`, "true"}, text(v)
	if sub := object(v); sub != nil {
		expr, leaves = text(sub["expression"]), nil
		if sub["absent"] == nil {
			for _, t := range s.texts(sub) {
				leaves = append(leaves, encode(t))
				if json.Valid([]byte(t)) {
					leaves = append(leaves, t)
				}
			}
		}
		leaves = append(leaves, "null", "[]", "{}", `["a","zz"]`, "12")
	}
	var out []string
	for _, leaf := range leaves {
		out = append(out, documentFor(strings.TrimPrefix(expr, "$"), leaf))
	}
	var tree any
	if err := decode([]byte(out[0]), &tree); err == nil {
		out = append(out, mutations(tree)...)
	}
	return out
}

// documentFor builds the smallest document that has the leaf at the path.
func documentFor(path, leaf string) string {
	m := pathStep.FindStringSubmatchIndex(path)
	if m == nil {
		return leaf
	}
	group := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return path[m[2*i]:m[2*i+1]]
	}
	name, rest := group(1)+group(3), path[m[1]:]
	switch {
	case group(2) != "":
		return documentFor(rest, leaf)
	case name != "":
		return encode(map[string]any{name: json.RawMessage(documentFor(rest, leaf))})
	case group(4) != "":
		return `[` + documentFor(rest, leaf) + `]`
	case group(5) != "":
		return filtered(group(5), documentFor(rest, leaf), rest != "")
	case path[m[0]:m[1]] == "..":
		return `{"deep":` + documentFor(rest, leaf) + `}`
	}
	return `{"any":` + documentFor(rest, leaf) + `}`
}

func filtered(filter, leaf string, inside bool) string {
	item := map[string]any{"other": json.Number("1")}
	if inside {
		_ = decode([]byte(leaf), &item) // a leaf that is no object adds nothing
	}
	for _, t := range filterTest.FindAllStringSubmatch(filter, -1) {
		value := strings.Trim(t[3], "'")
		switch {
		case t[2] == "=~":
			value, _, _ = strings.Cut(strings.TrimPrefix(value, "/"), "/")
			item[t[1]] = regexSample(value)
		case t[2] == "" || strings.HasPrefix(t[3], "'") || !json.Valid([]byte(value)):
			item[t[1]] = value
		default:
			item[t[1]] = json.Number(value)
		}
	}
	return `[{"decoy":true},` + encode(item) + `]`
}

// schemaSamples are a value of the schema and near ones.
func schemaSamples(_ map[string]any, v any) []string {
	tree := v
	if t, ok := v.(string); ok {
		if err := decode([]byte(t), &tree); err != nil {
			return []string{"{}"}
		}
	}
	return mutations(instance(object(tree)))
}

func instance(schema map[string]any) any {
	if values := list(schema["enum"]); len(values) > 0 {
		return values[0]
	}
	switch text(schema["type"]) {
	case "integer", "number":
		return json.Number(max(text(schema["minimum"]), "1"))
	case "boolean":
		return true
	case "array":
		return []any{instance(object(schema["items"]))}
	case "string":
		return regexSample(text(schema["pattern"])) + strings.Repeat("s", 3)
	}
	out := map[string]any{}
	for name, sub := range object(schema["properties"]) {
		out[name] = instance(object(sub))
	}
	return out
}

package spec

// Strings is a list of texts that may also be written as a single one.
type Strings []string

// UnmarshalSpec reads one text or a list of texts.
func (s *Strings) UnmarshalSpec(n *Node) (ds Diagnostics) {
	items := n.Items()
	switch n.Kind() {
	case Scalar:
		items = []*Node{n}
	case Null, Map:
		ds.wrongKind(n, "a text or a list of texts", `"a" or ["a", "b"]`)
		return ds
	}
	list := make(Strings, 0, len(items))
	for _, item := range items {
		var text string
		ds.Add(Decode(item, &text))
		list = append(list, text)
	}
	*s = list
	return ds
}

// JSONSchemaSpec describes the written form.
func (s Strings) JSONSchemaSpec() map[string]any {
	text := map[string]any{"type": []any{"string", "number", "boolean"}}
	return map[string]any{
		"oneOf": []any{text, map[string]any{"type": "array", "items": text}},
	}
}

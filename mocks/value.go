package mocks

import "github.com/antchfx/xmlquery"

// Value is one value under judgement: a header, a query parameter or a body. JSON and XML are
// parsed at most once. It is not safe for concurrent use.
type Value struct {
	Text    string
	Present bool

	parsed  bool
	tree    any
	invalid bool

	xmlParsed bool
	document  *xmlquery.Node
}

// NewValue holds a value that is there.
func NewValue(text string) *Value { return &Value{Text: text, Present: true} }

// json is the value read as JSON; ok is false where it is none.
func (v *Value) json() (tree any, ok bool) {
	if !v.parsed {
		v.parsed = true
		tree, err := decodeJSON(v.Text)
		v.tree, v.invalid = tree, err != nil
	}
	return v.tree, !v.invalid
}

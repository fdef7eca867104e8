package mocks

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// matchesJSONSchema validates a value. As in WireMock what is no object and no list may also be valid as a
// string of its own text.
type matchesJSONSchema struct{ schema *jsonschema.Schema }

func (m matchesJSONSchema) match(v *Value) bool {
	if !v.Present || m.schema == nil {
		return false
	}
	tree, ok := v.json()
	if ok && m.schema.Validate(tree) == nil {
		return true
	}
	switch tree.(type) {
	case map[string]any, []any:
		return false
	}
	return v.Text != "" && m.schema.Validate(v.Text) == nil
}

// noLoader refuses schemas outside of the mapping.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("the reference %s leads out of the mapping, which is not supported", url)
}

func drafts() map[string]*jsonschema.Draft {
	return map[string]*jsonschema.Draft{
		"V4": jsonschema.Draft4, "V6": jsonschema.Draft6, "V7": jsonschema.Draft7,
		"V201909": jsonschema.Draft2019, "V202012": jsonschema.Draft2020,
	}
}

func takeMatchesJSONSchema(d *decoder, path string, f fields) matcher {
	version := "V202012"
	d.optional(path, f, "schemaVersion", into(d, &version, "a version such as V7"))
	draft := drafts()[version]
	if draft == nil {
		d.problem(path+".schemaVersion", "expected one of %s, got %q", strings.Join(sortedKeys(drafts()), ", "), version)
		return matchesJSONSchema{}
	}
	path += ".matchesJsonSchema"
	text := string(f["matchesJsonSchema"])
	if strings.HasPrefix(strings.TrimSpace(text), `"`) {
		if err := json.Unmarshal([]byte(text), &text); err != nil {
			d.problem(path, "expected a JSON Schema: %v", err)
		}
	}
	tree, err := decodeJSON(text)
	if err != nil {
		d.problem(path, "expected a JSON Schema: %v", err)
		return matchesJSONSchema{}
	}
	schema, err := compileSchema(tree, draft)
	if err != nil {
		d.problem(path, "expected a JSON Schema of %s: %v", version, err)
	}
	return matchesJSONSchema{schema}
}

func compileSchema(tree any, draft *jsonschema.Draft) (*jsonschema.Schema, error) {
	const place = "mem:///schema.json"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(draft)
	c.UseLoader(noLoader{})
	if err := c.AddResource(place, tree); err != nil {
		return nil, err
	}
	return c.Compile(place)
}

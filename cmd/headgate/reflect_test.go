package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/phases/backends"
	"github.com/headgate-dev/headgate/phases/quality"
	"github.com/headgate-dev/headgate/phases/sut"
	"github.com/headgate-dev/headgate/traffic/verify"
)

const draft7 = "http://json-schema.org/draft-07/schema#"

// fragment is a part of a JSON Schema.
type fragment = map[string]any

// generator makes JSON Schemas out of Go types. Types are written out where they stand: the definitions
// of a reflector go by bare type names, of which many packages have the same.
type generator struct {
	t        *testing.T
	comments map[string]string
}

// newGenerator reads the doc comments, with the module's root as working folder.
func newGenerator(t *testing.T) *generator {
	t.Helper()
	var r jsonschema.Reflector
	for _, dir := range []string{"engine", "gates", "mocks", "phases", "services", "traffic"} {
		err := r.AddGoComments("github.com/headgate-dev/headgate", dir, jsonschema.WithFullComment())
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range r.CommentMap {
		r.CommentMap[name] = strings.Join(strings.Fields(text), " ")
	}
	return &generator{t: t, comments: r.CommentMap}
}

func (g *generator) reflect(v any, r jsonschema.Reflector) fragment {
	g.t.Helper()
	r.CommentMap, r.Anonymous, r.DoNotReference = g.comments, true, true
	src, err := json.Marshal(r.Reflect(v))
	if err != nil {
		g.t.Fatal(err)
	}
	var out fragment
	if err := json.Unmarshal(src, &out); err != nil {
		g.t.Fatal(err)
	}
	delete(out, "$schema")
	return out
}

func (g *generator) render(f fragment) []byte {
	g.t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(f); err != nil {
		g.t.Fatal(err)
	}
	return b.Bytes()
}

// pipeline is the schema of a run file: its top level, with each section as its owner declares it.
func (g *generator) pipeline() []byte {
	g.t.Helper()
	root := g.settings(engine.Settings{})
	addDefaults(g.t, root, reflect.ValueOf(engine.DefaultSettings()))
	properties := root["properties"].(fragment)
	for name, section := range map[string]any{
		"traffic": verify.DefaultTraffic(), "backends": backends.Config{}, "sut": sut.Config{},
		"quality_gates": quality.Config{}, "replay": verify.DefaultReplay(),
	} {
		f := g.settings(section)
		addDefaults(g.t, f, reflect.ValueOf(section))
		if top, ok := properties[name].(fragment); ok && top["description"] != nil {
			f["description"] = top["description"]
		}
		properties[name] = f
	}
	block := roundTrip(g.t, gates.Block{}.JSONSchemaSpec())
	properties["quality_gates"].(fragment)["additionalProperties"] = fragment{"$ref": "#/definitions/gate"}
	root["definitions"] = fragment{
		"gate":  block["additionalProperties"],
		"gates": fragment{"type": "object", "additionalProperties": fragment{"$ref": "#/definitions/gate"}},
	}
	root["$schema"], root["title"] = draft7, "Headgate run file"
	root["description"] = "What to bring up, what to replay against it, and the gates that decide."
	return g.render(root)
}

func (g *generator) settings(v any) fragment {
	g.t.Helper()
	f := g.reflect(v, jsonschema.Reflector{
		FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, Mapper: g.setting,
	})
	walk(f, asDecoded)
	return f
}

// setting maps the types that are not read field by field.
func (g *generator) setting(t reflect.Type) *jsonschema.Schema {
	custom, ok := reflect.Zero(t).Interface().(interface{ JSONSchemaSpec() map[string]any })
	switch {
	case t == reflect.TypeFor[spec.Node]():
		return &jsonschema.Schema{}
	case ok:
		f := roundTrip(g.t, custom.JSONSchemaSpec())
		description, _ := f["description"].(string)
		delete(f, "description")
		return &jsonschema.Schema{Description: description, Extras: f}
	case t == reflect.TypeFor[time.Time]():
		return nil
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return &jsonschema.Schema{Type: "string"}
	case reflect.PointerTo(t).Implements(reflect.TypeFor[spec.Unmarshaler]()) && !hasKeys(t):
		g.t.Errorf("%s reads itself: give it a JSONSchemaSpec", t)
	}
	return nil
}

// hasKeys tells whether a type is a struct that is read from a mapping.
func hasKeys(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	return slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
		return f.Tag.Get("yaml") != ""
	})
}

// asDecoded brings a fragment in line with what the run file's decoder takes: fields without a key are
// no part of the file, any single value will do as text, and gates stand wherever a key says gates.
func asDecoded(f fragment) {
	properties, _ := f["properties"].(fragment)
	for name, value := range properties {
		switch p, isMap := value.(fragment); {
		case name != strings.ToLower(name):
			delete(properties, name)
		case name == "gates" && isMap:
			p["allOf"] = []any{fragment{"$ref": "#/definitions/gates"}}
		}
	}
	if f["type"] == "string" && f["enum"] == nil && f["pattern"] == nil && f["format"] == nil {
		f["type"] = []any{"string", "number", "boolean"}
	}
}

// verdict is the schema of verdict.json, in which new keys may come.
func (g *generator) verdict() []byte {
	g.t.Helper()
	root := g.reflect(engine.Report{}, jsonschema.Reflector{AllowAdditionalProperties: true, Mapper: named})
	walk(root, numbers)
	root["properties"].(fragment)["schema"] = fragment{
		"const": engine.ReportSchema, "description": "Version of this form.",
	}
	root["$schema"], root["title"] = draft7, "Headgate verdict"
	return g.render(root)
}

// named maps the types that are written as one of a list of names.
func named(t reflect.Type) *jsonschema.Schema {
	var names []any
	switch t {
	case reflect.TypeFor[engine.Verdict]():
		for _, v := range engine.Verdicts() {
			names = append(names, v.String())
		}
	case reflect.TypeFor[gates.Outcome]():
		names = []any{
			gates.Passed, gates.Warned, gates.Failed, gates.Inconclusive, gates.Errored, gates.Skipped,
		}
	case reflect.TypeFor[gates.Severity]():
		names = []any{gates.Enforce, gates.Warn, gates.Observe}
	case reflect.TypeFor[metric.Unit]():
		for u := metric.None; !strings.HasPrefix(u.String(), "unknown"); u++ {
			names = append(names, u.String())
		}
	default:
		return nil
	}
	return &jsonschema.Schema{Type: "string", Enum: names}
}

// numbers lets the numbers that are always there be null: that is how one that is not finite is written.
func numbers(f fragment) {
	properties, _ := f["properties"].(fragment)
	required, _ := f["required"].([]any)
	for name, value := range properties {
		if p, ok := value.(fragment); ok && p["type"] == "number" && slices.Contains(required, any(name)) {
			p["type"] = []any{"number", "null"}
		}
	}
}

// walk visits a fragment and all fragments in it.
func walk(value any, visit func(fragment)) {
	switch v := value.(type) {
	case fragment:
		visit(v)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(v[key], visit)
		}
	case []any:
		for _, item := range v {
			walk(item, visit)
		}
	}
}

// roundTrip makes a fragment of plain JSON values out of one of any Go values.
func roundTrip(t *testing.T, f fragment) fragment {
	t.Helper()
	src, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var out fragment
	if err := json.Unmarshal(src, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

package schemas_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/headgate-dev/headgate/schemas"
)

// draft7 is what language servers for YAML know best.
const draft7 = "http://json-schema.org/draft-07/schema#"

func TestByName(t *testing.T) {
	for _, name := range schemas.Names() {
		t.Run(name, func(t *testing.T) {
			got, ok := schemas.ByName(name)
			want, err := os.ReadFile(name + ".schema.json")
			if !ok || err != nil || !bytes.Equal(got, want) {
				t.Fatalf("ByName = %.20q, %v; the file holds %.20q, %v", got, ok, want, err)
			}
			var head struct {
				Schema string `json:"$schema"`
			}
			if err := json.Unmarshal(got, &head); err != nil || head.Schema != draft7 {
				t.Errorf("$schema is %q (%v); want %q", head.Schema, err, draft7)
			}
			got[0] = 'x'
			if again, _ := schemas.ByName(name); again[0] == 'x' {
				t.Error("a caller can change the schema")
			}
		})
	}
	if _, ok := schemas.ByName("pipelines"); ok {
		t.Error("found a schema that is not there")
	}
	if !slices.IsSorted(schemas.Names()) {
		t.Error("the names are not sorted")
	}
}

func TestCompiles(t *testing.T) {
	for _, name := range schemas.Names() {
		t.Run(name, func(t *testing.T) {
			src, _ := schemas.ByName(name)
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
			if err != nil {
				t.Fatal(err)
			}
			c := jsonschema.NewCompiler()
			if err := c.AddResource(name, doc); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Compile(name); err != nil {
				t.Error(err)
			}
		})
	}
}

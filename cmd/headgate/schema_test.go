package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/phases/backends"
	"github.com/headgate-dev/headgate/phases/quality"
	"github.com/headgate-dev/headgate/phases/sut"
	reportjson "github.com/headgate-dev/headgate/reporters/json"
	"github.com/headgate-dev/headgate/reporters/reportertest"
	"github.com/headgate-dev/headgate/schemas"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/verify"
)

var update = flag.Bool("update", false, "write golden files and schemas anew")

// TestSchemas makes the schemas out of the types. With -update it writes them into schemas/.
func TestSchemas(t *testing.T) {
	t.Chdir("../..")
	g := newGenerator(t)
	for name, got := range map[string][]byte{"pipeline": g.pipeline(), "verdict": g.verdict()} {
		path := filepath.Join("schemas", name+".schema.json")
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not current, run: go test ./cmd/headgate -run TestSchemas -update\n%s", path, diff)
		}
	}
}

func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	src, ok := schemas.ByName(name)
	if !ok {
		t.Fatalf("there is no schema %s", name)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validateJSON(t *testing.T, schema *jsonschema.Schema, src []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatalf("%v in %s", err, src)
	}
	return schema.Validate(doc)
}

func validateYAML(t *testing.T, schema *jsonschema.Schema, src []byte) error {
	t.Helper()
	var doc any
	if err := yaml.Unmarshal(src, &doc); err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return validateJSON(t, schema, plain)
}

// decode reads a run file as the phases do, section by section, without what it names.
func decode(t *testing.T, src []byte) error {
	t.Helper()
	doc, ds := spec.Parse("pipeline.yaml", src, spec.Options{Reserved: engine.References()})
	if doc == nil {
		return ds.Err()
	}
	var s engine.Settings
	ds.Add(spec.Decode(doc.Root, &s))
	var (
		trafficConfig verify.TrafficConfig
		replayConfig  verify.ReplayConfig
		first         backends.Config
		second        sut.Config
		third         quality.Config
	)
	ds.Add(spec.Decode(s.Traffic, &trafficConfig))
	ds.Add(spec.Decode(s.Backends, &first))
	ds.Add(spec.Decode(s.SUT, &second))
	ds.Add(spec.Decode(s.QualityGates.Key("canary"), &third.Canary))
	if s.Replay.Kind() != spec.Null {
		ds.Add(spec.Decode(s.Replay, &replayConfig))
	}
	return ds.Err()
}

func TestRunFilesAreValid(t *testing.T) {
	schema := compile(t, "pipeline")
	files, err := filepath.Glob("testdata/schema/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("../../examples/*/pipeline.yaml")
	if err != nil || len(files) == 0 || len(examples) == 0 {
		t.Fatalf("run files: %v, examples: %v, %v", files, examples, err)
	}
	for _, path := range append(files, examples...) {
		t.Run(path, func(t *testing.T) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := validateYAML(t, schema, src); err != nil {
				t.Errorf("the schema refuses it: %v", err)
			}
			if err := decode(t, src); err != nil {
				t.Errorf("the decoder refuses it: %v", err)
			}
		})
	}
}

// TestMistakesAreInvalid changes one thing of a valid run file; schema and decoder must both refuse it.
func TestMistakesAreInvalid(t *testing.T) {
	schema := compile(t, "pipeline")
	whole, err := os.ReadFile("testdata/schema/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ old, replacement string }{
		"top level":          {"\nreplay:", "\nreplays:"},
		"mock":               {"      stubs: ", "      stub: "},
		"mock engine":        {"engine: embedded", "engine: embed"},
		"real":               {"      probe: ", "      probes: "},
		"app":                {"      warm_up: ", "      warmup: "},
		"app without a name": {"    - name: orders-svc\n", "    -\n"},
		"ready":              {"consecutive: 3", "consecutiv: 3"},
		"ready too few":      {"consecutive: 3", "consecutive: 0"},
		"duration":           {"timeout: 60s", "timeout: 60"},
		"port":               {"port: 8080", "port: 80800"},
		"canary":             {"canary: {requests: 100}", "canary: {request: 100}"},
		"inlined":            {"concurrency: 10", "concurency: 10"},
		"no sources":         {"traffic: {sources: [./prod-traffic/, ./local-traffic/]}", "traffic: {source: [a]}"},
		"scale":              {"time_scale: 10x", "time_scale: fast"},
		"compare":            {"extra_fields: fail", "extra_fields: ignore"},
		"endpoint rules":     {"{extra_fields: allow}", "{extra_field: allow}"},
		"matcher":            {`"$.id": uuid`, `"$.id": guid`},
		"cutoffs":            {"    grace: 2s", "    grade: 2s"},
		"baseline":           {"source: pinned", "source: pined"},
		"retries":            {"retries: 1", "retries: 11"},
		"version":            {"version: 1", "version: 2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if strings.Count(string(whole), tt.old) != 1 {
				t.Fatalf("%q is not there exactly once", tt.old)
			}
			src := []byte(strings.Replace(string(whole), tt.old, tt.replacement, 1))
			if validateYAML(t, schema, src) == nil {
				t.Error("the schema accepts it")
			}
			if decode(t, src) == nil {
				t.Error("the decoder accepts it")
			}
		})
	}
	for _, mistake := range []string{"on_fail: {go: stop}", "on_fail: {goto: halt}"} {
		src := []byte(strings.Replace(string(whole), "on_fail: {goto: stop}", mistake, 1))
		if validateYAML(t, schema, src) == nil {
			t.Errorf("the schema accepts a gate with %s", mistake)
		}
	}
}

func TestVerdictSchema(t *testing.T) {
	schema := compile(t, "verdict")
	for name, rep := range map[string]*engine.Report{
		"passed": reportertest.Passed(), "failed": reportertest.Failed(), "faulted": reportertest.Faulted(),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := reportjson.Write(&out, rep); err != nil {
				t.Fatal(err)
			}
			if err := validateJSON(t, schema, out.Bytes()); err != nil {
				t.Error(err)
			}
			for old, replacement := range map[string]string{
				`"schema": 1`: `"schema": 2`, `"verdict": "`: `"verdict": "x`, `"seconds": 12.345`: `"seconds": "12"`,
				`"gates": [`: `"gates": null, "x": [`, `"outcome": "passed"`: `"outcome": "green"`,
			} {
				changed := strings.Replace(out.String(), old, replacement, 1)
				if changed == out.String() || validateJSON(t, schema, []byte(changed)) == nil {
					t.Errorf("accepts it with %s", replacement)
				}
			}
		})
	}
}

func TestRecordSchema(t *testing.T) {
	schema := compile(t, "record")
	at := time.Date(2026, 11, 1, 8, 30, 0, 123456789, time.UTC)
	header := http.Header{"Content-Type": {"a", "b"}}
	record := &traffic.Record{
		ID: "r1", Time: at, Direction: traffic.Outbound, Service: "orders", Session: "s", Parent: "p",
		Protocol: traffic.HTTP, Duration: 1500 * time.Microsecond,
		Request:  &traffic.Request{Method: "POST", URL: "/a?b", Host: "h", Header: header, Body: []byte("text")},
		Response: &traffic.Response{Status: 201, Header: header, Body: []byte{0xff}},
	}
	line, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]recordChange{
		"as it is":        {"{", "{", true},
		"further key":     {`"id"`, `"later":1,"id"`, true},
		"no id":           {`"id"`, `"i"`, false},
		"empty id":        {`"r1"`, `""`, false},
		"no time":         {`"time"`, `"at"`, false},
		"odd time":        {"2026-11-01T", "2026-11-01 ", false},
		"odd direction":   {"outbound", "sideways", false},
		"odd protocol":    {`"http"`, `"smtp"`, false},
		"negative":        {`"duration_ms":1.5`, `"duration_ms":-1.5`, false},
		"no request":      {`"request"`, `"requests"`, false},
		"no method":       {`"method"`, `"verb"`, false},
		"odd method":      {`"POST"`, `"PO ST"`, false},
		"no url":          {`"/a?b"`, `""`, false},
		"odd status":      {`"status":201`, `"status":20`, false},
		"text status":     {`"status":201`, `"status":"201"`, false},
		"single header":   {`["a","b"]`, `"a"`, false},
		"two bodies":      {`"body":"text"`, `"body":"text","body_base64":"AA=="`, false},
		"number as body":  {`"body":"text"`, `"body":1`, false},
		"without answers": {`"response":{"status":201,`, `"answer":{"status":201,`, true},
		"sql in http":     {`"url"`, `"sql":"select 1","url"`, false},
		"a tag in http":   {`"status":201`, `"tag":"SELECT 1","status":201`, false},
	}
	checkRecords(t, schema, string(line), tests)
}

func TestQueryRecordSchema(t *testing.T) {
	value := "20"
	record := &traffic.Record{
		ID: "q1", Time: time.Date(2026, 11, 1, 8, 30, 0, 0, time.UTC), Direction: traffic.Outbound,
		Connection: "c1", Protocol: traffic.Postgres,
		Request: &traffic.Request{Host: "db", Query: &traffic.Query{
			SQL: "select $1", Params: []traffic.Param{{Type: "int8", Value: &value}},
		}},
		Response: &traffic.Response{Result: &traffic.Result{
			Columns: []traffic.Column{{Name: "id", Type: "int8"}}, Rows: [][]*string{{&value}, {nil}}, Tag: "SELECT 2",
			Then: []traffic.Result{{Error: &traffic.QueryError{
				SQLState: "23505", Message: "twice", Fields: map[string]string{"detail": "x"},
			}}},
		}},
	}
	line, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	checkRecords(t, compile(t, "record"), string(line), map[string]recordChange{
		"as it is":        {"{", "{", true},
		"inbound":         {"outbound", "inbound", false},
		"no sql":          {`"sql"`, `"query"`, false},
		"empty sql":       {`"select $1"`, `""`, true},
		"a method":        {`"sql"`, `"method":"GET","sql"`, false},
		"a body":          {`"sql"`, `"body":"x","sql"`, false},
		"number as value": {`"value":"20"`, `"value":20`, false},
		"number in a row": {`[null]`, `[1]`, false},
		"text as row":     {`[null]`, `"x"`, false},
		"tag and error":   {`"tag"`, `"error":{"sqlstate":"23505"},"tag"`, false},
		"no code":         {`"sqlstate"`, `"code"`, false},
		"odd field":       {`"detail":"x"`, `"detail":1`, false},
		"nested then":     {`{"error"`, `{"then":[{}],"error"`, false},
		"a status":        {`"columns"`, `"status":200,"columns"`, false},
		"without answers": {`"response"`, `"answer"`, true},
	})
}

type recordChange struct {
	old, replacement string
	valid            bool
}

// checkRecords holds the schema and the reader against changes of one line.
func checkRecords(t *testing.T, schema *jsonschema.Schema, line string, tests map[string]recordChange) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			src := []byte(strings.Replace(line, tt.old, tt.replacement, 1))
			if err := validateJSON(t, schema, src); (err == nil) != tt.valid {
				t.Errorf("schema: %v", err)
			}
			if err := new(traffic.Record).UnmarshalJSON(src); (err == nil) != tt.valid {
				t.Errorf("reader: %v", err)
			}
		})
	}
}

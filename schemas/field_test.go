package schemas_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/schemas"
)

func TestRunFile(t *testing.T) {
	fields := map[string]schemas.Field{}
	for _, f := range schemas.RunFile() {
		if _, twice := fields[f.Path]; twice {
			t.Errorf("%s is there twice", f.Path)
		}
		fields[f.Path] = f
	}
	tests := map[string]schemas.Field{
		"replay.concurrency": {
			Type: "integer, at least 1", Description: "How many sessions are replayed at a time.", Default: "10",
		},
		"replay.compare.extra_fields": {
			Type:        "one of fail, allow",
			Description: "Whether object fields that the recorded response does not have are differences: fail or allow.",
			Default:     `"fail"`,
		},
		"backends.mocks.name": {
			Type: "text", Description: "Name by which ${mocks.NAME.url} and gates refer to the mock.", Required: true,
		},
		"backends.mocks.on_miss.status": {
			Type: "integer from 400 to 599", Description: "Status of the answer, an error status: a miss is never a silent 200.",
			Default: "599",
		},
		"replay.compare.unordered.NAME.by": {Type: "text", Required: true},
	}
	for path, want := range tests {
		t.Run(path, func(t *testing.T) {
			want.Path = path
			if diff := cmp.Diff(want, fields[path]); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for path, children := range map[string][]string{
		"sut":                           {"apps"},
		"replay.compare.endpoints.NAME": {"extra_fields", "headers", "ignore"},
		"quality_gates.NAME":            {"expr", "min_samples", "on_fail", "severity"},
		"backends.mocks.gates":          {schemas.Wildcard},
	} {
		for _, child := range children {
			if !slices.Contains(fields[path].Children, child) {
				t.Errorf("%s has %v, want %s", path, fields[path].Children, child)
			}
		}
	}
	for path, f := range fields {
		for _, child := range f.Children {
			if _, known := fields[path+"."+child]; !known {
				t.Errorf("%s.%s is not listed", path, child)
			}
		}
	}
}

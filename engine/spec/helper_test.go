package spec_test

import (
	"fmt"
	"testing"

	"github.com/headgate-dev/headgate/engine/spec"
)

// lines are the findings as line:column: message | hint.
func lines(ds spec.Diagnostics) []string {
	out := make([]string, 0, len(ds))
	for _, d := range ds {
		s := fmt.Sprintf("%d:%d: %s", d.Pos.Line, d.Pos.Column, d.Message)
		if d.Hint != "" {
			s += " | " + d.Hint
		}
		out = append(out, s)
	}
	return out
}

func parse(t *testing.T, src string, o spec.Options) *spec.Document {
	t.Helper()
	doc, ds := spec.Parse("run.yaml", []byte(src), o)
	if err := ds.Err(); err != nil {
		t.Fatalf("parsing %q: %v", src, err)
	}
	return doc
}

// environment is a fixed set of environment variables.
func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}
}

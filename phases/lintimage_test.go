package phases

import (
	"strconv"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
)

func TestLintImages(t *testing.T) {
	tests := map[string]struct {
		image string
		warns bool
	}{
		"version":                {"postgres:16.4", false},
		"no tag":                 {"postgres", true},
		"latest":                 {"registry.test/acme/orders:latest", true},
		"port of a registry":     {"localhost:5000/orders", true},
		"port and tag":           {"localhost:5000/orders:v1", false},
		"digest":                 {"orders@sha256:0f2b", false},
		"latest under a digest":  {"orders:latest@sha256:0f2b", false},
		"filled in while it ran": {"orders:pr-123", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, section := range []string{
				"backends: {mocks: [{name: x, image: %s}]}", "backends: {real: [{name: x, image: %s}]}",
				"backends: {databases: [{name: x, image: %s}]}", "sut: {apps: [{name: x, image: %s}]}",
			} {
				ds := imageFindings(t, section, tt.image)
				if warned := len(ds) == 1 && ds[0].Severity == spec.Warning && ds[0].Pos.Line == 1; warned != tt.warns {
					t.Errorf("%s in %s: found %v", tt.image, section, ds)
				}
			}
		})
	}
}

func imageFindings(t *testing.T, section, image string) (ds spec.Diagnostics) {
	t.Helper()
	src := strings.ReplaceAll(section, "%s", strconv.Quote(image))
	doc, found := spec.Parse("run.yaml", []byte(src), spec.Options{})
	if found.Err() != nil {
		t.Fatal(found)
	}
	p := &engine.Pipeline{Document: doc}
	p.Backends, p.SUT = doc.Root.Key("backends"), doc.Root.Key("sut")
	lintImages(p, &ds)
	return ds
}

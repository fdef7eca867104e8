package spec_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
)

var update = flag.Bool("update", false, "write the golden files")

func TestRender(t *testing.T) {
	at := func(line, column int) spec.Pos { return spec.Pos{File: "pipeline.yaml", Line: line, Column: column} }
	long := strings.Repeat("abcdefgh ", 30)
	source := "name: x\n\tkey:\tbad value\ntext: \"日本語\" bad\n" + long + "\n" + "e: \x1b[31mred\u202e\n"
	for name, tc := range map[string]struct {
		ds    spec.Diagnostics
		color bool
	}{
		"sorted": {ds: spec.Diagnostics{
			{Pos: at(3, 7), Len: 5, Message: "second", Severity: spec.Warning},
			{Pos: at(1, 1), Len: 4, Message: "first", Hint: "write it otherwise"},
			{Pos: at(1, 7), Message: "after it"},
		}},
		"tabs": {ds: spec.Diagnostics{{Pos: at(2, 7), Len: 3, Message: "after tabs"}}},
		"wide": {
			ds: spec.Diagnostics{{Pos: at(3,
				7), Len: 5, Message: "wide"}, {Pos: at(3, 13), Len: 3, Message: "x"}},
		},
		"long":        {ds: spec.Diagnostics{{Pos: at(4, 136), Len: 8, Message: "in the middle"}}},
		"long_mark":   {ds: spec.Diagnostics{{Pos: at(4, 10), Len: 200, Message: "to the end"}}},
		"end_of_line": {ds: spec.Diagnostics{{Pos: at(1, 8), Message: "a value is missing here"}}},
		"outside": {
			ds: spec.Diagnostics{{Pos: at(99,
				1), Message: "no such line"}, {Pos: at(0, 0), Message: "file"}},
		},
		"control": {
			ds: spec.Diagnostics{{Pos: at(5,
				4), Message: "has \x1b[31m in it", Hint: "a\u202eb"}},
		},
		"color": {
			color: true,
			ds:    spec.Diagnostics{{Pos: at(1, 1), Len: 4, Message: "first", Hint: "hint"}},
		},
		"none":            {},
		"two_of_each_one": {ds: spec.Diagnostics{{Pos: at(1, 1), Message: "a"}, {Pos: at(1, 1), Message: "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			spec.Render(&out, tc.ds, func(string) []byte { return []byte(source) }, tc.color)
			golden(t, name, out.Bytes())
		})
	}
}

func TestRenderOfARunFile(t *testing.T) {
	src, err := os.ReadFile(filepath.Join("testdata", "broken.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	doc, ds := spec.Parse("broken.yaml", src, spec.Options{Reserved: []string{"mocks"}})
	var got settings
	ds.Add(spec.Decode(doc.Root.Key("app"), &got))
	var out bytes.Buffer
	spec.Render(&out, ds, func(string) []byte { return doc.Source }, false)
	golden(t, "broken", out.Bytes())
}

func TestRenderWithoutSource(t *testing.T) {
	var out bytes.Buffer
	ds := spec.Diagnostics{{Pos: spec.Pos{File: "a", Line: 1, Column: 2}, Message: "m", Hint: "h"}}
	spec.Render(&out, ds, nil, false)
	if got, want := out.String(), "a:1:2: error: m\n  hint: h\n1 error\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "render", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

package spec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
)

func TestLoadRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		content string
		want    string
	}{
		"empty":        {"", "1:1: the run file is empty"},
		"blank":        {" \n\n", "1:1: the run file is empty"},
		"comment only": {"# nothing\n", "1:1: the run file is empty"},
		"binary": {
			"a: b\nc: \x00",
			"2:4: this is a binary file: it has a NUL byte here | a run file is a YAML text",
		},
		"not UTF-8": {"a: é\nb: \xff\n", "2:4: the text is not valid UTF-8 | save the file as UTF-8"},
		"control": {
			"a: \x01\n",
			`1:4: the control character U+0001 is not allowed in YAML` +
				` | remove it, or write "\u0001" in double quotes`,
		},
		"too large": {
			strings.Repeat("a",
				spec.MaxSize+1), "0:0: the run file is larger than 4 MiB" +
				" | keep captured traffic in files of its own and name them in the run file",
		},
		"too deep": {
			strings.Repeat("[",
				150) + strings.Repeat("]", 150), "1:101: values are nested more than 100 levels deep",
		},
		"much too deep": {
			strings.Repeat("[", 20000), "1:10001: values are nested more than 100 levels deep",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "pipeline.yaml")
			if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			doc, ds := spec.Load(path, spec.Options{})
			if diff := cmp.Diff([]string{tc.want}, lines(ds)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if doc == nil {
				t.Error("no document")
			}
		})
	}
}

func TestLoadMissingAndFolder(t *testing.T) {
	dir := t.TempDir()
	_, ds := spec.Load(dir, spec.Options{})
	if err := ds.Err(); err == nil || !strings.Contains(err.Error(), "this is a folder") {
		t.Errorf("folder: %v", err)
	}
	missing := filepath.Join(dir, "nope.yaml")
	_, ds = spec.Load(missing, spec.Options{})
	want := missing + ": cannot open the run file: no such file or directory"
	if err := ds.Err(); err == nil || err.Error() != want {
		t.Errorf("missing: %v, want %s", err, want)
	}
}

func TestLoadReadsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	if err := os.WriteFile(path, []byte("\ufeffname: orders\r\nversion: 1\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	doc, ds := spec.Load(path, spec.Options{})
	if ds.Err() != nil || doc.Root.Key("name").Text() != "orders" || doc.Path != path {
		t.Fatalf("got %v, %v", doc.Root.Key("name").Text(), ds)
	}
	if got, want := doc.Root.Key("version").Pos(), (spec.Pos{File: path, Line: 2, Column: 10}); got != want {
		t.Errorf("position %v, want %v", got, want)
	}
}

func TestMergeAndAliases(t *testing.T) {
	doc := parse(t, `
base: &base {a: 1, b: 2}
more: &more {b: 3, c: 4}
one: {<<: *base, b: 5}
two: {b: 6, <<: [*base, *more]}
same: *base
`, spec.Options{})
	for key, want := range map[string]map[string]any{
		"one":  {"a": int64(1), "b": int64(5)},
		"two":  {"a": int64(1), "b": int64(6), "c": int64(4)},
		"same": {"a": int64(1), "b": int64(2)},
	} {
		var got any
		if ds := spec.Decode(doc.Root.Key(key), &got); ds.Err() != nil {
			t.Fatal(ds)
		}
		if diff := cmp.Diff(any(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestAliasBomb(t *testing.T) {
	var src strings.Builder
	src.WriteString("a0: &a0 [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n")
	for i := range 12 {
		list := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", ")
		fmt.Fprintf(&src, "a%d: &a%d [%s]\n", i+1, i+1, list)
	}
	doc, ds := spec.Parse("run.yaml", []byte(src.String()), spec.Options{})
	if doc.Root != nil || len(ds) != 1 || !strings.Contains(ds[0].Message, "aliases repeat values") {
		t.Errorf("root %v, findings %v", doc.Root, ds)
	}
}

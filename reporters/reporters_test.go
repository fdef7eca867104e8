package reporters_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/reporters"
	"github.com/headgate-dev/headgate/reporters/reportertest"
)

func TestMake(t *testing.T) {
	cases := map[string]struct {
		names []string
		files []string
		says  bool
	}{
		"all":      {reporters.Names(), []string{"junit.xml", "metrics.txt", "verdict.json"}, true},
		"none":     {nil, []string{"verdict.json"}, false},
		"terminal": {[]string{"terminal"}, []string{"verdict.json"}, true},
		"twice":    {[]string{"json", "json"}, []string{"verdict.json"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			dir := t.TempDir()
			made, err := reporters.Make(c.names, reporters.Options{Dir: dir, Out: &out})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range made {
				r.Event(engine.Event{Kind: engine.RunStarted})
				if err := r.Finish(reportertest.Failed()); err != nil {
					t.Error(err)
				}
			}
			var files []string
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				files = append(files, e.Name())
			}
			if diff := cmp.Diff(c.files, files); diff != "" {
				t.Error(diff)
			}
			if said := strings.Contains(out.String(), "FAILED"); said != c.says {
				t.Errorf("output %q", out.String())
			}
		})
	}
}

// TestFilersNameTheirFiles keeps the report's list of artifacts true.
func TestFilersNameTheirFiles(t *testing.T) {
	dir := t.TempDir()
	made, err := reporters.Make(reporters.Names(), reporters.Options{Dir: dir, Out: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	filers := 0
	for _, r := range made {
		if err := r.Finish(reportertest.Passed()); err != nil {
			t.Fatal(err)
		}
		f, ok := r.(engine.Filer)
		if !ok {
			continue
		}
		filers++
		if _, err := os.Stat(filepath.Join(dir, f.Artifact())); err != nil {
			t.Error(err)
		}
	}
	if filers != len(made)-1 {
		t.Errorf("%d of %d reporters name a file", filers, len(made))
	}
}

func TestMakeRefuses(t *testing.T) {
	_, err := reporters.Make([]string{"json", "carrier-pigeon"}, reporters.Options{})
	if err == nil || !strings.Contains(err.Error(), `there is no report "carrier-pigeon": known are terminal, json`) {
		t.Errorf("error %v", err)
	}
}

func TestCheck(t *testing.T) {
	cases := map[string]struct {
		text string
		want int
	}{
		"list":     {"reports: [terminal, json]\n", 0},
		"one":      {"reports: junit\n", 0},
		"unknown":  {"reports: [jsn, terminal, junti]\n", 2},
		"one only": {"reports: jsn\n", 1},
		"none":     {"name: x\n", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			doc, ds := spec.Parse("pipeline.yaml", []byte(c.text), spec.Options{})
			if ds.Err() != nil {
				t.Fatal(ds)
			}
			found := reporters.Check(doc.Root.Key("reports"))
			if len(found) != c.want {
				t.Errorf("findings %v", found)
			}
			for _, d := range found {
				if d.Pos.Line != 1 || !strings.HasPrefix(d.Hint, "known are: terminal, json") {
					t.Errorf("finding %+v", d)
				}
			}
		})
	}
}

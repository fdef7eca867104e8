package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
)

func TestLoadDefaults(t *testing.T) {
	p, ds := load(t, minimal)
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	want := engine.DefaultSettings()
	want.Name = "shop" // the folder's name
	got := p.Settings
	got.Replay = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if p.Resolve("x/y") != filepath.Join(p.Dir, "x/y") || p.Resolve("/x") != "/x" || !filepath.IsAbs(p.Dir) {
		t.Errorf("folder %q, resolved %q", p.Dir, p.Resolve("x/y"))
	}
	if p.String() != "shop ("+p.Path+")" {
		t.Errorf("described as %q", p)
	}
}

func TestLoadSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	write(t, path, `
version: 1
name: shop-${BRANCH}
vars: {BRANCH: main}
replay: {target: "${env.TARGET}", traffic: x}
baseline: {source: pinned, file: b.json}
on_failure: {rollback: none, retries: 3, keep: [logs]}
reports: json
`)
	env := func(name string) (string, bool) { return "http://127.0.0.1:1", name == "TARGET" }
	p, ds := engine.Load(path, map[string]string{"BRANCH": "pr-1"}, env)
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	if target := p.Replay.Key("target").Text(); p.Name != "shop-pr-1" || target != "http://127.0.0.1:1" {
		t.Errorf("name %q, target %q", p.Name, target)
	}
	if diff := cmp.Diff(engine.BaselineConfig{Source: "pinned", File: "b.json"}, p.Baseline); diff != "" {
		t.Error(diff)
	}
	want := engine.OnFailure{Rollback: "none", Retries: 3, Keep: spec.Strings{"logs"}}
	if diff := cmp.Diff(want, p.OnFailure); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(spec.Strings{"json"}, p.Reports); diff != "" {
		t.Error(diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	cases := map[string]struct{ file, want string }{
		"nothing to run":      {"name: x\n", "nothing to run"},
		"empty":               {"", ""},
		"unknown key":         {minimal + "replays: 1\n", "replays"},
		"version":             {minimal + "version: 2\n", "2"},
		"pinned without file": {minimal + "baseline: {source: pinned}\n", "a pinned baseline needs a file"},
		"file for capture":    {minimal + "baseline: {file: b.json}\n", "a file is read only by source: pinned"},
		"unknown source":      {minimal + "baseline: {source: history}\n", "history"},
		"retries":             {minimal + "on_failure: {retries: 11}\n", "11"},
		"rollback":            {minimal + "on_failure: {rollback: always}\n", "always"},
		"keep":                {minimal + "on_failure: {keep: [containers]}\n", `"containers" cannot be kept`},
		"unset variable":      {"name: ${NOPE}\n" + minimal, "NOPE"},
		"not a mapping":       {"- a\n", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, ds := load(t, c.file)
			if ds.Err() == nil || !strings.Contains(ds.Error(), c.want) {
				t.Errorf("findings: %v", ds)
			}
		})
	}
}

func TestLoadTellsEverythingAtOnce(t *testing.T) {
	_, ds := load(t, minimal+"version: 3\nnope: 1\nbaseline: {source: pinned}\n")
	if len(ds) != 3 {
		t.Errorf("%d findings: %v", len(ds), ds)
	}
	for _, d := range ds {
		if d.Pos.Line == 0 {
			t.Errorf("no place: %v", d)
		}
	}
}

func TestLoadWithoutFile(t *testing.T) {
	p, ds := engine.Load(filepath.Join(t.TempDir(), "none.yaml"), nil, os.LookupEnv)
	if p != nil || ds.Err() == nil {
		t.Errorf("pipeline %v, findings %v", p, ds)
	}
}

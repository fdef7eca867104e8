package engine

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
)

// Pipeline is a parsed run file. The sections of the phases are handed to the phases as they stand;
// each phase decodes its own.
type Pipeline struct {
	Settings
	// Path is the run file as it was given, Dir its folder, absolute: relative paths start there.
	Path, Dir string
	Document  *spec.Document
	// Metrics declares what gates may refer to.
	Metrics *metric.Registry
}

// Settings are the top-level keys of a run file.
type Settings struct {
	// Version of the run file's format; 1 is the only one.
	Version int `yaml:"version" jsonschema:"minimum=1,maximum=1"`
	// Name of the pipeline, for reports and baselines.
	Name string `yaml:"name"`
	// Vars are values for ${NAME}; --var NAME=value wins over them.
	Vars map[string]string `yaml:"vars"`
	// Traffic says how captured traffic is selected and grouped into sessions.
	Traffic *spec.Node `yaml:"traffic"`
	// Backends are the mocks and services that the application depends on (phase 1).
	Backends *spec.Node `yaml:"backends"`
	// SUT is the system under test (phase 2).
	SUT *spec.Node `yaml:"sut"`
	// QualityGates decide on a canary slice of the traffic (phase 3) and at the end on all of it.
	QualityGates *spec.Node `yaml:"quality_gates"`
	// Replay is the captured inbound traffic and how it is sent and compared (phase 4).
	Replay *spec.Node `yaml:"replay"`
	// Baseline says what the run is measured against.
	Baseline BaselineConfig `yaml:"baseline"`
	// OnFailure says what to do when a gate fails.
	OnFailure OnFailure `yaml:"on_failure"`
	// Reports are the forms in which the result is written.
	Reports spec.Strings `yaml:"reports"`
}

// BaselineConfig says what the run is measured against.
type BaselineConfig struct {
	// Source is capture (the recorded answers: correctness only) or pinned (a file made by "headgate
	// baseline record").
	Source string `yaml:"source" jsonschema:"enum=capture,enum=pinned"`
	// File is the pinned baseline, relative to the run file.
	File string `yaml:"file"`
}

// OnFailure says what to do when a gate fails.
type OnFailure struct {
	// Rollback is auto (go back to the phase that the gate names) or none.
	Rollback string `yaml:"rollback" jsonschema:"enum=auto,enum=none"`
	// Retries bounds how often a run may go back.
	Retries int `yaml:"retries" jsonschema:"minimum=0,maximum=10"`
	// Keep names what stays after a run; logs and artifacts always do.
	Keep spec.Strings `yaml:"keep"`
}

// DefaultSettings are the settings of an empty run file.
func DefaultSettings() Settings {
	return Settings{
		Version:   1,
		Baseline:  BaselineConfig{Source: "capture"},
		OnFailure: OnFailure{Rollback: "auto", Retries: 1, Keep: spec.Strings{"logs", "artifacts"}},
		Reports:   spec.Strings{"terminal", "json", "junit", "openmetrics"},
	}
}

// References are the namespaces of ${...} that are filled in while the run goes on.
func References() []string {
	return []string{"mocks", "real", "databases", "apps", "run", "self"}
}

// Load reads a run file. The findings hold every mistake of the top level; the phases add theirs.
func Load(path string, vars map[string]string, env func(string) (string, bool)) (*Pipeline, spec.Diagnostics) {
	doc, ds := spec.Load(path, spec.Options{Vars: vars, Env: env, Reserved: References()})
	if doc == nil || doc.Root == nil {
		return nil, ds
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		ds.Errorf(doc.Root.Pos(), "", "folder of the run file: %v", err)
		return nil, ds
	}
	p := &Pipeline{Settings: DefaultSettings(), Path: path, Dir: dir, Document: doc}
	ds.Add(spec.Decode(doc.Root, &p.Settings))
	p.check(&ds)
	p.checkVars(&ds)
	return p, ds
}

// checkVars finds values from the command line that go nowhere: with a mistyped name the run would go on
// as if nothing had been given.
func (p *Pipeline) checkVars(ds *spec.Diagnostics) {
	var known []string
	for _, v := range p.Document.Root.Key("vars").Entries() {
		known = append(known, v.Key)
	}
	for _, name := range p.Document.Unused() {
		hint := "write ${" + name + "} where the value belongs, or leave it out"
		if near := spec.Nearest(name, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		ds.Errorf(p.Document.Root.Pos(), hint, "a value is given for %s, but the run file has no ${%s}", name, name)
	}
}

func (p *Pipeline) check(ds *spec.Diagnostics) {
	if p.Name == "" {
		p.Name = filepath.Base(p.Dir)
	}
	baseline := p.Document.Root.Key("baseline")
	if p.Baseline.Source == "pinned" && p.Baseline.File == "" {
		ds.Errorf(baseline.Pos(), "add: file: ./baseline.json (make it with headgate baseline record)",
			"a pinned baseline needs a file")
	}
	if p.Baseline.Source == "capture" && p.Baseline.File != "" {
		ds.Errorf(baseline.Key("file").Pos(), "write source: pinned", "a file is read only by source: pinned")
	}
	for _, kept := range p.Document.Root.Key("on_failure").Key("keep").Items() {
		if k := kept.Text(); k != "logs" && k != "artifacts" {
			ds.Errorf(kept.Pos(), "", "%q cannot be kept: logs and artifacts can", k)
		}
	}
	if p.Replay.Kind() == spec.Null && p.SUT.Kind() == spec.Null && p.Backends.Kind() == spec.Null {
		ds.Errorf(p.Document.Root.Pos(), "a run needs at least replay: with its target and traffic",
			"nothing to run: none of backends, sut and replay is there")
	}
}

// Resolve makes a path of the run file absolute. A URL, such as s3://bucket/key, stays as it is.
func (p *Pipeline) Resolve(path string) string {
	if filepath.IsAbs(path) || strings.Contains(path, "://") {
		return path
	}
	return filepath.Join(p.Dir, path)
}

func (p *Pipeline) String() string { return fmt.Sprintf("%s (%s)", p.Name, p.Path) }

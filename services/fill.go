package services

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
)

func (f Fill) list(texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, f.Expand(text))
	}
	return out
}

func (f Fill) values(of map[string]string) map[string]string {
	out := make(map[string]string, len(of))
	for _, name := range slices.Sorted(maps.Keys(of)) {
		out[name] = f.Expand(of[name])
	}
	return out
}

// environment begins with PORT; the run file's own comes later and wins.
func (f Fill) environment(env map[string]string) []string {
	var list []string
	if f.Port != 0 {
		list = append(list, "PORT="+strconv.Itoa(f.Port))
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+f.Expand(env[name]))
	}
	return list
}

// FileSetting is a file or folder that is copied into a container: "./local:/inside" or a mapping.
type FileSetting struct {
	// Source on this machine, relative to the run file.
	Source string `yaml:"source"`
	// Content of the file, in place of a source; ${...} is filled in.
	Content string `yaml:"content"`
	// Target is the path inside.
	Target string `yaml:"target" jsonschema:"required"`
	// Mode is its permissions, such as "0755"; by default those of the source, or 0644.
	Mode string `yaml:"mode" jsonschema:"pattern=^0?[0-7]{3}$"`
}

// UnmarshalSpec reads the short form, or the mapping.
func (s *FileSetting) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	if n.Kind() == spec.Scalar {
		var ds spec.Diagnostics
		parts := strings.Split(n.Text(), ":")
		if len(parts) != 2 || parts[0] == "" {
			ds.Errorf(n.Pos(), "write ./local:/inside", "%q names no file of this machine and its place inside", n.Text())
			return ds
		}
		s.Source, s.Target = parts[0], parts[1]
		return ds
	}
	type plain FileSetting
	return spec.Decode(n, (*plain)(s))
}

// JSONSchemaSpec describes both forms.
func (s FileSetting) JSONSchemaSpec() map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "string", "pattern": "^[^:]+:/"},
		map[string]any{
			"type": "object", "additionalProperties": false, "required": []string{"target"},
			"properties": map[string]any{
				"source": text, "content": text, "target": text,
				"mode": map[string]any{"type": []any{"string", "integer"}},
			},
		},
	}}
}

func (s FileSetting) file(f Fill) File {
	file := File{Target: s.Target}
	if s.Source != "" {
		file.Source = f.Resolve(f.Expand(s.Source))
	} else {
		file.Content = []byte(f.Expand(s.Content))
	}
	file.Mode, _ = strconv.ParseInt(s.Mode, 8, 64) // the pattern holds, or it is empty
	return file
}

// VolumeSetting is a mounted folder: "./local:/inside", "name:/inside", "/inside", with :ro at its end
// where it must not be written to.
type VolumeSetting struct {
	Volume
}

// UnmarshalSpec reads the text.
func (s *VolumeSetting) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	text, readOnly := strings.CutSuffix(strings.TrimSuffix(n.Text(), ":rw"), ":ro")
	source, target, two := strings.Cut(text, ":")
	if !two {
		source, target = "", text
	}
	if n.Kind() != spec.Scalar || !strings.HasPrefix(target, "/") || strings.Contains(target, ":") {
		ds.Errorf(n.Pos(), "write ./local:/inside, name:/inside or /inside, with :ro for read-only",
			"expected a folder and its place inside, found %q", n.Text())
		return ds
	}
	s.Volume = Volume{Source: source, Target: target, ReadOnly: readOnly}
	return ds
}

// JSONSchemaSpec describes the written form.
func (s VolumeSetting) JSONSchemaSpec() map[string]any {
	return map[string]any{"type": "string", "pattern": "^([^:]+:)?/[^:]*(:r[ow])?$"}
}

// local tells whether the volume is a folder of this machine, not a named one.
func (s VolumeSetting) local() bool {
	return strings.HasPrefix(s.Source, ".") || filepath.IsAbs(s.Source)
}

func (s VolumeSetting) volume(f Fill) Volume {
	v := s.Volume
	if s.local() {
		v.Source = f.Resolve(f.Expand(v.Source))
	}
	return v
}

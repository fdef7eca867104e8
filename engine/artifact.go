package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Artifact makes a file in the run's folder and lists it in the report. name is a relative path with
// forward slashes; its folders are made. An artifact of an earlier attempt is overwritten.
func (r *Run) Artifact(name string) (*os.File, error) {
	path, err := r.ArtifactPath(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, &Fault{Verdict: Environment, Err: fmt.Errorf("artifact %s: %w", name, err)}
	}
	return f, nil
}

// ArtifactPath is Artifact for those who write the file themselves.
func (r *Run) ArtifactPath(name string) (string, error) {
	path := filepath.Join(r.Dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", &Fault{Verdict: Environment, Err: fmt.Errorf("artifact %s: %w", name, err)}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.artifacts, name) {
		r.artifacts = append(r.artifacts, name)
	}
	return path, nil
}

// Artifacts lists the run's files so far, sorted.
func (r *Run) Artifacts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.artifacts)
	slices.Sort(list)
	return list
}

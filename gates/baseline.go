package gates

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/gates/metric"
)

// BaselineSchema is the version of the form in which baselines are stored.
const BaselineSchema = 1

// trafficField is the key of a fingerprint that names the traffic. All others describe the machine and
// the settings.
const trafficField = "traffic"

// Baseline is a passed run that later runs are compared with.
type Baseline struct {
	Schema   int       `json:"schema"`
	Pipeline string    `json:"pipeline"`
	RunID    string    `json:"run_id"`
	Created  time.Time `json:"created"`
	// Fingerprint says what the run depended on: traffic, pipeline, concurrency, time_scale, cpu,
	// memory, os and the like, each as a text that is only ever compared.
	Fingerprint map[string]string `json:"fingerprint"`
	// Snapshot holds the metrics with the samples of their distributions.
	Snapshot *metric.Snapshot `json:"metrics"`
	// LogErrors are the patterns of the error lines that the applications wrote: they are not new.
	LogErrors []string `json:"log_errors,omitempty"`
}

// KnownLogErrors are the patterns of a baseline that may be missing.
func (b *Baseline) KnownLogErrors() []string {
	if b == nil {
		return nil
	}
	return b.LogErrors
}

// LoadBaseline reads a stored baseline. The error is fs.ErrNotExist if there is none.
func LoadBaseline(path string) (*Baseline, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	var b Baseline
	if err := json.Unmarshal(src, &b); err != nil {
		return nil, fmt.Errorf("read baseline %s: %w", path, err)
	}
	if b.Schema != BaselineSchema {
		return nil, fmt.Errorf("read baseline %s: it has schema %d, expected %d: record it again with this version",
			path, b.Schema, BaselineSchema)
	}
	if b.Snapshot == nil {
		return nil, fmt.Errorf("read baseline %s: it has no metrics", path)
	}
	return &b, nil
}

// Save stores the baseline. The file is complete or is left as it was.
func (b *Baseline) Save(path string) (err error) {
	stored := *b
	stored.Schema = BaselineSchema
	src, err := json.MarshalIndent(&stored, "", " ")
	if err != nil {
		return fmt.Errorf("write baseline %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write baseline: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".baseline-*")
	if err != nil {
		return fmt.Errorf("write baseline: %w", err)
	}
	defer func() {
		if removed := os.Remove(f.Name()); err == nil && !errors.Is(removed, fs.ErrNotExist) {
			err = removed
		}
	}()
	_, err = f.Write(append(src, '\n'))
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write baseline %s: %w", path, err)
	}
	return nil
}

// Comparable lists the fields, in order of their names, in which the baseline's fingerprint differs from
// this run's. A field that only one of them has differs.
func (b *Baseline) Comparable(now map[string]string) (differing []string) {
	all := maps.Clone(b.Fingerprint)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, now)
	for _, field := range slices.Sorted(maps.Keys(all)) {
		then, had := b.Fingerprint[field]
		is, has := now[field]
		if then != is || had != has {
			differing = append(differing, field)
		}
	}
	return differing
}

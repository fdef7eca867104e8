// Package openmetrics writes the metrics and gates of a run as OpenMetrics 1.0 text, for Prometheus and
// for GitLab's metrics reports.
package openmetrics

import (
	"io"
	"path/filepath"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/reporters/artifact"
)

// File is the file's name in the run's folder.
const File = "metrics.txt"

// Reporter writes the file at the end of a run.
type Reporter struct{ dir string }

// New makes a reporter that writes into the run's folder, which must exist.
func New(dir string) *Reporter { return &Reporter{dir: dir} }

// Event does nothing: the file holds the end of a run only.
func (*Reporter) Event(engine.Event) {}

// Finish writes the file, whole or not at all.
func (r *Reporter) Finish(rep *engine.Report) error {
	return artifact.Write(filepath.Join(r.dir, File), func(w io.Writer) error {
		return Write(w, rep)
	})
}

// Write writes the verdict, what took how long, each gate with its value, limit and outcome, and every
// metric of the snapshot as headgate_SCOPE_NAME with its unit as suffix. All samples carry run_id and
// pipeline. The order depends on the report alone.
func Write(w io.Writer, rep *engine.Report) error {
	x := &exposition{common: []label{{"run_id", rep.RunID}, {"pipeline", rep.Pipeline}}}
	x.run(rep)
	x.gates(rep.Gates)
	if err := x.metrics(rep.Snapshot); err != nil {
		return err
	}
	_, err := w.Write(x.bytes())
	return err
}

// Artifact names the file within the run's folder.
func (*Reporter) Artifact() string { return File }

// Package junit writes the report of a run as JUnit XML, for the test pages of CI systems.
package junit

import (
	"encoding/xml"
	"io"
	"path/filepath"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/reporters/artifact"
)

// File is the file's name in the run's folder.
const File = "junit.xml"

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

// Write writes one test suite for each phase, with one test case for each gate and, under the replay,
// one for each endpoint; never one for each request, as consumers drop files that large.
//
// A gate that fails the run is a failure, one without a verdict an error. What only warns passes and
// says so in its output; what is only observed or was not reached is skipped. An endpoint with other
// answers than recorded fails unless the run has passed all the same. Where the run did not pass and
// nothing else would say so, a test case named verdict does: no file is green for a run that is not.
func Write(w io.Writer, rep *engine.Report) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(build(rep)); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// Artifact names the file within the run's folder.
func (*Reporter) Artifact() string { return File }

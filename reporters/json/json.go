// Package json writes the report of a run as verdict.json, for programs, and reads it back.
package json

import (
	"bytes"
	stdjson "encoding/json"
	"io"
	"path/filepath"
	"reflect"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/reporters/artifact"
)

// File is the file's name in the run's folder. Its form is published as schemas/verdict.schema.json.
const File = "verdict.json"

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

// Write writes the report as indented JSON with its keys always in the same order. Lists that hold
// nothing are empty lists, never null. Numbers are rounded to 15 significant digits; one that is not
// finite is null, or left out where the key may be missing.
func Write(w io.Writer, rep *engine.Report) error {
	flat, err := encode(nil, reflect.ValueOf(*rep))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := stdjson.Indent(&out, flat, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err = out.WriteTo(w)
	return err
}

// Artifact names the file within the run's folder.
func (*Reporter) Artifact() string { return File }

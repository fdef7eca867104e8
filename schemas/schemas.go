// Package schemas holds the published JSON Schemas (draft 7) of what Headgate reads and writes. They are
// made from the Go types by the tests of cmd/headgate.
package schemas

import (
	_ "embed"
	"slices"
)

var (
	//go:embed pipeline.schema.json
	pipeline []byte
	//go:embed record.schema.json
	record []byte
	//go:embed verdict.schema.json
	verdict []byte
)

// Pipeline is the schema of a run file. It is never stricter than reading one, and knows less: what
// one setting demands of another, units, and metric names are checked by `headgate validate`.
func Pipeline() []byte { return slices.Clone(pipeline) }

// Record is the schema of one line of captured traffic in the common form.
func Record() []byte { return slices.Clone(record) }

// Verdict is the schema of verdict.json. Further keys may come in a later version.
func Verdict() []byte { return slices.Clone(verdict) }

// Names lists the schemas in the order of their names.
func Names() []string { return []string{"pipeline", "record", "verdict"} }

// ByName returns the schema of one of the Names; false if there is none.
func ByName(name string) ([]byte, bool) {
	switch name {
	case "pipeline":
		return Pipeline(), true
	case "record":
		return Record(), true
	case "verdict":
		return Verdict(), true
	}
	return nil, false
}

package json

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine"
)

// Read reads a verdict.json, given by its own path or that of its folder. Keys that this version does
// not know are tolerated; a missing key, another schema version and figures that contradict one another
// are errors. The report has no Snapshot, and numbers that were null are 0.
func Read(path string) (*engine.Report, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, File)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the report of a run: %w", err)
	}
	rep, err := Parse(src)
	if err != nil {
		return nil, fmt.Errorf("reading the report %s: %w", path, err)
	}
	return rep, nil
}

// Parse is Read for the contents of a file.
func Parse(src []byte) (*engine.Report, error) {
	var keys map[string]stdjson.RawMessage
	dec := stdjson.NewDecoder(bytes.NewReader(src))
	if err := dec.Decode(&keys); err != nil {
		return nil, fmt.Errorf("not a report: expected the JSON object that a run writes as %s: %w", File, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a report: something follows the JSON object")
	}
	if err := checkSchema(keys); err != nil {
		return nil, err
	}
	var rep engine.Report
	if err := stdjson.Unmarshal(src, &rep); err != nil {
		return nil, err
	}
	return &rep, check(&rep)
}

// checkSchema comes before all else: in another version everything may mean something else.
func checkSchema(keys map[string]stdjson.RawMessage) error {
	var schema int
	if err := stdjson.Unmarshal(keys["schema"], &schema); err != nil {
		return errors.New("not a report: expected a number as schema")
	}
	if schema != engine.ReportSchema {
		return fmt.Errorf("schema is %d and this version reads %d: use the version that wrote it, or run again",
			schema, engine.ReportSchema)
	}
	var missing []string
	for _, key := range []string{
		"run_id", "verdict", "exit_code", "cause", "started", "fingerprint", "phases", "gates", "accounting",
	} {
		if value, ok := keys[key]; !ok || string(value) == "null" {
			missing = append(missing, key)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		return fmt.Errorf("not a whole report: %s missing", strings.Join(missing, ", "))
	}
	return nil
}

// check finds figures that contradict one another: a report that was changed or cut by hand must not
// become a baseline.
func check(rep *engine.Report) error {
	switch {
	case rep.RunID == "":
		return errors.New("run_id is empty: expected the name of the run")
	case rep.ExitCode != rep.Verdict.ExitCode():
		return fmt.Errorf("exit_code is %d: the verdict %s has %d",
			rep.ExitCode, rep.Verdict, rep.Verdict.ExitCode())
	case rep.Verdict != engine.Internal && rep.Accounting.Sum() != rep.Accounting.Planned:
		return fmt.Errorf("accounting is off: planned is %d, the rest adds up to %d",
			rep.Accounting.Planned, rep.Accounting.Sum())
	}
	return nil
}

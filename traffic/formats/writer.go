package formats

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/gor"
	"github.com/headgate-dev/headgate/traffic/har"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/k6"
)

// Writer writes records in one format.
type Writer interface {
	// Write appends one record. After an error the writer is of no more use.
	Write(*traffic.Record) error
	// Close ends what was written; it does not close what is written to.
	Close() error
}

// Export is a format that can be written.
type Export struct {
	Name, Help string
	// Requests tells that the format has room for the requests of one service only: no outbound records.
	Requests bool
	// Queries tells that the format has room for Postgres queries.
	Queries bool
	open    func(w io.Writer, version string) Writer
}

// Exports lists every format that can be written.
func Exports() []Export {
	return []Export{
		{Name: "jsonl", Help: "headgate's own form", Queries: true, open: newJSONL},
		{
			Name: "har", Help: "HTTP Archive 1.2",
			open: func(w io.Writer, version string) Writer { return har.NewWriter(w, version) },
		},
		{
			Name: "gor", Help: "GoReplay", Requests: true,
			open: func(w io.Writer, _ string) Writer { return gor.NewWriter(w) },
		},
		{
			Name: "curl", Help: "a shell script of curl commands to $BASE_URL", Requests: true,
			open: func(w io.Writer, _ string) Writer { return newCurl(w) },
		},
		{
			Name: "k6", Help: "a script for k6, with the recorded pauses and statuses", Requests: true,
			open: func(w io.Writer, _ string) Writer { return k6.NewWriter(w) },
		},
	}
}

// FindExport finds a format by its name.
func FindExport(name string) (Export, error) {
	var names []string
	for _, e := range Exports() {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return Export{}, fmt.Errorf("there is no format %q to write: expected one of %s", name, strings.Join(names, ", "))
}

// Open begins a file of the format, which a version of Headgate writes to w.
func (e Export) Open(w io.Writer, version string) Writer { return e.open(w, version) }

// ownWriter ends our own form.
type ownWriter struct{ *jsonl.Writer }

func newJSONL(w io.Writer, _ string) Writer { return ownWriter{jsonl.NewWriter(w)} }

// Close implements [Writer].
func (w ownWriter) Close() error { return w.Flush() }

// curlWriter writes one command on each line.
type curlWriter struct{ out *bufio.Writer }

func newCurl(w io.Writer) *curlWriter {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "#!/bin/sh\nBASE_URL=\"${BASE_URL:-http://127.0.0.1:8080}\"\n")
	return &curlWriter{out: out}
}

// placeholder stands for the address in commands, until it becomes the variable of the shell.
const placeholder = "http://headgate-base-url.invalid"

// Write implements [Writer].
func (w *curlWriter) Write(r *traffic.Record) error {
	command := compare.Curl(r.Request, placeholder)
	quoted, plain := strings.LastIndex(command, "'"+placeholder), strings.LastIndex(command, " "+placeholder)
	if quoted > plain {
		command = command[:quoted] + `"$BASE_URL"'` + command[quoted+1+len(placeholder):]
	} else {
		command = command[:plain] + ` "$BASE_URL"` + command[plain+1+len(placeholder):]
	}
	if _, err := fmt.Fprintln(w.out, command); err != nil {
		return fmt.Errorf("writing record %q: %w", r.ID, err)
	}
	return nil
}

// Close implements [Writer].
func (w *curlWriter) Close() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("ending the script: %w", err)
	}
	return nil
}

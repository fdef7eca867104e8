// Package jsonlog reads exchanges that were logged as one JSON object for each line: access logs in
// JSON (nginx with escape=json, Traefik, Caddy and others) and the captures of Shadowtraf.
package jsonlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/lines"
)

// MaxLine is the longest line that is read, in bytes.
const MaxLine = 64 << 20

// NewReader reads one inbound record from each line; empty lines are passed over. Ids are those of the
// log, else "file:line". A line that has a method and a path, but no status, is a request without a
// response. An answer whose body the log does not have carries [traffic.TruncatedHeader]. name stands in
// errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	return &reader{name: name, base: filepath.Base(name), in: lines.New(r, MaxLine+1)}
}

type reader struct {
	name, base string
	in         *lines.Reader
	ended      error
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for r.ended == nil {
		line, err := r.in.Next()
		switch {
		case errors.Is(err, lines.ErrLong):
			return nil, r.malformed(err)
		case errors.Is(err, io.EOF):
			r.ended = io.EOF
		case err != nil:
			r.ended = fmt.Errorf("%s: %w", r.name, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return r.record(line)
		}
	}
	return nil, r.ended
}

func (r *reader) malformed(reason error) error {
	return &traffic.MalformedError{Source: r.name, Line: r.in.Number(), Reason: reason}
}

func (r *reader) record(line []byte) (*traffic.Record, error) {
	o, err := parse(line)
	if err != nil {
		if !r.in.Whole() && !json.Valid(line) {
			err = fmt.Errorf("last line is %w: %w", traffic.ErrTruncated, err)
		}
		return nil, r.malformed(err)
	}
	record, err := o.record()
	if err != nil {
		return nil, r.malformed(err)
	}
	if record.ID == "" {
		record.ID = fmt.Sprintf("%s:%d", r.base, r.in.Number())
	}
	return record, nil
}

// object is a line with its keys in lower case.
type object map[string]any

// parse reads a line. It also returns what the line begins with where that is an object.
func parse(line []byte) (object, error) {
	var raw map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&raw); err != nil {
		return nil, fmt.Errorf("no JSON object: %w", err)
	}
	o := make(object, len(raw))
	for key, value := range raw {
		o[strings.ToLower(key)] = value
	}
	if rest := bytes.TrimSpace(line[decoder.InputOffset():]); len(rest) > 0 {
		return o, fmt.Errorf("expected one JSON object, found %.40q behind it", rest)
	}
	return o, nil
}

// Sniff tells whether a file begins with a JSON object that tells of a request.
func Sniff(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	o, _ := parse(bytes.TrimSpace(line))
	method, target := o.requestLine()
	return method != "" && target != ""
}

// Package jsonlog reads exchanges that were logged as one JSON object for each line: access logs in
// JSON (nginx with escape=json, Traefik, Caddy and others) and the captures of Shadowtraf.
package jsonlog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// MaxLine is the longest line that is read, in bytes.
const MaxLine = 64 << 20

// NewReader reads one inbound record from each line; empty lines are passed over. Ids are those of the
// log, else "file:line". A line that has a method and a path, but no status, is a request without a
// response. An answer whose body the log does not have carries [traffic.TruncatedHeader]. name stands in
// errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	return &reader{name: name, base: filepath.Base(name), in: bufio.NewReaderSize(r, 64<<10)}
}

type reader struct {
	name, base string
	in         *bufio.Reader
	line       int
	buf        []byte
	ended      error
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for r.ended == nil {
		line, err := r.next()
		r.ended = err
		if err != nil && !errors.Is(err, io.EOF) {
			break
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return r.record(line)
		}
	}
	return nil, r.ended
}

// next returns the next line, valid until the next call; the last one comes with io.EOF.
func (r *reader) next() ([]byte, error) {
	r.line++
	r.buf = r.buf[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.buf = append(r.buf, part...)
		switch {
		case len(r.buf) > MaxLine:
			return nil, fmt.Errorf("%s: line %d is longer than %d bytes", r.name, r.line, MaxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%s: reading line %d: %w", r.name, r.line, err)
		}
		return r.buf, err
	}
}

func (r *reader) record(line []byte) (*traffic.Record, error) {
	o, err := parse(line)
	if err != nil {
		if r.ended != nil && !json.Valid(line) {
			err = fmt.Errorf("last line is %w: %w", traffic.ErrTruncated, err)
		}
		return nil, &traffic.MalformedError{Source: r.name, Line: r.line, Reason: err}
	}
	record, err := o.record()
	if err != nil {
		return nil, &traffic.MalformedError{Source: r.name, Line: r.line, Reason: err}
	}
	if record.ID == "" {
		record.ID = fmt.Sprintf("%s:%d", r.base, r.line)
	}
	return record, nil
}

// object is a line with its keys in lower case.
type object map[string]any

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
	return o, nil
}

// Sniff tells whether a file begins with a JSON object that tells of a request.
func Sniff(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	o, err := parse(bytes.TrimSpace(line))
	if err != nil {
		return false
	}
	method, target := o.requestLine()
	return method != "" && target != ""
}

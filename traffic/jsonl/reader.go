// Package jsonl reads and writes captures in headgate's own form: one JSON record per line.
package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/lines"
)

// MaxLine is the longest line that is read, in bytes, without its newline.
const MaxLine = 64 << 20

// NewReader reads records from r, one per line; lines of nothing but white space are passed over. A
// line that is no record, or longer than [MaxLine], is a [traffic.MalformedError] and the reader goes
// on behind it. A last line that was cut off wraps [traffic.ErrTruncated]. name stands in errors.
func NewReader(name string, r io.Reader) *Reader { return newReader(name, r, MaxLine) }

func newReader(name string, r io.Reader, limit int) *Reader {
	return &Reader{name: name, in: lines.New(r, limit+1)}
}

// Reader is a [traffic.Reader].
type Reader struct {
	name string
	in   *lines.Reader

	decoder traffic.Decoder
	// final is returned by every Read after the end.
	final error
}

// Read implements [traffic.Reader]. A line cut off by a read error is dropped: the error tells its number.
func (r *Reader) Read() (*traffic.Record, error) {
	for r.final == nil {
		line, err := r.in.Next()
		switch {
		case errors.Is(err, lines.ErrLong):
			return nil, r.malformed(err)
		case errors.Is(err, io.EOF):
			r.final = io.EOF
		case err != nil:
			r.final = fmt.Errorf("%s: %w", r.name, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return r.decode(line)
		}
	}
	return nil, r.final
}

// Place is where the line stands that Read went by last: how many bytes come before it, and its size with its
// line break. Of compressed data it is the place in what was decompressed.
func (r *Reader) Place() (offset, size int64) { return r.in.Offset(), r.in.Size() }

func (r *Reader) decode(line []byte) (*traffic.Record, error) {
	record, err := r.decoder.Decode(line)
	switch {
	case err == nil:
		return record, nil
	case !r.in.Whole() && !json.Valid(line):
		return nil, r.malformed(fmt.Errorf("last line is %w: %w", traffic.ErrTruncated, err))
	}
	return nil, r.malformed(err)
}

func (r *Reader) malformed(reason error) error {
	return &traffic.MalformedError{Source: r.name, Line: r.in.Number(), Reason: reason}
}

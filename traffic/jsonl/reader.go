// Package jsonl reads and writes captures in headgate's own form: one JSON record per line.
package jsonl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/headgate-dev/headgate/traffic"
)

// MaxLine is the longest line that is read, in bytes, without its newline.
const MaxLine = 64 << 20

// NewReader reads records from r, one per line; lines of nothing but white space are passed over. A
// line that is no record, or longer than [MaxLine], is a [traffic.MalformedError] and the reader goes
// on behind it. A last line that was cut off wraps [traffic.ErrTruncated]. name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	return &reader{name: name, in: bufio.NewReaderSize(r, 64<<10), maxLine: MaxLine}
}

type reader struct {
	name    string
	in      *bufio.Reader
	line    int
	buf     []byte
	maxLine int
	// final is returned by every Read after the end.
	final error
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for r.final == nil {
		line, err := r.next()
		if _, ok := errors.AsType[*traffic.MalformedError](err); ok {
			return nil, err
		}
		r.final = err
		if err != nil && !errors.Is(err, io.EOF) {
			break
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return r.decode(line)
		}
	}
	return nil, r.final
}

// next returns the next line, which is valid until the next call. The last one comes with io.EOF
// where it has no newline. A line cut off by a read error is dropped: the error tells its number.
func (r *reader) next() ([]byte, error) {
	r.line++
	r.buf = r.buf[:0]
	long := false
	for {
		part, err := r.in.ReadSlice('\n')
		if r.line == 1 && len(r.buf) == 0 && !long {
			part = bytes.TrimPrefix(part, []byte("\xef\xbb\xbf"))
		}
		if long = long || len(r.buf)+len(part) > r.maxLine+1; !long {
			r.buf = append(r.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%s: reading line %d: %w", r.name, r.line, err)
		case long:
			r.final = err
			return nil, r.malformed(fmt.Errorf("line is longer than %d bytes", r.maxLine))
		}
		return r.buf, err
	}
}

func (r *reader) decode(line []byte) (*traffic.Record, error) {
	record := new(traffic.Record)
	err := record.UnmarshalJSON(line)
	switch {
	case err == nil:
		return record, nil
	case r.final != nil && !json.Valid(line):
		return nil, r.malformed(fmt.Errorf("last line is %w: %w", traffic.ErrTruncated, err))
	}
	return nil, r.malformed(err)
}

func (r *reader) malformed(reason error) error {
	return &traffic.MalformedError{Source: r.name, Line: r.line, Reason: reason}
}

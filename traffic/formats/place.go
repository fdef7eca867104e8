package formats

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
)

// Place is where a record stands in its file.
type Place struct {
	// Number counts the records of the file from 1, without those that cannot be used.
	Number int
	// Offset and Size are the bytes of the record, where it can be read by itself; else Size is 0.
	Offset, Size int64
}

// placer is a reader that knows the place of the record which was read last.
type placer interface{ Place() (offset, size int64) }

// source is a capture that is being read.
type source struct {
	traffic.Reader
	io.Closer

	name string
	// placer is nil where records cannot be read by themselves.
	placer placer
}

// Read implements [traffic.Reader]. Whatever a reader makes of a file, a record can be written and read again.
func (s *source) Read() (*traffic.Record, error) {
	record, err := s.Reader.Read()
	if err != nil {
		return nil, err
	}
	if err := record.Check(); err != nil {
		return nil, &traffic.MalformedError{Source: s.name, Reason: fmt.Errorf("record %.60q: %w", record.ID, err)}
	}
	return record, nil
}

// next is the place behind another, after a Read.
func (s *source) next(p Place, err error) Place {
	if err != nil {
		return p
	}
	p.Number++
	if s.placer != nil {
		p.Offset, p.Size = s.placer.Place()
	}
	return p
}

// File is like Each for one file, with the places of the records. A file without records is no error.
func (o Options) File(
	ctx context.Context, location string, use func(*traffic.Record, Place) error,
) (counts Counts, err error) {
	e := each{options: o, hash: maphash.MakeSeed()}
	e.use = func(r *traffic.Record) error { return use(r, e.at) }
	defer func() { err = errors.Join(err, e.seen.Close()) }()
	err = e.file(ctx, location)
	return e.counts, err
}

// Lines reads records that stand one on each line, cut out of a file in headgate's own form by their places.
func (o Options) Lines(name string, r io.Reader) traffic.Reader {
	own := jsonl.NewReader(name, r)
	return o.label(found{own, &format{directed: true}})
}

// Merge adds up what was found in other captures.
func (c *Counts) Merge(other Counts) {
	c.Files += other.Files
	c.Empty += other.Empty
	c.Records += other.Records
	c.Inbound += other.Inbound
	c.Outbound += other.Outbound
	c.NoResponse += other.NoResponse
	c.Malformed += other.Malformed
	c.Truncated += other.Truncated
	c.Duplicates += other.Duplicates
	c.SharedIDs += other.SharedIDs
	c.OutOfOrder += other.OutOfOrder
	c.Assumed += other.Assumed
	c.AssumedHosts = withHosts(c.AssumedHosts, other.AssumedHosts...)
	for kind, n := range other.LeftOut {
		c.LeaveOut(kind, n)
	}
	c.Problems = append(c.Problems, other.Problems[:min(len(other.Problems), maxProblems-len(c.Problems))]...)
}

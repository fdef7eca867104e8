package spool

import (
	"fmt"
	"math"
	"sync"

	"github.com/headgate-dev/headgate/traffic"
)

// Spool holds records and what was found out about them, in a temporary file. It is written by one
// goroutine; after Done it may be read by any number.
type Spool struct {
	file    *file
	scratch scratch
	readers sync.Pool
}

// New makes an empty spool.
func New() (*Spool, error) {
	f, err := create()
	if err != nil {
		return nil, err
	}
	return &Spool{file: f}, nil
}

// Add stores a record.
func (s *Spool) Add(r *traffic.Record) (Place, error) { return s.Note(s.scratch.record(r)) }

// Note stores any bytes.
func (s *Spool) Note(b []byte) (Place, error) {
	if len(b) > math.MaxInt32 {
		return Place{}, fmt.Errorf("a record of %d bytes: at most 2 GiB can be replayed", len(b))
	}
	offset, err := s.file.append(b)
	return Place{Offset: offset, Size: uint32(len(b))}, err
}

// Done makes everything stored so far readable.
func (s *Spool) Done() error { return s.file.flush() }

// Close frees the disk space. It may be called again.
func (s *Spool) Close() error {
	if s == nil {
		return nil
	}
	return s.file.Close()
}

// Reader returns a reader, which is for one goroutine.
func (s *Spool) Reader() *Reader {
	if r, ok := s.readers.Get().(*Reader); ok {
		return r
	}
	return &Reader{spool: s, headers: headers{}}
}

// Reader reads records.
type Reader struct {
	spool   *Spool
	headers headers
	// buf holds what stands in the file from offset on; the last record ended at end.
	buf         []byte
	offset, end uint64
}

// Record reads a record. It belongs to the caller, except for its headers: they may be shared and are not
// to be changed.
func (r *Reader) Record(at Place) (*traffic.Record, error) {
	b, err := r.Raw(at)
	if err != nil {
		return nil, err
	}
	return r.Decode(b)
}

// Decode is Record for what Raw has read.
func (r *Reader) Decode(raw []byte) (*traffic.Record, error) { return r.headers.decode(raw) }

// Note reads what [Spool.Note] has stored. The bytes belong to the caller.
func (r *Reader) Note(at Place) ([]byte, error) {
	if at.Size == 0 {
		return nil, nil
	}
	b := make([]byte, at.Size)
	return b, r.spool.file.read(b, at.Offset)
}

// ahead is how much is read at once where records are asked for as they stand in the file.
const ahead = 16 << 10

// near is how far records may stand apart and still count as one behind the other.
const near = 4 << 10

// kept is the largest buffer that is kept for the next record.
const kept = 1 << 20

// Raw reads a record in the form in which it is stored, to be noted in another spool. It is valid until
// the next call.
func (r *Reader) Raw(at Place) ([]byte, error) {
	end := at.Offset + uint64(at.Size)
	if at.Offset < r.offset || end > r.offset+uint64(len(r.buf)) {
		size := uint64(at.Size)
		if at.Offset-r.end < near {
			size = min(max(size, ahead), max(size, r.spool.file.stored-at.Offset))
		}
		if uint64(cap(r.buf)) < size || cap(r.buf) > kept {
			r.buf = make([]byte, size)
		}
		r.buf, r.offset = r.buf[:size], at.Offset
		if err := r.spool.file.read(r.buf, at.Offset); err != nil {
			r.buf = r.buf[:0]
			return nil, err
		}
	}
	r.end = end
	return r.buf[at.Offset-r.offset : end-r.offset], nil
}

// Release gives the reader back.
func (r *Reader) Release() { r.spool.readers.Put(r) }

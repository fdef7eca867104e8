package index

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
)

// Read reads the records of chosen entries, in the order of the files. Where they can be read by themselves only
// they are read, with what stands between near ones; files without any are passed over. bytes is how much was
// asked of the store. It is an error where a record is not the one that the index has in its place.
func (s *Set) Read(
	ctx context.Context, chosen func(*Entry) bool, use func(*traffic.Record) error,
) (bytes int64, err error) {
	r := reading{Set: s, ctx: ctx, use: use}
	for i := range s.files {
		r.run, r.others = r.run[:0], nil
		err := s.eachOf(i, func(e *Entry) error {
			switch {
			case !chosen(e):
				return nil
			case e.Size > 0:
				return r.take(e)
			}
			r.others = append(r.others, *e)
			return nil
		})
		if err == nil {
			err = r.flush()
		}
		if err == nil {
			err = r.wade(i)
		}
		if err != nil {
			return r.bytes, err
		}
	}
	return r.bytes, nil
}

// reading reads chosen records.
type reading struct {
	*Set

	//nolint:containedctx // it lives as long as one call
	ctx   context.Context
	use   func(*traffic.Record) error
	bytes int64
	// run are entries that are read at once, others those that cannot be read by themselves.
	run, others []Entry
}

const (
	// near is how far records may stand apart and still be read at once, in bytes.
	near = 64 << 10
	// longest is how much is read at once.
	longest = 8 << 20
)

// take reads what is waiting, unless the next record stands close to it.
func (r *reading) take(e *Entry) error {
	if n := len(r.run); n > 0 {
		first, last := r.run[0], r.run[n-1]
		if e.Offset-last.Offset-last.Size > near || e.Offset+e.Size-first.Offset > longest {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
	r.run = append(r.run, *e)
	return nil
}

// flush reads the entries that are waiting.
func (r *reading) flush() error {
	if len(r.run) == 0 {
		return nil
	}
	first, last := r.run[0], r.run[len(r.run)-1]
	file := r.files[first.File]
	s, err := r.options.Formats.Stores.At(file.Location)
	if err != nil {
		return err
	}
	length := last.Offset + last.Size - first.Offset
	in, err := s.Open(r.ctx, file.Location, first.Offset, length)
	if err != nil {
		return fmt.Errorf("reading traffic: %w", err)
	}
	defer in.Close()
	r.bytes += length
	records := r.options.Formats.Lines(file.Location, &picked{in: in, run: r.run, at: first.Offset})
	for i := range r.run {
		record, err := records.Read()
		if err != nil {
			return r.changed(&r.run[i], err)
		}
		if err := r.hand(&r.run[i], record); err != nil {
			return err
		}
	}
	r.run = r.run[:0]
	return nil
}

// picked reads the bytes of entries only.
type picked struct {
	in io.Reader
	// run are the entries that are not read yet, at is where in stands.
	run []Entry
	at  int64
}

// Read implements io.Reader.
func (p *picked) Read(b []byte) (int, error) {
	for len(p.run) > 0 && p.at == p.run[0].Offset+p.run[0].Size {
		p.run = p.run[1:]
	}
	if len(p.run) == 0 {
		return 0, io.EOF
	}
	if gap := p.run[0].Offset - p.at; gap > 0 {
		n, err := io.CopyN(io.Discard, p.in, gap)
		p.at += n
		if err != nil {
			return 0, err
		}
	}
	left := p.run[0].Offset + p.run[0].Size - p.at
	n, err := p.in.Read(b[:min(int64(len(b)), left)])
	p.at += int64(n)
	return n, err
}

// errLast ends the reading of a file.
var errLast = errors.New("last")

// wade reads a file whose records cannot be read by themselves, up to the last that is chosen.
func (r *reading) wade(number int) error {
	if len(r.others) == 0 {
		return nil
	}
	file := r.files[number]
	r.bytes += file.Size
	_, err := r.options.Formats.File(r.ctx, file.Location, func(record *traffic.Record, at formats.Place) error {
		e := &r.others[0]
		if at.Number < e.Number {
			return nil
		}
		if at.Number > e.Number {
			return r.changed(e, errors.New("there is another record"))
		}
		if err := r.hand(e, record); err != nil {
			return err
		}
		if r.others = r.others[1:]; len(r.others) == 0 {
			return errLast
		}
		return nil
	})
	switch {
	case errors.Is(err, errLast):
		return nil
	case err == nil:
		return r.changed(&r.others[0], io.ErrUnexpectedEOF)
	}
	return err
}

// hand hands on a record that is the one of the index.
func (r *reading) hand(e *Entry, record *traffic.Record) error {
	if hashed(record.ID) != e.ID || nanoseconds(record.Time) != e.Time {
		return r.changed(e, errors.New("there is another record"))
	}
	return r.use(record)
}

// ErrChanged is wrapped where a file is not what its index says.
var ErrChanged = errors.New("the file has changed while it was read")

func (r *reading) changed(e *Entry, err error) error {
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	return fmt.Errorf("%s, record %d: %w: %w", r.files[e.File].Location, e.Number, ErrChanged, err)
}

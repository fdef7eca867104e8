package journal

import (
	"errors"
	"io"
	"net/http"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/spool"
)

// backlog are requests on disk, to be read in another order than that in which they came.
type backlog struct {
	records *spool.Spool
	order   *spool.List
	cursor  *spool.Cursor
	reader  *spool.Reader
}

// add appends a record.
func (b *backlog) add(record *traffic.Record) (err error) {
	if b.records == nil {
		if b.records, err = spool.New(); err != nil {
			return err
		}
		if b.order, err = spool.NewList(); err != nil {
			return err
		}
	}
	place, err := b.records.Add(record)
	if err != nil {
		return err
	}
	return b.order.Add(&spool.Entry{At: record.Time.UnixMilli(), Pos: uint64(b.order.Len()), Record: place})
}

// sort brings the records into the order of time. Those of one time come the other way round than they were
// added, as the newest stands first in a journal.
func (b *backlog) sort() error {
	if b.records == nil {
		return nil
	}
	if err := errors.Join(b.records.Done(), b.order.Done()); err != nil {
		return err
	}
	sorted, err := b.order.Sort(func(e *spool.Entry) [2]uint64 { return [2]uint64{uint64(e.At), ^e.Pos} })
	if err != nil {
		return err
	}
	if sorted != b.order {
		err = b.order.Close()
	}
	b.order = sorted
	b.cursor, b.reader = sorted.Cursor(0, sorted.Len()), b.records.Reader()
	return err
}

// next is the next record in the order of time, with io.EOF behind the last one.
func (b *backlog) next() (*traffic.Record, error) {
	if b.cursor == nil {
		return nil, io.EOF
	}
	e, err := b.cursor.Next()
	if err != nil {
		return nil, err
	}
	record, err := b.reader.Record(e.Record)
	if err != nil {
		return nil, err
	}
	record.Request.Header = own(record.Request.Header)
	if record.Response != nil {
		record.Response.Header = own(record.Response.Header)
	}
	return record, nil
}

// own copies headers, which a spool shares between records.
func own(h http.Header) http.Header {
	if h == nil {
		return http.Header{}
	}
	return h.Clone()
}

// close frees the disk space. That it cannot be freed is of no matter to what was read.
func (b *backlog) close() {
	_ = b.records.Close()
	_ = b.order.Close()
}

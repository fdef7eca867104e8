package recording

import (
	"errors"
	"time"

	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/safety"
	"github.com/headgate-dev/headgate/traffic/spool"
)

// transform puts the selected records, as the transforms leave them, into a spool of their own, in the order
// in which they are played. Sessions and the fingerprint stay those of the recording, so that they do not
// depend on tokens that are replaced or on the time of loading.
func (r *Recording) transform(grouped *spool.List) (_ *spool.List, err error) {
	r.source = r.spool
	if r.options.Transforms.Empty() {
		return grouped, r.judge(grouped)
	}
	if first, err := r.timeline.Cursor(0, r.timeline.Len()).Next(); err == nil {
		r.options.Transforms.Begin(time.Unix(0, first.At).UTC())
	}
	if r.source, err = spool.New(); err != nil {
		return grouped, err
	}
	out, err := spool.NewList()
	if err != nil {
		return grouped, err
	}
	reader := r.spool.Reader()
	defer reader.Release()
	err = grouped.Each(func(e *spool.Entry) error {
		record, err := reader.Record(e.Record)
		if err != nil {
			return err
		}
		recorded := safety.Before(record)
		if err := r.options.Transforms.Apply(record); err != nil {
			return &TransformError{err}
		}
		if r.options.Judge != nil {
			r.options.Judge(recorded, record)
		}
		if e.Record, err = r.source.Add(record); err != nil {
			return err
		}
		e.Endpoint = r.number(record)
		e.Flags = e.Flags&(1<<traits-1) | uint32(replay.TraitsOf(record))<<traits
		return out.Add(e)
	})
	return out, errors.Join(err, out.Done(), r.source.Done(), grouped.Close())
}

// judge shows the selected records that nothing changes.
func (r *Recording) judge(grouped *spool.List) error {
	if r.options.Judge == nil {
		return nil
	}
	reader := r.spool.Reader()
	defer reader.Release()
	return grouped.Each(func(e *spool.Entry) error {
		record, err := reader.Record(e.Record)
		if err == nil {
			r.options.Judge(record, record)
		}
		return err
	})
}

// TransformError is a record that a transform cannot change as it should.
type TransformError struct{ error }

// Unwrap gives what was wrong.
func (e *TransformError) Unwrap() error { return e.error }

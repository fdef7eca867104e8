package recording

import (
	"slices"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/session"
	"github.com/headgate-dev/headgate/traffic/spool"
)

// Attribute fills in Parent where an outbound record lacks it: with the inbound record that was being
// served at the time, of the same session where several were, else the latest that began before. Of the
// inbound records, selected or not, the last 256 before a call are looked at. Which of several overlapping
// requests is named matters only where fewer than all of them are replayed.
func (r *Recording) Attribute(outbound []*traffic.Record) error {
	var open []*traffic.Record
	for _, out := range traffic.Sorted(outbound) {
		if out.Parent == "" {
			open = append(open, out)
		}
	}
	if len(open) == 0 || r.timeline == nil {
		return nil
	}
	a := attribution{reader: r.spool.Reader(), open: open}
	defer a.reader.Release()
	err := r.timeline.Each(func(e *spool.Entry) error {
		if err := a.before(e.At); err != nil {
			return err
		}
		a.recent = append(a.recent, *e)
		if len(a.recent) == 2*attributeWithin {
			a.recent = slices.Delete(a.recent, 0, attributeWithin)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for len(a.open) > 0 {
		if err := a.next(); err != nil {
			return err
		}
	}
	return nil
}

// attributeWithin bounds how many requests before an outbound call are looked at.
const attributeWithin = 256

type attribution struct {
	reader *spool.Reader
	open   []*traffic.Record
	// recent are the inbound records before the next outbound one, at least as many as are looked at.
	recent []spool.Entry
}

// before attributes the calls that were made before a moment.
func (a *attribution) before(at int64) error {
	for len(a.open) > 0 && nanoseconds(a.open[0].Time) < at {
		if err := a.next(); err != nil {
			return err
		}
	}
	return nil
}

// next attributes the next call.
func (a *attribution) next() error {
	out := a.open[0]
	a.open = a.open[1:]
	e := serving(a.recent[max(0, len(a.recent)-attributeWithin):], out)
	if e == nil {
		return nil
	}
	in, err := a.reader.Record(e.Record)
	if err != nil {
		return err
	}
	out.Parent = in.ID
	return nil
}

// serving finds the inbound record that a call was made for.
func serving(recent []spool.Entry, out *traffic.Record) *spool.Entry {
	if len(recent) == 0 {
		return nil
	}
	at, of := nanoseconds(out.Time), uint64(session.Named(out.Session))
	best := &recent[len(recent)-1]
	for i := range recent {
		e := &recent[len(recent)-1-i]
		if e.At+e.Took < at {
			continue
		}
		if out.Session != "" && e.Session == of {
			return e
		}
		best = e
	}
	return best
}

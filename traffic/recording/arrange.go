package recording

import (
	"errors"
	"fmt"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/session"
	"github.com/headgate-dev/headgate/traffic/spool"
)

// ErrSessions is wrapped where no request has what is to tell sessions apart.
var ErrSessions = errors.New("sessions")

// Arrange finds the sessions and selects what is to be replayed: of the records that pass Select and Where
// those of sampled sessions, up to the limit, the earliest first.
func (r *Recording) Arrange() error {
	if err := r.finder.Decide(r.inTime); err != nil {
		return fmt.Errorf("%w: %w", ErrSessions, err)
	}
	if err := r.sift(); err != nil {
		return err
	}
	grouped, err := r.group()
	if err != nil {
		return err
	}
	if grouped, err = r.transform(grouped); err == nil {
		err = r.link(grouped)
	}
	return errors.Join(err, grouped.Close())
}

// inTime visits all records in the order of time.
func (r *Recording) inTime(visit func(*traffic.Record) error) error {
	reader := r.spool.Reader()
	defer reader.Release()
	return r.timeline.Each(func(e *spool.Entry) error {
		record, err := reader.Record(e.Record)
		if err != nil {
			return err
		}
		return visit(record)
	})
}

// sift passes the records in the order of time, and notes the session of each and whether it is selected.
func (r *Recording) sift() error {
	out, err := spool.NewList()
	if err != nil {
		return err
	}
	s := sifting{Recording: r, sieve: r.options.Select.Sieve(r.options.Seed), reader: r.spool.Reader()}
	defer s.reader.Release()
	err = r.timeline.Each(func(e *spool.Entry) error {
		if err := s.pass(e); err != nil {
			return err
		}
		return out.Add(e)
	})
	err = errors.Join(err, out.Done(), r.timeline.Close())
	r.timeline = out
	return err
}

type sifting struct {
	*Recording
	sieve  *session.Sieve
	reader *spool.Reader
	pos    uint64
}

func (s *sifting) pass(e *spool.Entry) (err error) {
	e.Pos = s.pos
	s.pos++
	finds := e.Flags&own == 0 && s.finder.Reads()
	keeps := e.Flags&kept != 0
	var record *traffic.Record
	if finds || keeps && (s.options.Where != nil || s.sieve.Sampled()) {
		if record, err = s.reader.Record(e.Record); err != nil {
			return err
		}
	}
	switch {
	case finds:
		e.Session = uint64(s.finder.Key(record))
	case e.Flags&own == 0:
		e.Session = uint64(s.finder.Rest())
	}
	if !keeps {
		return nil
	}
	name := ""
	if record != nil {
		name = s.finder.Name(session.Key(e.Session), record)
		record.Session = name
	}
	if s.options.Where != nil {
		if keeps, err = s.options.Where(record); err != nil {
			return err
		}
	}
	if keeps && s.sieve.Take(name) {
		e.Flags |= selected
	}
	return nil
}

// group puts the selected records in the order of their sessions' start.
func (r *Recording) group() (*spool.List, error) {
	bySession, err := r.timeline.Sort(func(e *spool.Entry) [2]uint64 { return [2]uint64{e.Session, e.Pos} })
	if err != nil {
		return nil, err
	}
	started, err := r.stamp(bySession)
	if err = errors.Join(err, dropped(bySession, r.timeline)); err != nil {
		return nil, errors.Join(err, started.Close())
	}
	grouped, err := started.Sort(func(e *spool.Entry) [2]uint64 { return [2]uint64{e.Start, e.Pos} })
	return grouped, errors.Join(err, dropped(started, grouped))
}

// stamp notes in each selected record where its session starts, and counts the sessions.
func (r *Recording) stamp(bySession *spool.List) (*spool.List, error) {
	out, err := spool.NewList()
	if err != nil {
		return nil, err
	}
	var current, start uint64
	distinct, begun := 0, false
	err = bySession.Each(func(e *spool.Entry) error {
		if distinct == 0 || e.Session != current {
			distinct, current, begun = distinct+1, e.Session, false
		}
		if e.Flags&selected == 0 {
			return nil
		}
		if !begun {
			start, begun = e.Pos, true
		}
		e.Start = start
		return out.Add(e)
	})
	r.Sessions = r.finder.Sentence(distinct)
	return out, errors.Join(err, out.Done())
}

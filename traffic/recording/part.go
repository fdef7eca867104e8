package recording

import (
	"errors"
	"io"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/session"
	"github.com/headgate-dev/headgate/traffic/spool"
)

// Part is a number of sessions of a recording, in the order of their start.
type Part struct {
	recording *Recording
	// first and end are numbers of sessions.
	first, end int
	// most bounds the records of a session where it is above 0.
	most int
}

// All is everything that is selected.
func (r *Recording) All() Part { return Part{recording: r, end: r.sessions.Len()} }

// Canary splits off the earliest sessions, whole, until they hold at least n records; a smaller part goes
// to the canary entirely. n of 0 or less leaves the canary empty.
func (p Part) Canary(n int) (canary, rest Part, err error) {
	canary, rest = p, p
	canary.end = p.first
	cursor := p.recording.sessions.Cursor(p.first, p.end)
	for count := 0; count < n && canary.end < p.end; canary.end++ {
		e, err := cursor.Next()
		if err != nil {
			return canary, rest, err
		}
		count += int(e.Pos)
	}
	rest.first = canary.end
	return canary, rest, nil
}

// None is a part without sessions.
func (p Part) None() Part {
	p.first = p.end
	return p
}

// Source hands the part out to a player, from its first session on.
func (p Part) Source() replay.Source {
	return &source{Part: p, cursor: p.recording.sessions.Cursor(p.first, p.end)}
}

type source struct {
	Part

	cursor *spool.Cursor
}

// Marks implements [replay.Source].
func (s *source) Marks(visit func(replay.Mark)) error {
	sessions := s.recording.sessions.Cursor(s.first, s.end)
	for {
		e, err := sessions.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		records := s.cursorOf(e)
		for i := 0; ; i++ {
			e, err := records.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			visit(replay.Mark{First: i == 0, At: time.Unix(0, e.At), Took: time.Duration(e.Took)})
		}
	}
}

// cursorOf goes through the records of a session.
func (p Part) cursorOf(e *spool.Entry) *spool.Cursor {
	n := int(e.Pos)
	if p.most > 0 {
		n = min(n, p.most)
	}
	return p.recording.plays.Cursor(int(e.Start), int(e.Start)+n)
}

// Next implements [replay.Source].
func (s *source) Next() (replay.Session, error) {
	e, err := s.cursor.Next()
	if err != nil {
		return nil, err
	}
	next := &playing{recording: s.recording, cursor: s.cursorOf(e), reader: s.recording.order.Reader()}
	if err := next.read(); err != nil {
		return nil, err
	}
	next.key = s.recording.finder.Name(session.Key(next.entry.Session), next.record)
	return next, nil
}

// playing is one session whose turn has come; its next record has been read.
type playing struct {
	recording *Recording
	key       string
	cursor    *spool.Cursor
	reader    *spool.Reader
	entry     *spool.Entry
	record    *traffic.Record
}

// Key implements [replay.Session].
func (p *playing) Key() string { return p.key }

// Next implements [replay.Session].
func (p *playing) Next(step *replay.Step) (err error) {
	if p.record == nil {
		if err := p.read(); err != nil {
			return err
		}
	}
	step.Record, p.record = p.record, nil
	step.Endpoint = p.recording.endpoints[p.entry.Endpoint].name
	step.Traits = replay.Traits(p.entry.Flags >> traits)
	step.Links, err = p.reader.Note(p.entry.Links)
	return err
}

// read reads the next record. After the last one the reader is given back.
func (p *playing) read() (err error) {
	if p.reader == nil {
		return io.EOF
	}
	if p.entry, err = p.cursor.Next(); err == nil {
		p.record, err = p.reader.Record(p.entry.Record)
	}
	if err != nil {
		p.reader.Release()
		p.reader = nil
	}
	return err
}

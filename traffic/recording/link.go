package recording

import (
	"errors"
	"io"

	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/spool"
)

// link makes the final list: it looks for the values that answers issue for later requests.
func (r *Recording) link(grouped *spool.List) (err error) {
	if r.plays, err = spool.NewList(); err != nil {
		return err
	}
	if r.sessions, err = spool.NewList(); err != nil {
		return err
	}
	if err := r.lay(grouped); err != nil {
		return err
	}
	l := linking{Recording: r, grouped: grouped, ahead: r.source.Reader(), at: r.source.Reader()}
	defer l.ahead.Release()
	defer l.at.Release()
	ends := grouped.Cursor(0, grouped.Len())
	first, n, start := 0, 0, uint64(0)
	for {
		e, err := ends.Next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if over := err != nil; n > 0 && (over || e.Start != start) {
			if err := l.session(first, n); err != nil {
				return err
			}
			first, n = first+n, 0
		}
		if err != nil {
			return errors.Join(r.plays.Done(), r.sessions.Done(), r.order.Done())
		}
		start = e.Start
		n++
	}
}

var errMixed = errors.New("mixed")

// lay decides where the records are played from.
func (r *Recording) lay(grouped *spool.List) (err error) {
	var end uint64
	err = grouped.Each(func(e *spool.Entry) error {
		if e.Record.Offset < end {
			return errMixed
		}
		end = e.Record.Offset
		return nil
	})
	if errors.Is(err, errMixed) {
		r.order, err = spool.New()
		return err
	}
	r.order = r.source
	return err
}

type linking struct {
	*Recording
	grouped   *spool.List
	ahead, at *spool.Reader
	notes     []byte
}

// session links the records of one session.
func (l *linking) session(first, n int) error {
	if err := l.sessions.Add(&spool.Entry{Start: uint64(first), Pos: uint64(n)}); err != nil {
		return err
	}
	var linker *correlate.Linker
	if n > 1 && l.options.Correlator != nil {
		linker = l.options.Correlator.NewLinker(&l.left)
		defer linker.Close()
	}
	requests := l.grouped.Cursor(first, first+n)
	answers := l.grouped.Cursor(first, first+n)
	expected, cut := 0, false
	for range n {
		for linker != nil && expected < n && linker.Wants() {
			if err := l.expect(linker, requests); err != nil {
				return err
			}
			expected++
		}
		cut = cut || linker != nil && linker.Follows() && expected < n
		e, err := answers.Next()
		if err != nil {
			return err
		}
		if err := l.play(linker, e); err != nil {
			return err
		}
	}
	if cut {
		l.Cut++
	}
	return nil
}

func (l *linking) expect(linker *correlate.Linker, requests *spool.Cursor) error {
	e, err := requests.Next()
	if err != nil {
		return err
	}
	record, err := l.ahead.Record(e.Record)
	if err != nil {
		return err
	}
	linker.Expect(l.endpoints[e.Endpoint].name, record.Request)
	return nil
}

// play adds one record to the final list.
func (l *linking) play(linker *correlate.Linker, e *spool.Entry) error {
	follows, moves := linker != nil && linker.Follows(), l.order != l.source
	if follows || moves {
		raw, err := l.at.Raw(e.Record)
		if err == nil && follows {
			err = l.look(linker, e, raw)
		}
		if err == nil && moves {
			e.Record, err = l.order.Note(raw)
		}
		if err != nil {
			return err
		}
	}
	l.digest.Add(e.Digest)
	l.endpoints[e.Endpoint].requests++
	return l.plays.Add(e)
}

// look finds the links of one record.
func (l *linking) look(linker *correlate.Linker, e *spool.Entry, raw []byte) error {
	record, err := l.at.Decode(raw)
	if err != nil {
		return err
	}
	if links := linker.Links(l.endpoints[e.Endpoint].name, record); len(links) > 0 {
		l.notes = correlate.AppendLinks(l.notes[:0], links)
		e.Links, err = l.order.Note(l.notes)
	}
	return err
}

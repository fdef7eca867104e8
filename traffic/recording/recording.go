// Package recording reads captured inbound traffic, finds its sessions, and hands out those that are
// selected. The traffic stays on disk.
package recording

import (
	"cmp"
	"context"
	"errors"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/session"
	"github.com/headgate-dev/headgate/traffic/spool"
	"github.com/headgate-dev/headgate/traffic/transform"
)

// Options say what to do with the traffic.
type Options struct {
	// Formats say what the captures cannot tell themselves.
	Formats formats.Options
	Session session.Config
	Select  session.Select
	// Where tells whether a record that passes Select is wanted, too; nil wants all.
	Where func(*traffic.Record) (bool, error)
	// Correlator finds the values that answers issue for later requests; nil finds none.
	Correlator *correlate.Correlator
	// Transforms change what is selected; nil changes nothing.
	Transforms *transform.Chain
	// Judge sees each selected record as it was recorded, and as the transforms leave it; nil sees none.
	Judge func(recorded, sent *traffic.Record)
	// Seed decides which sessions are sampled.
	Seed uint64
}

// Recording is inbound traffic: first Read, then Arrange, then it is not changed any more. It needs some
// bytes of memory for each endpoint, and for each key that tells sessions apart.
type Recording struct {
	// Counts is what the sources held.
	Counts formats.Counts
	// Sessions is a sentence that says how the sessions were found.
	Sessions string
	// Inbound is the number of inbound records, selected or not.
	Inbound int
	// Cut counts the sessions that are too long for every value to be followed through: later requests
	// than the [correlate.Window] next ones were not looked at.
	Cut int

	options Options
	finder  *session.Finder
	// spool holds all records as they came, order those that are selected as they are played, so that
	// they are read one behind the other. It is source itself where that is the same: what is selected as
	// the transforms leave it, and spool without transforms.
	spool, source, order *spool.Spool
	// timeline holds all inbound records in the order of time, plays the selected ones session by
	// session, and sessions where these begin in plays and how many records they have.
	timeline, plays, sessions *spool.List

	endpoints []endpoint
	numbers   map[string]uint32
	digest    traffic.Digest
	left      correlate.Report
}

// endpoint counts the selected records of one operation.
type endpoint struct {
	name     string
	requests int
}

// Flags of entries. The traits of the request stand above them.
const (
	kept     = 1 << iota // it passes the selection as far as one record can tell
	selected             // it is to be replayed
	own                  // the capture names its session
	traits   = iota      // how far the traits are shifted
)

// New makes an empty recording. The error is a mistake in the options.
func New(o Options) (*Recording, error) {
	finder, err := session.NewFinder(o.Session)
	if err = errors.Join(err, o.Select.Validate()); err != nil {
		return nil, err
	}
	return &Recording{options: o, finder: finder, numbers: map[string]uint32{}}, nil
}

// Read reads the captures at paths. What could not be used stands in Counts.
func (r *Recording) Read(ctx context.Context, paths []string) error {
	_, err := r.ReadAll(ctx, paths, func(*traffic.Record) {})
	return err
}

// ReadAll is Read for those who want to see every record, outbound ones too.
func (r *Recording) ReadAll(ctx context.Context, paths []string, see func(*traffic.Record)) (formats.Counts, error) {
	err := r.fill(func(use func(*traffic.Record) error) (err error) {
		r.Counts, err = r.options.Formats.Each(ctx, paths, func(record *traffic.Record) error {
			see(record)
			return use(record)
		})
		return err
	})
	return r.Counts, err
}

// Take takes records from memory.
func (r *Recording) Take(records []*traffic.Record) error {
	return r.fill(func(use func(*traffic.Record) error) error {
		for _, record := range records {
			if err := use(record); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Recording) fill(each func(use func(*traffic.Record) error) error) (err error) {
	if r.spool, err = spool.New(); err != nil {
		return err
	}
	arrival, err := spool.NewList()
	if err != nil {
		return err
	}
	err = each(func(record *traffic.Record) error {
		if record.Direction != traffic.Inbound {
			return nil
		}
		return r.add(arrival, record)
	})
	if err == nil {
		err = errors.Join(arrival.Done(), r.spool.Done())
	}
	if err == nil {
		r.timeline, err = arrival.Sort(func(e *spool.Entry) [2]uint64 {
			return [2]uint64{uint64(e.At) ^ 1<<63, e.Pos} // the order of signed numbers
		})
	}
	return errors.Join(err, dropped(arrival, r.timeline))
}

// dropped closes a list that another has taken the place of.
func dropped(l, next *spool.List) error {
	if l == next {
		return nil
	}
	return l.Close()
}

// add stores one record and what there is to say about it.
func (r *Recording) add(to *spool.List, record *traffic.Record) error {
	r.finder.See(record)
	place, err := r.spool.Add(record)
	if err != nil {
		return err
	}
	e := spool.Entry{
		At: nanoseconds(record.Time), Took: int64(record.Duration), ID: hash(record.ID), Pos: uint64(r.Inbound),
		Record: place, Digest: traffic.DigestOf(record), Endpoint: r.number(record),
		Flags: uint32(replay.TraitsOf(record)) << traits,
	}
	if record.Session != "" {
		e.Session = uint64(session.Named(record.Session))
		e.Flags |= own
	}
	if r.options.Select.Keep(record) {
		e.Flags |= kept
	}
	r.Inbound++
	return to.Add(&e)
}

// number finds the endpoint of a record in the table.
func (r *Recording) number(record *traffic.Record) uint32 {
	name := traffic.Endpoint(record.Request.Method, record.Request.URL)
	n, known := r.numbers[name]
	if !known {
		n = uint32(len(r.endpoints))
		r.numbers[name] = n
		r.endpoints = append(r.endpoints, endpoint{name: name})
	}
	return n
}

// nanoseconds is a time since 1970; what is centuries away counts as far away.
func nanoseconds(t time.Time) int64 {
	switch year := t.Year(); {
	case year < 1680:
		return math.MinInt64
	case year > 2260:
		return math.MaxInt64
	}
	return t.UnixNano()
}

func hash(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// Len is the number of records that are selected.
func (r *Recording) Len() int {
	if r == nil || r.plays == nil {
		return 0
	}
	return r.plays.Len()
}

// Hash is the fingerprint of the selected requests; see [traffic.Digest].
func (r *Recording) Hash() string { return r.digest.String() }

// Left tells which values of the selected requests look issued while no earlier answer of their session has
// them. It is not to be changed.
func (r *Recording) Left() *correlate.Report {
	if r == nil {
		return nil
	}
	return &r.left
}

// EndpointCount is an endpoint and how many requests are selected of it.
type EndpointCount struct {
	Endpoint string
	Requests int
}

// Endpoints lists the endpoints that are selected, the most frequent first.
func (r *Recording) Endpoints() []EndpointCount {
	var list []EndpointCount
	for _, e := range r.endpoints {
		if e.requests > 0 {
			list = append(list, EndpointCount{e.name, e.requests})
		}
	}
	slices.SortFunc(list, func(a, b EndpointCount) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	return list
}

// Settle frees what only Attribute needs; it is not to be called any more.
func (r *Recording) Settle() error {
	if r == nil {
		return nil
	}
	err := r.timeline.Close()
	if r.order != r.spool {
		err = errors.Join(err, r.spool.Close())
	}
	return err
}

// Close frees the disk space. It may be called again.
func (r *Recording) Close() error {
	if r == nil {
		return nil
	}
	return errors.Join(r.spool.Close(), r.source.Close(), r.order.Close(),
		r.timeline.Close(), r.plays.Close(), r.sessions.Close())
}

package replay

import (
	"io"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Source hands out the sessions of a replay in the order of their start. One goroutine at a time calls
// it.
type Source interface {
	// Next returns the next session, or io.EOF after the last.
	Next() (Session, error)
	// Marks visits all records that Next will hand out, session after session. It may be called again
	// and does not move Next.
	Marks(visit func(Mark)) error
}

// Session hands out the records of one session in the order of time, to one goroutine.
type Session interface {
	// Key names the session.
	Key() string
	// Next fills in Record, Endpoint, Traits and Links of the next step, or returns io.EOF. The record is
	// the caller's to keep and not to change: its headers may be shared with other records.
	Next(*Step) error
}

// Step is one recorded request of a session.
type Step struct {
	Record *traffic.Record
	// Session is the key of the record's session, Index the record's place in it from 0.
	Session string
	Index   int
	// Endpoint is the recorded request's [traffic.Endpoint].
	Endpoint string
	// Traits were found when the record was loaded.
	Traits Traits
	// Links is what whoever made the source wants to know about the record when its answer comes.
	Links []byte
}

// Mark is what a schedule is made from.
type Mark struct {
	// First is true for the first record of a session.
	First bool
	// At is the recorded time, Took the recorded duration.
	At   time.Time
	Took time.Duration
}

// Traits are what can be known of a request before its turn comes.
type Traits uint8

const (
	// Unsendable requests are refused by [Sendable].
	Unsendable Traits = 1 << iota
	// Variable requests have a place for a run-time value; see [Values].
	Variable
)

// TraitsOf looks at a record once, so that the player need not.
func TraitsOf(r *traffic.Record) Traits {
	if Sendable(r) != nil {
		return Unsendable
	}
	if hasPlaceholder(r.Request) {
		return Variable
	}
	return 0
}

// Of is a source of records that are all in memory.
func Of(set *traffic.Set) Source { return &memory{set: set} }

type memory struct {
	set  *traffic.Set
	next int
}

func (m *memory) Next() (Session, error) {
	if m.next == len(m.set.Sessions) {
		return nil, io.EOF
	}
	m.next++
	return &memorySession{session: m.set.Sessions[m.next-1]}, nil
}

func (m *memory) Marks(visit func(Mark)) error {
	for _, s := range m.set.Sessions {
		for i, r := range s.Records {
			visit(Mark{First: i == 0, At: r.Time, Took: r.Duration})
		}
	}
	return nil
}

type memorySession struct {
	session *traffic.Session
	next    int
}

func (s *memorySession) Key() string { return s.session.Key }

func (s *memorySession) Next(step *Step) error {
	if s.next == len(s.session.Records) {
		return io.EOF
	}
	r := s.session.Records[s.next]
	s.next++
	step.Record, step.Traits = r, TraitsOf(r)
	step.Endpoint = traffic.Endpoint(r.Request.Method, r.Request.URL)
	return nil
}

package traffic

import (
	"slices"
	"time"
)

// Set is a small amount of inbound traffic in memory, grouped into sessions in the order of their start.
type Set struct {
	Sessions []*Session
}

// Session is what one user or client did, in the order of time.
type Session struct {
	Key     string
	Records []*Record
	// Start is the time of the first record.
	Start time.Time
}

// NewSet groups records by their Session field. Records with the same time keep the order in which
// they were given.
func NewSet(records []*Record) *Set {
	byKey := make(map[string]*Session)
	set := &Set{}
	for _, r := range Sorted(records) {
		s := byKey[r.Session]
		if s == nil {
			s = &Session{Key: r.Session, Start: r.Time}
			byKey[r.Session] = s
			set.Sessions = append(set.Sessions, s)
		}
		s.Records = append(s.Records, r)
	}
	return set
}

// Sorted returns a copy of records in the order of time, equal times in the order given.
func Sorted(records []*Record) []*Record {
	out := slices.Clone(records)
	slices.SortStableFunc(out, func(a, b *Record) int { return a.Time.Compare(b.Time) })
	return out
}

// Len is the number of records.
func (s *Set) Len() int {
	n := 0
	for _, session := range s.Sessions {
		n += len(session.Records)
	}
	return n
}

// Records lists all records, session after session.
func (s *Set) Records() []*Record {
	out := make([]*Record, 0, s.Len())
	for _, session := range s.Sessions {
		out = append(out, session.Records...)
	}
	return out
}

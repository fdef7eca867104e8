package traffic

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"time"
)

// Set is the selected inbound traffic, grouped into sessions in the order of their start. It is not
// changed after it was made; canary and rest share its sessions.
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

// Endpoints counts the records of each [Endpoint].
func (s *Set) Endpoints() map[string]int {
	counts := make(map[string]int)
	for _, session := range s.Sessions {
		for _, r := range session.Records {
			counts[Endpoint(r.Request.Method, r.Request.URL)]++
		}
	}
	return counts
}

// Canary splits off the earliest sessions, whole, until they hold at least n records; a smaller set
// goes to the canary entirely. n of 0 or less leaves the canary empty.
func (s *Set) Canary(n int) (canary, rest *Set) {
	taken, count := 0, 0
	for taken < len(s.Sessions) && count < n {
		count += len(s.Sessions[taken].Records)
		taken++
	}
	return &Set{Sessions: s.Sessions[:taken:taken]}, &Set{Sessions: s.Sessions[taken:]}
}

// Hash is the fingerprint of the traffic: a SHA-256, in hex, over id, method, URL and body of every
// request in the order of ids. How the records are grouped into sessions does not change it.
func (s *Set) Hash() string {
	records := s.Records()
	slices.SortStableFunc(records, func(a, b *Record) int { return cmp.Compare(a.ID, b.ID) })
	h := sha256.New()
	for _, r := range records {
		hashField(h, []byte(r.ID))
		hashField(h, []byte(r.Request.Method))
		hashField(h, []byte(r.Request.URL))
		hashField(h, r.Request.Body)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hashField writes the length first, so that no two lists of fields hash the same bytes.
func hashField(h hash.Hash, field []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(field)))
	h.Write(length[:])
	h.Write(field)
}

package session

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// Key stands for a session; equal keys are the same session.
type Key uint64

// Named is the key of a session that has a name in the capture.
func Named(name string) Key {
	h := fnv.New64a()
	h.Write([]byte(name))
	return Key(h.Sum64())
}

// Finder finds the sessions of inbound records that go by. It keeps a few bytes for each key that
// requests carry, and no records. First See takes every record, in any order; then Decide picks what
// tells sessions apart; then Key takes every record once more, in the order of time.
//
// A record that has a session keeps it. A request belongs to the session whose key it carries, or whose
// key its answer issued: the log-in is the first request of the session it starts, and a renewed token
// stays with its session. Requests with neither share the session [Anonymous], in their order.
//
// Without a configured key a cookie named like a session comes first, then the bearer token (the
// subject of a JSON Web Token, else the token), then the client's address as proxies forwarded it, with the
// User-Agent, then the client's connection, if two requests or more came on each, on average; each where at
// least half of the requests have it. Else all requests are one session. Names made from header values,
// cookies and tokens are short hashes, so that nothing secret is in them.
type Finder struct {
	// given is the name of what is configured, empty where nothing is.
	given string
	// own records have a session, open ones have not; keyed are those for which Key found one.
	own, open, keyed int
	anonymous        Key
	seed             maphash.Seed
	// candidates may be chosen, the first ones rather.
	candidates []*candidate
	chosen     *candidate
	// cookies are candidates by name, nil for names that are not like those of sessions.
	cookies map[string]*candidate
}

// candidate is a source that may tell sessions apart.
type candidate struct {
	source
	// alias leads from hashed keys to sessions.
	alias map[uint64]Key
	// used counts the requests that carry a key, named the cookies of its name.
	used, named int
}

func newCandidate(s source) *candidate { return &candidate{source: s, alias: make(map[uint64]Key)} }

// NewFinder returns an error where the configuration has more than one key.
func NewFinder(c Config) (*Finder, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	f := &Finder{anonymous: Named(Anonymous), seed: maphash.MakeSeed(), cookies: map[string]*candidate{}}
	var sources []source
	if sources, f.given = c.sources(); f.given == "" {
		sources = []source{byBearer(), byAddress(), byConnection()}
	}
	for _, s := range sources {
		f.candidates = append(f.candidates, newCandidate(s))
	}
	return f, nil
}

// See takes note of a record.
func (f *Finder) See(r *traffic.Record) {
	if r.Session != "" {
		f.own++
		return
	}
	f.open++
	for _, c := range f.candidates {
		c.use(f.seed, c.source.used(r))
	}
	if f.given != "" {
		return
	}
	f.candidates = slices.DeleteFunc(f.candidates, (*candidate).hopeless)
	if len(r.Request.Header["Cookie"]) > 0 {
		f.seeCookies(r)
	}
}

// mostCookies bounds how many names of cookies are looked at.
const mostCookies = 1000

func (f *Finder) seeCookies(r *traffic.Record) {
	cookies := (&http.Request{Header: r.Request.Header}).Cookies()
	for i, cookie := range cookies {
		c, known := f.cookies[cookie.Name]
		if !known && len(f.cookies) < mostCookies {
			if sessionLike.MatchString(cookie.Name) && !notSession.MatchString(cookie.Name) {
				c = newCandidate(byCookie(cookie.Name))
			}
			f.cookies[cookie.Name] = c
		}
		if c == nil {
			continue
		}
		c.named++
		same := func(other *http.Cookie) bool { return other.Name == cookie.Name }
		if !slices.ContainsFunc(cookies[:i], same) {
			c.use(f.seed, cookie.Value)
		}
	}
}

// use notes a key that a request carries.
func (c *candidate) use(seed maphash.Seed, key string) {
	if key == "" {
		return
	}
	c.used++
	hash := maphash.String(seed, key)
	if _, known := c.alias[hash]; !known {
		sum := sha256.Sum256([]byte(c.subject(key)))
		c.alias[hash] = Key(binary.BigEndian.Uint64(sum[:]))
	}
}

// Decide picks what tells sessions apart. Where the requests do not say enough it goes through the
// records, in the order of time. It is an error where a configured key is in no request at all.
func (f *Finder) Decide(records func(visit func(*traffic.Record) error) error) error {
	candidates := f.candidates
	if c := f.cookie(); c != nil {
		candidates = append([]*candidate{c}, candidates...)
	}
	f.chosen, f.candidates, f.cookies = newCandidate(together()), nil, nil
	if f.given == "" || len(candidates) > 1 {
		c, err := f.first(candidates, records)
		if c != nil {
			f.chosen = c
		}
		if c != nil || err != nil {
			return err
		}
	}
	if f.given == "" || f.open == 0 {
		return nil
	}
	f.chosen = slices.MaxFunc(candidates, func(a, b *candidate) int { return cmp.Compare(a.used, b.used) })
	if f.chosen.used == 0 {
		return fmt.Errorf("sessions by %s: none of %d inbound requests has it", f.given, f.open)
	}
	return nil
}

// first is the first candidate that at least half of the requests have, nil where there is none.
func (f *Finder) first(
	candidates []*candidate, records func(visit func(*traffic.Record) error) error,
) (*candidate, error) {
	for _, c := range candidates {
		n, err := f.reach(c, records)
		if err != nil {
			return nil, err
		}
		if n > 0 && 2*n >= f.open && (f.given != "" || !c.lonely()) {
			return c, nil
		}
	}
	return nil, nil
}

// lonely tells whether what the source takes for a session is hardly more than one request each.
func (c *candidate) lonely() bool { return c.passing && c.used < 2*len(c.alias) }

// hopeless tells whether so many sessions are lonely that they are not worth the memory.
func (c *candidate) hopeless() bool { return len(c.alias) >= 1<<16 && c.lonely() }

// cookie is the session-like cookie that most records carry; of equals the first by name.
func (f *Finder) cookie() *candidate {
	var best *candidate
	for _, name := range slices.Sorted(maps.Keys(f.cookies)) {
		if c := f.cookies[name]; c != nil && (best == nil || c.named > best.named) {
			best = c
		}
	}
	return best
}

// reach is the number of requests for which a candidate finds a session, or enough of them.
func (f *Finder) reach(c *candidate, records func(visit func(*traffic.Record) error) error) (int, error) {
	if c.used == 0 || 2*c.used >= f.open {
		return c.used, nil
	}
	trial := *c
	trial.alias = maps.Clone(c.alias)
	n := 0
	err := records(func(r *traffic.Record) error {
		if r.Session == "" && f.find(&trial, r) != f.anonymous {
			n++
		}
		return nil
	})
	return n, err
}

// Reads tells whether Key looks into records that have no session of their own.
func (f *Finder) Reads() bool { return f.chosen.kind != "" && f.open > 0 }

// Key is the session of the next record in the order of time.
func (f *Finder) Key(r *traffic.Record) Key {
	if r.Session != "" {
		return Named(r.Session)
	}
	key := f.find(f.chosen, r)
	if key != f.anonymous {
		f.keyed++
	}
	return key
}

// Rest is the session of the records that Reads leaves out.
func (f *Finder) Rest() Key { return f.anonymous }

// find finds the session of one record and binds the keys that its answer issued to it.
func (f *Finder) find(c *candidate, r *traffic.Record) Key {
	session := f.anonymous
	if key := c.source.used(r); key != "" {
		session = c.alias[maphash.String(f.seed, key)]
	}
	c.issued(r, func(key []byte) {
		hash := maphash.Bytes(f.seed, key)
		known, used := c.alias[hash]
		switch {
		case !used:
		case session == f.anonymous:
			session = known
		default:
			c.alias[hash] = session
		}
	})
	return session
}

// Name is the name of the session of a record.
func (f *Finder) Name(k Key, r *traffic.Record) string {
	switch {
	case r.Session != "":
		return r.Session
	case k == f.anonymous:
		return Anonymous
	}
	return fmt.Sprintf("%s:%016x", f.chosen.kind, uint64(k))
}

// Sentence tells the user how many sessions there are and how they were found, such as "sessions: 32,
// inferred from the bearer token". It is called when Key has taken every record.
func (f *Finder) Sentence(sessions int) string {
	var parts []string
	if f.own > 0 {
		parts = append(parts, "as recorded")
	}
	switch {
	case f.open == 0:
	case f.chosen.kind == "":
		parts = append(parts, "all requests in order, as nothing tells users apart")
	case f.given != "":
		parts = append(parts, "by "+f.chosen.name)
	default:
		parts = append(parts, "inferred from "+f.chosen.name)
	}
	text := fmt.Sprintf("sessions: %d, %s", sessions, strings.Join(parts, " and "))
	if left := f.open - f.keyed; left > 0 && f.chosen.kind != "" {
		text += fmt.Sprintf("; %d requests without it are one session", left)
	}
	return strings.TrimSuffix(text, ", ")
}

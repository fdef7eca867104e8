// Package session groups captured traffic into sessions and selects which of it is replayed.
package session

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// Config holds the settings under `traffic.session` in a run file: what tells one user's requests
// from another's. One of them may be set; with none it is inferred.
type Config struct {
	// Request header whose value is the session.
	Header string `yaml:"header"`
	// Cookie whose value is the session.
	Cookie string `yaml:"cookie"`
	// Claim of the JSON Web Token in the Authorization header whose value is the session.
	JWTClaim string `yaml:"jwt_claim"`
	// Query parameter whose value is the session.
	Query string `yaml:"query"`
	// Take each client, by forwarded address and User-Agent, as one session.
	Client bool `yaml:"client"`
}

// Validate returns an error unless at most one key is set.
func (c Config) Validate() error {
	set := 0
	for _, given := range []bool{c.Header != "", c.Cookie != "", c.JWTClaim != "", c.Query != "", c.Client} {
		if given {
			set++
		}
	}
	if set > 1 {
		return errors.New("session has more than one key: expected one of header, cookie, jwt_claim, query, client")
	}
	return nil
}

// Anonymous is the session of the requests that have no key of their own.
const Anonymous = "anonymous"

// Assign gives every inbound record without a session one, and returns a sentence for the user that
// says how, such as "sessions: 32, inferred from the bearer token". Keys made from header values,
// cookies and tokens are short hashes, so that nothing secret is in them.
//
// A request belongs to the session whose key it carries, or whose key its answer issued: the log-in
// is the first request of the session it starts, and a renewed token stays with its session. Requests
// with neither share the session [Anonymous], in their order.
//
// Without a configured key the record's own session comes first, then a cookie named like a session,
// then the bearer token (the subject of a JSON Web Token, else the token), each where at least half
// of the requests have it; else all requests are one session. It is an error where a configured key
// is in no request at all.
func Assign(records []*traffic.Record, c Config) (how string, err error) {
	if err := c.Validate(); err != nil {
		return "", err
	}
	open := unassigned(records)
	source, given := c.source()
	if !given {
		source = infer(open)
	}
	n := assign(open, source)
	if given && n.keyed == 0 && len(open) > 0 {
		return "", fmt.Errorf("sessions by %s: none of %d inbound requests has it", source.name, len(open))
	}
	return n.sentence(records, source, given), nil
}

// unassigned lists the inbound records that have no session yet, in the order of time.
func unassigned(records []*traffic.Record) []*traffic.Record {
	var open []*traffic.Record
	for _, r := range records {
		if r.Direction == traffic.Inbound && r.Session == "" {
			open = append(open, r)
		}
	}
	return traffic.Sorted(open)
}

// tally is what assign did.
type tally struct {
	open, keyed int
}

// assign gives each record the session of its key.
func assign(records []*traffic.Record, s source) tally {
	n := tally{open: len(records)}
	for i, session := range sessions(records, s) {
		records[i].Session = session
		if session != Anonymous {
			n.keyed++
		}
	}
	return n
}

// sessions finds the session of each record.
func sessions(records []*traffic.Record, s source) []string {
	alias := make(map[string]string) // key to session
	for _, r := range records {
		if key := s.used(r); key != "" && alias[key] == "" {
			alias[key] = s.kind + ":" + digest(s.subject(key))
		}
	}
	found := make([]string, len(records))
	for i, r := range records {
		found[i] = sessionOf(r, s, alias)
	}
	return found
}

// sessionOf finds the session of one record and binds the keys that its answer issued to it.
func sessionOf(r *traffic.Record, s source, alias map[string]string) string {
	session := Anonymous
	if key := s.used(r); key != "" {
		session = alias[key]
	}
	for _, key := range s.issued(r) {
		known, used := alias[key]
		switch {
		case !used:
			continue
		case session == Anonymous:
			session = known
		default:
			alias[key] = session
		}
	}
	return session
}

// digest hides a key and keeps different keys apart.
func digest(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}

// sentence tells the user what was done.
func (n tally) sentence(records []*traffic.Record, s source, given bool) string {
	distinct := make(map[string]bool)
	own := 0
	for _, r := range records {
		if r.Direction == traffic.Inbound {
			distinct[r.Session] = true
			own++
		}
	}
	own -= n.open
	var parts []string
	if own > 0 {
		parts = append(parts, "as recorded")
	}
	switch {
	case n.open == 0:
	case s.kind == "":
		parts = append(parts, "all requests in order, as nothing tells users apart")
	case given:
		parts = append(parts, "by "+s.name)
	default:
		parts = append(parts, "inferred from "+s.name)
	}
	text := fmt.Sprintf("sessions: %d, %s", len(distinct), strings.Join(parts, " and "))
	if left := n.open - n.keyed; left > 0 && s.kind != "" {
		text += fmt.Sprintf("; %d requests without it are one session", left)
	}
	return strings.TrimSuffix(text, ", ")
}

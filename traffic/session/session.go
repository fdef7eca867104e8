// Package session groups captured traffic into sessions and selects which of it is replayed.
package session

import (
	"errors"

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
	// Take each client as one session: by the address that proxies forwarded and the User-Agent, else by the
	// connection where the capture knows it, else by the User-Agent alone, whichever most requests have.
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

// Assign gives every inbound record of a list without a session one, as a [Finder] finds it, and returns
// the sentence that says how.
func Assign(records []*traffic.Record, c Config) (how string, err error) {
	f, err := NewFinder(c)
	if err != nil {
		return "", err
	}
	var inbound []*traffic.Record
	for _, r := range traffic.Sorted(records) {
		if r.Direction == traffic.Inbound {
			f.See(r)
			inbound = append(inbound, r)
		}
	}
	err = f.Decide(func(visit func(*traffic.Record) error) error {
		for _, r := range inbound {
			if err := visit(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	distinct := make(map[Key]bool)
	for _, r := range inbound {
		key := f.Key(r)
		r.Session = f.Name(key, r)
		distinct[key] = true
	}
	return f.Sentence(len(distinct)), nil
}

package session

import (
	"errors"
	"fmt"
	"hash/fnv"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
)

// Select holds the settings under `traffic.select` in a run file, all of which a request must pass.
type Select struct {
	// Only requests recorded at or after this time (RFC 3339).
	Since time.Time `yaml:"since"`
	// Only requests recorded before this time (RFC 3339).
	Until time.Time `yaml:"until"`
	// At most this many requests, the earliest first; 0 is no limit.
	Limit int `yaml:"limit" jsonschema:"minimum=0"`
	// Only this share of the sessions, whole, such as 10%; which ones depends on the seed.
	Sample spec.Ratio `yaml:"sample"`
	// Only requests with these methods.
	Methods []string `yaml:"methods"`
	// Only these endpoints, such as "GET /orders/*" or "/orders/**"; a single * stands for one path
	// segment, ** at the end for any rest. Recorded ids may be written as {id}.
	Endpoints []string `yaml:"endpoints"`
}

// DefaultSelect selects everything.
func DefaultSelect() Select { return Select{Sample: 1} }

// Validate returns all that is wrong with the settings.
func (s Select) Validate() error {
	var errs []error
	if s.Sample <= 0 || s.Sample > 1 {
		errs = append(errs, fmt.Errorf("sample is %g%%: expected above 0%% up to 100%%", 100*float64(s.Sample)))
	}
	if s.Limit < 0 {
		errs = append(errs, fmt.Errorf("limit is %d: expected 0 or more", s.Limit))
	}
	if !s.Since.IsZero() && !s.Until.IsZero() && !s.Since.Before(s.Until) {
		errs = append(errs, fmt.Errorf("since %s is not before until %s",
			s.Since.Format(time.RFC3339), s.Until.Format(time.RFC3339)))
	}
	for _, pattern := range s.Endpoints {
		if err := checkEndpoint(pattern); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Keep tells whether one inbound record passes since, until, methods and endpoints. It needs no
// session and serves to drop records while they are read.
func (s Select) Keep(r *traffic.Record) bool {
	if r.Direction != traffic.Inbound {
		return false
	}
	if !s.Since.IsZero() && r.Time.Before(s.Since) || !s.Until.IsZero() && !r.Time.Before(s.Until) {
		return false
	}
	sameMethod := func(m string) bool { return strings.EqualFold(m, r.Request.Method) }
	if len(s.Methods) > 0 && !slices.ContainsFunc(s.Methods, sameMethod) {
		return false
	}
	matches := func(pattern string) bool { return endpointMatches(pattern, r.Request) }
	return len(s.Endpoints) == 0 || slices.ContainsFunc(s.Endpoints, matches)
}

// Sieve takes those of the records that Keep which belong to a sampled session, up to the limit: what is
// left of a session is always its beginning.
type Sieve struct {
	selected Select
	seed     uint64
	taken    int
}

// Sieve starts at the first record; the seed decides which sessions are sampled.
func (s Select) Sieve(seed uint64) *Sieve { return &Sieve{selected: s, seed: seed} }

// Take tells whether a record of the named session is taken. It is called for the records one after
// another, in the order of time.
func (s *Sieve) Take(session string) bool {
	if s.selected.Limit > 0 && s.taken == s.selected.Limit || !s.selected.sampled(session, s.seed) {
		return false
	}
	s.taken++
	return true
}

// Sampled tells whether Take looks at the session.
func (s *Sieve) Sampled() bool { return s.selected.Sample > 0 && s.selected.Sample < 1 }

// sampled decides for a session as a whole, the same way for the same seed.
func (s Select) sampled(session string, seed uint64) bool {
	if s.Sample <= 0 || s.Sample >= 1 {
		return true
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s", seed, session)
	// FNV's high bits hardly move for short keys; a multiplication spreads the low ones.
	const golden = 0x9e3779b97f4a7c15
	mixed := h.Sum64()
	mixed = (mixed ^ mixed>>32) * golden
	return float64(mixed>>11)/(1<<53) < float64(s.Sample)
}

// splitEndpoint takes a pattern apart; the method is empty where any will do.
func splitEndpoint(pattern string) (method, glob string) {
	if method, glob, ok := strings.Cut(pattern, " "); ok && !strings.HasPrefix(pattern, "/") {
		return method, strings.TrimSpace(glob)
	}
	return "", pattern
}

func checkEndpoint(pattern string) error {
	method, glob := splitEndpoint(strings.TrimSpace(pattern))
	_, err := path.Match(glob, "")
	if err != nil || !strings.HasPrefix(glob, "/") || strings.Contains(method, "/") {
		return fmt.Errorf(`endpoint is %q: expected a method and a path such as "GET /orders/*"`, pattern)
	}
	return nil
}

func endpointMatches(pattern string, r *traffic.Request) bool {
	method, glob := splitEndpoint(strings.TrimSpace(pattern))
	if method != "" && method != "*" && !strings.EqualFold(method, r.Method) {
		return false
	}
	target := r.Target().Path
	return pathMatches(glob, target) || pathMatches(glob, traffic.Template(target))
}

func pathMatches(glob, target string) bool {
	if prefix, ok := strings.CutSuffix(glob, "/**"); ok {
		segments := strings.Count(prefix, "/")
		return target == prefix || pathMatches(prefix, firstSegments(target, segments))
	}
	ok, err := path.Match(glob, target)
	return err == nil && ok
}

// firstSegments is the path up to the n-th segment.
func firstSegments(target string, n int) string {
	parts := strings.SplitAfterN(target, "/", n+2)
	if len(parts) < n+2 {
		return target
	}
	return strings.TrimSuffix(strings.Join(parts[:n+1], ""), "/")
}

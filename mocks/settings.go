package mocks

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/theory/jsonpath"
	paths "github.com/theory/jsonpath/spec"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Match says which parts of a recorded request count when a live request is matched with it. By
// default everything counts but the headers.
type Match struct {
	// Parts of the request that do not count.
	Ignore Ignore `yaml:"ignore"`
	// Request headers that have to be as recorded.
	Headers spec.Strings `yaml:"headers"`
	// What follows when a recorded sequence of differing answers is used up: "last" repeats the last
	// answer, "miss" counts further requests as misses.
	Repeat Repeat `yaml:"repeat" jsonschema:"enum=last,enum=miss"`
}

// Ignore names the parts of a request that do not count.
type Ignore struct {
	// JSONPaths (RFC 9535) of body values that do not count, such as $.request_id.
	JSON spec.Strings `yaml:"json"`
	// Names of query parameters that do not count.
	Query spec.Strings `yaml:"query"`
}

// Repeat says what follows a sequence that is used up.
type Repeat string

// The ways to go on behind a sequence.
const (
	RepeatLast Repeat = "last"
	RepeatMiss Repeat = "miss"
)

// DefaultMatch counts everything but headers and repeats the last answer.
func DefaultMatch() Match { return Match{Repeat: RepeatLast} }

// Validate reports all that is wrong with the settings.
func (m Match) Validate() error {
	var errs []error
	if m.Repeat != RepeatLast && m.Repeat != RepeatMiss {
		errs = append(errs, fmt.Errorf("match.repeat: expected last or miss, got %q", m.Repeat))
	}
	for _, p := range m.Ignore.JSON {
		query, err := jsonpath.Parse(p)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("match.ignore.json: %q is not an RFC 9535 JSONPath: %w", p, err))
		case wholeBody(query):
			errs = append(errs, fmt.Errorf("match.ignore.json: %q would ignore the whole body; name the fields", p))
		}
	}
	if slices.Contains(m.Ignore.Query, "") {
		errs = append(errs, errors.New("match.ignore.query: expected a parameter name, got an empty one"))
	}
	for _, name := range m.Headers {
		if !headerName(name) {
			errs = append(errs, fmt.Errorf("match.headers: %q is not a header name", name))
		}
	}
	return errors.Join(errs...)
}

// wholeBody tells whether a path selects all there is, whatever the body: $, $.*, $..*.
func wholeBody(p *jsonpath.Path) bool {
	return !slices.ContainsFunc(p.Query().Segments(), func(s *paths.Segment) bool {
		return !slices.ContainsFunc(s.Selectors(), func(selector paths.Selector) bool {
			_, wildcard := selector.(paths.WildcardSelector)
			return wildcard
		})
	})
}

// headerName tells whether a name is a token (RFC 9110 section 5.6.2).
func headerName(name string) bool {
	for _, c := range name {
		if c <= ' ' || c > '~' || slices.Contains([]rune(`"(),/:;<=>?@[\]{}`), c) {
			return false
		}
	}
	return name != ""
}

// canonicalNames are the declared headers as net/http spells them.
func (m Match) canonicalNames() []string {
	names := make([]string, len(m.Headers))
	for i, n := range m.Headers {
		names[i] = http.CanonicalHeaderKey(n)
	}
	return names
}

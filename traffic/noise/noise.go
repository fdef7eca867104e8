// Package noise learns which fields of the answers differ between two runs of one build, and turns what was
// learned and reviewed into rules of comparison.
package noise

import (
	"fmt"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/compare"
)

// Kind says in what way a field differs between two runs, and so what is still asked of it.
type Kind string

// The kinds of noise, the narrowest first.
const (
	// UUID is another UUID in each run: it must be one on both sides.
	UUID Kind = "uuid"
	// Datetime is another time in each run: it must be one of the same form on both sides.
	Datetime Kind = "datetime"
	// Counter is another integer in each run: it must be one on both sides.
	Counter Kind = "counter"
	// Order is an array with the same elements in another order in each run.
	Order Kind = "order"
	// Value is anything else; the field is not compared.
	Value Kind = "value"
)

// Entry is one field that is noise.
type Entry struct {
	// Endpoint is that of [traffic.Endpoint].
	Endpoint string
	// Path is $.items[*].price, a JSONPath of names and [*] only, or header.NAME.
	Path string
	Kind Kind
	// Count is in how many of Of answers it differed between the runs.
	Count, Of int64
	// Pos is where it stands in a file.
	Pos spec.Pos
}

// key is that of the rule in [compare.RuleUse].
func (e Entry) key() string {
	rule := map[Kind]string{UUID: "match ", Datetime: "match ", Counter: "match ", Order: "unordered "}[e.Kind]
	name, isHeader := e.header()
	switch {
	case isHeader:
		return fmt.Sprintf("endpoints.%q.ignore.headers %s", e.Endpoint, name)
	case rule == "":
		rule = "ignore.json "
	}
	return fmt.Sprintf("endpoints.%q.%s%s", e.Endpoint, rule, e.Path)
}

// add adds the narrowest rule for the entry. What the run file says about the field itself stays.
func (e Entry) add(r *compare.Rules) {
	if name, ok := e.header(); ok {
		r.Ignore.Headers = append(r.Ignore.Headers, name)
		return
	}
	switch e.Kind {
	case UUID:
		match(r, e.Path, compare.UUID)
	case Datetime:
		match(r, e.Path, compare.Datetime)
	case Counter:
		match(r, e.Path, compare.Integer)
	case Order:
		if _, said := r.Unordered[e.Path]; !said {
			r.Unordered[e.Path] = compare.Unordered{}
		}
	case Value:
		r.Ignore.JSON = append(r.Ignore.JSON, e.Path)
	}
}

func match(r *compare.Rules, path, form string) {
	if _, said := r.Match[path]; !said {
		r.Match[path] = compare.Matcher{Type: form}
	}
}

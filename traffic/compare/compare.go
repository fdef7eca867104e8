// Package compare tells where the response of a service differs from the recorded one.
package compare

import (
	"errors"
	"strconv"

	"github.com/headgate-dev/headgate/traffic"
)

// Known tells which recorded values the session has replaced by others, such as identifiers that the
// service issued anew.
type Known interface {
	// Same tells whether actual is what the recorded text has become.
	Same(recorded, actual string) bool
}

// KnownMember is asked instead of [Known] for the leaves of a body, if known has it too: a small number may
// stand for another one where it is an identifier, and nowhere else.
type KnownMember interface {
	// SameMember is Same for the value of the member of that name, or for an element of the array there.
	SameMember(name, recorded, actual string) bool
}

// Kind says in what way a value differs.
type Kind string

// The kinds of differences.
const (
	Missing Kind = "missing"  // only the recorded response has it
	Extra   Kind = "extra"    // only the actual response has it
	Type    Kind = "type"     // such as a string where a number was recorded
	Value   Kind = "value"    // another value of the same type
	Order   Kind = "order"    // the same elements in another order
	Status  Kind = "status"   // another status code
	Header  Kind = "header"   // another value of a response header
	NotJSON Kind = "not_json" // the recorded body is JSON, the actual one is not
	Bytes   Kind = "bytes"    // other bytes in a body without structure
)

// Difference is one place where the actual response is not what was recorded.
type Difference struct {
	// Path is the place: $.items[3].price (RFC 9535, short names) in JSON, /order/item[1]/@id in XML,
	// form.name in a form, or status, header.Location, body.
	Path string
	// Group is Path with all array indexes left open: $.items[].price.
	Group string
	Kind  Kind
	// Expected is the recorded value and Actual the other one, JSON values as JSON. Longer texts are cut
	// to 200 runes around the first difference.
	Expected, Actual string
}

// Outcome is the result of one comparison.
type Outcome struct {
	// StatusMatched is true if the status is the recorded one, or none was recorded.
	StatusMatched bool
	// Differences are in the order of the recorded body, members by name; at most 1,000.
	Differences []Difference
	// Omitted counts the differences beyond those listed.
	Omitted int64
	// Fields counts the values compared: JSON leaves, form fields, XML attributes and texts, named
	// headers; a body without structure is one field. Ignored values do not count. Extra values do.
	Fields int64
	// Matched counts the fields that are equal or excused by a rule. If the status differs it is 0.
	Matched int64
	// Compared is false if nothing could be compared but, at most, the status and headers.
	Compared bool
	// NotCompared says why Compared is false.
	NotCompared string
}

// OK tells whether no difference was found. It is also true where there was nothing to compare.
func (o *Outcome) OK() bool { return o.StatusMatched && len(o.Differences) == 0 }

// Comparer compares responses by one set of rules. It is safe for concurrent use.
type Comparer struct {
	general   *ruleSet
	endpoints map[string]*ruleSet
	rules     []*rule
	parsers   parsers
}

// New compiles the rules. The error names every rule that is wrong, by its keys below compare.
func New(c Config) (*Comparer, error) {
	general, err := (&ruleSet{}).extend(c.general(), "")
	errs := []error{err}
	if general == nil {
		return nil, err
	}
	comparer := &Comparer{general: general, endpoints: make(map[string]*ruleSet), rules: general.all()}
	seen := make(map[*rule]bool)
	for _, r := range comparer.rules {
		seen[r] = true
	}
	for _, name := range sortedKeys(c.Endpoints) {
		set, err := general.extend(c.Endpoints[name], "endpoints."+strconv.Quote(name)+".")
		errs = append(errs, err)
		if set == nil {
			continue
		}
		comparer.endpoints[name] = set
		for _, r := range set.all() {
			if !seen[r] {
				comparer.rules = append(comparer.rules, r)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return comparer, nil
}

// Rules tells how often each rule was of use so far, in a fixed order.
func (c *Comparer) Rules() []RuleUse {
	uses := make([]RuleUse, 0, len(c.rules))
	for _, r := range c.rules {
		uses = append(uses, RuleUse{Key: r.key, Matched: r.matched.Load(), Excused: r.excused.Load()})
	}
	return uses
}

// Compare compares the actual response with the recorded one. endpoint is that of [traffic.Endpoint];
// known may be nil. Of a response with another status only the status is listed as a difference, and
// none of its fields count as matched. A nil actual response is one that did not arrive.
func (c *Comparer) Compare(endpoint string, expected, actual *traffic.Response, known Known) Outcome {
	switch {
	case expected == nil:
		return Outcome{StatusMatched: true, NotCompared: "the recording holds no response"}
	case actual == nil:
		return Outcome{NotCompared: "there is no answer"}
	}
	rules := c.rulesOf(endpoint)
	w := walk{endpoint: endpoint, rules: rules, parsers: &c.parsers, known: known}
	w.member, _ = known.(KnownMember)
	w.out.StatusMatched = expected.Status == actual.Status
	w.headers(expected.Header, actual.Header)
	w.body(expected, actual)
	if !w.out.StatusMatched {
		return w.statusDiffers(expected.Status, actual.Status)
	}
	return w.out
}

package compare

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// RuleUse tells how often a rule was of use.
type RuleUse struct {
	// Key is where the rule stands below compare, such as "ignore.json $.timestamp".
	Key string
	// Matched counts the values the rule applied to, differing or not. 0 means that the rule is idle:
	// its path is wrong, or what it was for is gone.
	Matched int64
	// Excused counts the differences that the rule accepted.
	Excused int64
}

// rule is a compiled rule. Exactly one of the fields after path says what it does; none means ignore.
type rule struct {
	key       string
	path      *path
	shape     shape
	slack     *slack
	unordered *Unordered

	matched, excused atomic.Int64
	// places counts the excused differences by endpoint: string to *atomic.Int64.
	places sync.Map
}

// excuse counts a difference that the rule accepted.
func (r *rule) excuse(endpoint string) {
	r.excused.Add(1)
	n, ok := r.places.Load(endpoint)
	if !ok {
		n, _ = r.places.LoadOrStore(endpoint, new(atomic.Int64))
	}
	n.(*atomic.Int64).Add(1)
}

// excuses are the counts of excuse by endpoint.
func (r *rule) excuses() map[string]int64 {
	counts := map[string]int64{}
	for endpoint, n := range r.places.Range {
		counts[endpoint.(string)] = n.(*atomic.Int64).Load()
	}
	return counts
}

// ignores tells whether the rule leaves JSON values out.
func (r *rule) ignores() bool {
	return r.path != nil && r.shape == nil && r.slack == nil && r.unordered == nil
}

// marks are the rules that select one value of a recorded body.
type marks struct {
	ignore    *rule
	unordered *rule
	accepting []*rule // matchers and tolerances
}

// add marks the value. It is false if the rule cannot apply to a value of its kind, or has marked it
// before.
func (r *rule) add(v *value) bool {
	switch {
	case r.unordered != nil && v.kind != arrayKind,
		r.slack != nil && v.kind != numberKind,
		r.shape != nil && r.shape(v) == "":
		return false
	}
	if v.marks == nil {
		v.marks = &marks{}
	}
	switch {
	case r.unordered != nil:
		return replaceRule(&v.marks.unordered, r)
	case r.slack == nil && r.shape == nil:
		return replaceRule(&v.marks.ignore, r)
	case slices.Contains(v.marks.accepting, r):
		return false
	}
	v.marks.accepting = append(v.marks.accepting, r)
	return true
}

// replaceRule lets the later rule, that of the endpoint, win.
func replaceRule(at **rule, r *rule) bool {
	changed := *at != r
	*at = r
	return changed
}

// accepts tells whether the rule excuses that two leaves differ.
func (r *rule) accepts(recorded, actual *value) bool {
	if r.slack != nil {
		return actual.kind == numberKind && r.slack.accepts(recorded.text, actual.text)
	}
	form := r.shape(recorded)
	return form != "" && form == r.shape(actual)
}

// ruleSet are the compiled rules that hold at one endpoint.
type ruleSet struct {
	json          []*rule
	headers       []string
	ignoreHeaders map[string]*rule
	allowExtra    bool
}

// ignores are the JSON rules that leave values out.
func (s *ruleSet) ignores() []*rule {
	var out []*rule
	for _, r := range s.json {
		if r.ignores() {
			out = append(out, r)
		}
	}
	return out
}

// extend returns the rules with those of c added; prefix stands before the key of each new rule.
func (s *ruleSet) extend(c Rules, prefix string) (*ruleSet, error) {
	out := &ruleSet{
		json: slices.Clone(s.json), headers: slices.Clone(s.headers),
		ignoreHeaders: make(map[string]*rule), allowExtra: s.allowExtra,
	}
	for name, r := range s.ignoreHeaders {
		out.ignoreHeaders[name] = r
	}
	switch c.ExtraFields {
	case "":
	case Fail, Allow:
		out.allowExtra = c.ExtraFields == Allow
	default:
		return nil, fmt.Errorf("%sextra_fields %q: expected fail or allow", prefix, c.ExtraFields)
	}
	compiled, err := compileJSON(c, prefix)
	out.json = append(out.json, compiled...)
	out.addHeaders(c, prefix)
	return out, err
}

func (s *ruleSet) addHeaders(c Rules, prefix string) {
	for _, name := range c.Headers {
		if !sameFold(s.headers, name) {
			s.headers = append(s.headers, http.CanonicalHeaderKey(name))
		}
	}
	for _, name := range c.Ignore.Headers {
		name = http.CanonicalHeaderKey(name)
		if s.ignoreHeaders[name] == nil {
			s.ignoreHeaders[name] = &rule{key: prefix + "ignore.headers " + name}
		}
	}
}

// all lists the rules, those on headers last.
func (s *ruleSet) all() []*rule {
	out := slices.Clone(s.json)
	for _, name := range sortedKeys(s.ignoreHeaders) {
		out = append(out, s.ignoreHeaders[name])
	}
	return out
}

// compileJSON compiles the rules on JSON bodies; the error names all bad ones.
func compileJSON(c Rules, prefix string) ([]*rule, error) {
	var rules []*rule
	var errs []error
	add := func(r *rule, err error) {
		rules = append(rules, r)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.key, err))
		}
	}
	for _, p := range c.Ignore.JSON {
		add(newIgnore(p, prefix+"ignore.json "+p))
	}
	for _, p := range sortedKeys(c.Tolerate) {
		add(newTolerate(p, c.Tolerate[p], prefix+"tolerate "+p))
	}
	for _, p := range sortedKeys(c.Match) {
		add(newMatch(p, c.Match[p], prefix+"match "+p))
	}
	for _, p := range sortedKeys(c.Unordered) {
		if setting := c.Unordered[p]; !setting.Off {
			add(newUnordered(p, setting, prefix+"unordered "+p))
		}
	}
	return rules, errors.Join(errs...)
}

func newIgnore(text, key string) (*rule, error) {
	p, err := compilePath(text)
	if err == nil && p.everything() {
		err = errors.New("this would silence whole bodies, and the comparison with them; name the fields")
	}
	return &rule{key: key, path: p}, err
}

func newTolerate(text string, t Tolerance, key string) (*rule, error) {
	p, err := compilePath(text)
	limits, limitErr := newSlack(t)
	if limitErr == nil && t.Relative >= 1 {
		limitErr = errors.New("100% or more takes 0 for any number; name a smaller share, or use match: number")
	}
	return &rule{key: key, path: p, slack: &limits}, errors.Join(err, limitErr)
}

func newMatch(text string, m Matcher, key string) (*rule, error) {
	p, err := compilePath(text)
	form, formErr := newShape(m)
	narrow := m.Type == UUID || m.Type == Datetime
	if err == nil && p.everything() && !narrow {
		err = errors.New("this would silence the values of whole bodies; name the fields")
	}
	return &rule{key: key, path: p, shape: form}, errors.Join(err, formErr)
}

func newUnordered(text string, u Unordered, key string) (*rule, error) {
	p, err := compilePath(text)
	return &rule{key: key, path: p, unordered: &u}, err
}

package mocks

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Pattern judges one header, query parameter, cookie, path parameter or body. It comes from
// [ParseStubs] or [FromTraffic] and is written back as it was read.
type Pattern struct {
	raw json.RawMessage
	m   matcher
}

// matcher is one family of patterns.
type matcher interface {
	match(v *Value) bool
}

// keyword is one pattern of WireMock's language: what it is called, what may stand beside it, and
// how it is read.
type keyword struct {
	name      string
	modifiers []string
	take      func(d *decoder, path string, f fields) matcher
}

// keywordsByName is made once for a whole load, as there is a pattern in most places of most mappings.
func keywordsByName() map[string]keyword {
	byName := map[string]keyword{}
	for _, k := range keywords() {
		byName[k.name] = k
	}
	return byName
}

// keywords is the list of all patterns.
func keywords() []keyword {
	return []keyword{
		{"equalTo", []string{"caseInsensitive"}, takeEqualTo},
		{"equalToJson", []string{"ignoreArrayOrder", "ignoreExtraElements"}, takeEqualToJSON},
		{"matchesJsonPath", nil, takeMatchesJSONPath},
		{"contains", nil, takeContains},
		{"doesNotContain", nil, takeDoesNotContain},
		{"matches", nil, takeMatches},
		{"doesNotMatch", nil, takeDoesNotMatch},
		{"absent", nil, takeAbsent},
		{"anything", nil, takeAnything},
		{"binaryEqualTo", nil, takeBinaryEqualTo},
		{"and", nil, takeAnd},
		{"or", nil, takeOr},
		{"not", nil, takeNot},
		{"hasExactly", nil, takeHasExactly},
		{"includes", nil, takeIncludes},
		{"equalToXml", xmlModifiers(), takeEqualToXML},
		{"matchesXPath", []string{"xPathNamespaces"}, takeMatchesXPath},
		{"matchesJsonSchema", []string{"schemaVersion"}, takeMatchesJSONSchema},
		{"before", dateModifiers(), takeDate("before", -1)},
		{"after", dateModifiers(), takeDate("after", 1)},
		{"equalToDateTime", dateModifiers(), takeDate("equalToDateTime", 0)},
		{"equalToNumber", nil, takeNumber("equalToNumber", func(c int) bool { return c == 0 })},
		{"greaterThanNumber", nil, takeNumber("greaterThanNumber", func(c int) bool { return c > 0 })},
		{"greaterThanEqualNumber", nil, takeNumber("greaterThanEqualNumber", func(c int) bool { return c >= 0 })},
		{"lessThanNumber", nil, takeNumber("lessThanNumber", func(c int) bool { return c < 0 })},
		{"lessThanEqualNumber", nil, takeNumber("lessThanEqualNumber", func(c int) bool { return c <= 0 })},
	}
}

func (d *decoder) pattern(path string, raw json.RawMessage) *Pattern {
	return d.patternOf(path, d.fields(path, raw))
}

// patternOf reads the one keyword of an object and its modifiers. The result always has a matcher.
func (d *decoder) patternOf(path string, f fields) *Pattern {
	p := &Pattern{raw: f.raw(), m: absent{}}
	before := len(d.problems)
	var chosen []keyword
	for _, name := range f.names() {
		if k, ok := d.options.keywords[name]; ok {
			chosen = append(chosen, k)
		}
	}
	d.modifiers(path, f, chosen)
	switch {
	case len(d.problems) > before:
	case len(chosen) == 0:
		d.problem(path, "expected a pattern such as equalTo, matches or equalToJson")
	case len(chosen) > 1:
		d.problem(path, "%s and %s stand together; join them with \"and\"", chosen[0].name, chosen[1].name)
	default:
		p.m = chosen[0].take(d, path, f)
	}
	return p
}

func (d *decoder) modifiers(path string, f fields, chosen []keyword) {
	for _, name := range f.names() {
		known := slices.ContainsFunc(chosen, func(k keyword) bool {
			return k.name == name || slices.Contains(k.modifiers, name)
		})
		if !known {
			d.unknown(path, name, nil)
		}
	}
}

// MarshalJSON writes the pattern as it was read.
func (p *Pattern) MarshalJSON() ([]byte, error) { return p.raw, nil }

// String is what is shown as expected: the text of a plain equality, else the pattern's JSON.
func (p *Pattern) String() string {
	if text, ok := p.Exact(); ok {
		return text
	}
	if _, ok := p.m.(absent); ok {
		return "(absent)"
	}
	var b bytes.Buffer
	if err := json.Compact(&b, p.raw); err != nil {
		return string(p.raw)
	}
	return b.String()
}

// Match judges one value.
func (p *Pattern) Match(v *Value) bool { return p.m.match(v) }

// MatchValues judges a name that can have several values: one that matches is enough. A name
// without values is judged as an absent value, which absent and the negative patterns accept.
func (p *Pattern) MatchValues(values []string) bool {
	if m, ok := p.m.(multiple); ok {
		return m.matchValues(values)
	}
	if len(values) == 0 {
		return p.m.match(&Value{})
	}
	return slices.ContainsFunc(values, func(s string) bool { return p.m.match(NewValue(s)) })
}

// meets judges values where only absent itself is met by none: cookies, and what an expression selects.
func (p *Pattern) meets(values []string) bool {
	if len(values) > 0 {
		return p.MatchValues(values)
	}
	_, ok := p.m.(absent)
	return ok
}

// Exact is the text of a plain, case-sensitive equality.
func (p *Pattern) Exact() (text string, ok bool) {
	m, ok := p.m.(equalTo)
	return m.want, ok && !m.fold
}

// ExactValues are the texts where the pattern pins all values of a name, in no order that matters.
func (p *Pattern) ExactValues() (texts []string, ok bool) {
	if text, ok := p.Exact(); ok {
		return []string{text}, true
	}
	m, ok := p.m.(multiple)
	if !ok || !m.exact {
		return nil, false
	}
	for _, sub := range m.patterns {
		text, ok := sub.Exact()
		if !ok {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

// shown joins the values of a name for a report.
func shown(values []string) string {
	if len(values) == 0 {
		return missing
	}
	return shorten(strings.Join(values, ", "))
}

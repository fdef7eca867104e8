package mocks

import "encoding/json"

type allOf []*Pattern

func (m allOf) match(v *Value) bool {
	for _, p := range m {
		if !p.m.match(v) {
			return false
		}
	}
	return true
}

type anyOf []*Pattern

func (m anyOf) match(v *Value) bool {
	for _, p := range m {
		if p.m.match(v) {
			return true
		}
	}
	return false
}

type not struct{ p *Pattern }

func (m not) match(v *Value) bool { return !m.p.m.match(v) }

// hasExactly wants as many values as patterns; includes allows more. Each pattern has to be met by
// some value.
type multiple struct {
	patterns []*Pattern
	exact    bool
}

func (m multiple) match(v *Value) bool { return m.matchValues([]string{v.Text}) }

func (m multiple) matchValues(values []string) bool {
	if m.exact && len(values) != len(m.patterns) {
		return false
	}
	for _, p := range m.patterns {
		if len(values) == 0 || !p.MatchValues(values) {
			return false
		}
	}
	return true
}

func takeAnd(d *decoder, path string, f fields) matcher {
	return allOf(d.patternList(path+".and", f["and"]))
}

func takeOr(d *decoder, path string, f fields) matcher {
	return anyOf(d.patternList(path+".or", f["or"]))
}

func takeNot(d *decoder, path string, f fields) matcher {
	return not{d.pattern(path+".not", f["not"])}
}

func takeHasExactly(d *decoder, path string, f fields) matcher {
	return multiple{patterns: d.patternList(path+".hasExactly", f["hasExactly"]), exact: true}
}

func takeIncludes(d *decoder, path string, f fields) matcher {
	return multiple{patterns: d.patternList(path+".includes", f["includes"])}
}

func (d *decoder) patternList(path string, raw json.RawMessage) []*Pattern {
	var list []*Pattern
	d.list(path, raw, func(path string, raw json.RawMessage) {
		list = append(list, d.pattern(path, raw))
	})
	if len(list) == 0 {
		d.problem(path, "expected at least one pattern")
	}
	return list
}

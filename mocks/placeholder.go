package mocks

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

type placeholderKind uint8

const (
	ignoreValue placeholderKind = iota
	ignoreElement
	anyString
	anyNumber
	anyBoolean
	regexValue
)

// ignorePlaceholder stands for any value in an equalToJson body.
const ignorePlaceholder = "${json-unit.ignore}"

// placeholder is a string of an expected body that stands for more than itself, in the spelling of
// https://github.com/lukas-krecan/JsonUnit.
type placeholder struct {
	kind placeholderKind
	text string
	re   *regexp.Regexp
}

// isPlaceholder tells whether a string would be taken for a placeholder.
func isPlaceholder(s string) bool {
	return strings.HasPrefix(s, "${json-unit.") || strings.HasPrefix(s, "#{json-unit.")
}

// parsePlaceholder returns nil for an ordinary string.
func parsePlaceholder(s string) (*placeholder, error) {
	if !isPlaceholder(s) {
		return nil, nil //nolint:nilnil // an ordinary string is neither
	}
	name, rest, _ := strings.Cut(s[len("${json-unit."):], "}")
	p := &placeholder{text: s}
	switch name {
	case "ignore":
		p.kind = ignoreValue
	case "ignore-element":
		p.kind = ignoreElement
	case "any-string":
		p.kind = anyString
	case "any-number":
		p.kind = anyNumber
	case "any-boolean":
		p.kind = anyBoolean
	case "regex":
		re, err := compileFull(rest)
		p.kind, p.re = regexValue, re
		return p, err
	default:
		return p, fmt.Errorf("the placeholder %s is not supported yet", s)
	}
	if rest != "" {
		return nil, nil //nolint:nilnil // JsonUnit wants these to be the whole string
	}
	return p, nil
}

func (p *placeholder) accepts(v any) bool {
	ok := true
	switch p.kind {
	case anyString:
		_, ok = v.(string)
	case anyNumber:
		_, ok = v.(json.Number)
	case anyBoolean:
		_, ok = v.(bool)
	case regexValue:
		var s string
		s, ok = v.(string)
		ok = ok && p.re != nil && p.re.MatchString(s)
	}
	return ok
}

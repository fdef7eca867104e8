package services

import (
	"regexp"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Pattern is a regular expression in a run file, in RE2 syntax. The zero Pattern is unset.
type Pattern struct {
	re *regexp.Regexp
}

// MustPattern compiles a pattern that stands in the program; it panics on a bad one.
func MustPattern(text string) Pattern { return Pattern{re: regexp.MustCompile(text)} }

// Match tells whether the pattern is found in text. An unset pattern matches nothing.
func (p Pattern) Match(text string) bool { return p.re != nil && p.re.MatchString(text) }

// IsZero tells whether the pattern is unset.
func (p Pattern) IsZero() bool { return p.re == nil }

func (p Pattern) String() string {
	if p.re == nil {
		return ""
	}
	return p.re.String()
}

// UnmarshalSpec compiles the pattern.
func (p *Pattern) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	if n.Kind() != spec.Scalar {
		ds.Errorf(n.Pos(), `write it as '(?i)\berror\b'`, "expected a regular expression, found %s", n.Kind())
		return ds
	}
	re, err := regexp.Compile(n.Text())
	if err != nil {
		hint := "to find the text as it stands, write '" + regexp.QuoteMeta(n.Text()) + "'"
		ds.Errorf(n.Pos(), hint, "%v", err)
		return ds
	}
	p.re = re
	return nil
}

// JSONSchemaSpec describes the pattern's form in a run file.
func (p Pattern) JSONSchemaSpec() map[string]any {
	return map[string]any{"type": "string", "format": "regex"}
}

package compare

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Matcher is a form that a value must have on both sides. Exactly one of the fields is set.
type Matcher struct {
	// Type is uuid, datetime, integer, number or string.
	Type string
	// Regex is a Go regular expression that the text of a string or number must contain; anchor it
	// with ^ and $ to match all of it. One that matches everything is refused.
	Regex string
}

// The types of a [Matcher].
const (
	UUID     = "uuid"
	Datetime = "datetime"
	Integer  = "integer"
	Number   = "number"
	String   = "string"
)

func matcherTypes() []string { return []string{UUID, Datetime, Integer, Number, String} }

// UnmarshalSpec reads a type name or {regex: "..."}.
func (m *Matcher) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	hint := `write one of ` + strings.Join(matcherTypes(), ", ") + `, or {regex: "..."}`
	switch n.Kind() {
	case spec.Scalar:
		m.Type = n.Text()
		if !slices.Contains(matcherTypes(), m.Type) {
			if near := spec.Nearest(m.Type, matcherTypes()); near != "" {
				hint = fmt.Sprintf("did you mean %s? %s", near, hint)
			}
			ds.Errorf(n.Pos(), hint, "unknown matcher %q", m.Type)
		}
	case spec.Map:
		ds.Add(m.unmarshalMap(n, hint))
	default:
		ds.Errorf(n.Pos(), hint, "found %s, expected a matcher", describe(n))
	}
	return ds
}

func (m *Matcher) unmarshalMap(n *spec.Node, hint string) spec.Diagnostics {
	var ds spec.Diagnostics
	for _, e := range n.Entries() {
		if e.Key != "regex" {
			ds.Errorf(e.Pos, hint, "unknown key %q in a matcher", e.Key)
			continue
		}
		m.Regex = e.Value.Text()
		if _, err := regexp.Compile(m.Regex); err != nil {
			ds.Errorf(e.Value.Pos(), "write a Go (RE2) regular expression", "%v", err)
		}
	}
	if n.Key("regex").Text() == "" {
		ds.Errorf(n.Pos(), hint, "the matcher has no regex")
	}
	return ds
}

// JSONSchemaSpec is the schema of the YAML form.
func (Matcher) JSONSchemaSpec() map[string]any {
	names := make([]any, 0, len(matcherTypes()))
	for _, t := range matcherTypes() {
		names = append(names, t)
	}
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "string", "enum": names},
		map[string]any{
			"type": "object", "additionalProperties": false, "required": []any{"regex"},
			"properties": map[string]any{"regex": map[string]any{"type": "string", "format": "regex"}},
		},
	}}
}

// shape names the form that a value has under a matcher, "" if it has none. Two values match if they
// have the same form, so that a datetime that turned from RFC 3339 into epoch seconds does not.
type shape func(v *value) string

func newShape(m Matcher) (shape, error) {
	if m.Regex != "" {
		expression, err := regexp.Compile(m.Regex)
		if err != nil {
			return nil, fmt.Errorf("compiling the regular expression: %w", err)
		}
		if unconstrained(expression) {
			return nil, fmt.Errorf("the regular expression %s matches everything, so that nothing is compared; "+
				"say what the value looks like, between ^ and $", m.Regex)
		}
		return regexShape(expression), nil
	}
	switch m.Type {
	case UUID:
		return uuidShape, nil
	case Datetime:
		return datetimeShape, nil
	case Integer:
		return func(v *value) string { return yes(v.kind == numberKind && isInteger(v.text)) }, nil
	case Number:
		return func(v *value) string { return yes(v.kind == numberKind) }, nil
	case String:
		return func(v *value) string { return yes(v.kind == stringKind) }, nil
	}
	return nil, fmt.Errorf("unknown matcher %q, expected one of %s", m.Type,
		strings.Join(matcherTypes(), ", "))
}

// unconstrained tells whether an expression accepts whatever values are likely: some that have nothing
// in common, and random ones, the same in each run.
func unconstrained(expression *regexp.Regexp) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	probes := []string{
		"0", "-1", "41.5", "x", "true", "not found", "2026-11-02T10:00:00Z", "/a/b?c=d", "Ärger, 100 %",
		"123e4567-e89b-42d3-a456-426614174000", "a@example.com",
	}
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // probes, not secrets
	for length := 1; length <= 40; length++ {
		probe := make([]byte, length)
		for i := range probe {
			probe[i] = letters[random.IntN(len(letters))]
		}
		probes = append(probes, string(probe))
	}
	return !slices.ContainsFunc(probes, func(probe string) bool { return !expression.MatchString(probe) })
}

func yes(ok bool) string {
	if ok {
		return "yes"
	}
	return ""
}

func regexShape(expression *regexp.Regexp) shape {
	return func(v *value) string {
		textual := v.kind == stringKind || v.kind == numberKind
		return yes(textual && expression.MatchString(v.text))
	}
}

// uuidShape holds for the text form of RFC 9562.
func uuidShape(v *value) string {
	if v.kind != stringKind || len(v.text) != 36 {
		return ""
	}
	for i := range len(v.text) {
		c := v.text[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !isHex(c) {
			return ""
		}
	}
	return UUID
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// datetimeShape holds for RFC 3339, the dates of RFC 9110 and RFC 1123, and seconds or milliseconds
// since 1970 that lie between the years 2000 and 2100.
func datetimeShape(v *value) string {
	switch v.kind {
	case numberKind:
		return epochShape(v.text)
	case stringKind:
	default:
		return ""
	}
	if len(v.text) < 10 || len(v.text) > 48 {
		return ""
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", time.RFC1123Z} {
		if _, err := time.Parse(layout, v.text); err == nil {
			return layout
		}
	}
	if _, err := http.ParseTime(v.text); err == nil {
		return http.TimeFormat
	}
	return epochShape(v.text)
}

func epochShape(text string) string {
	const year2000, year2100 = 946684800, 4102444800
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return ""
	case f >= year2000 && f < year2100:
		return "epoch s"
	case f >= year2000*1000 && f < year2100*1000:
		return "epoch ms"
	}
	return ""
}

package noise

import (
	"regexp"
	"strings"

	"github.com/headgate-dev/headgate/traffic/compare"
)

// classify says what kind of noise a place is, given how each run differs there and the values, the recorded
// one first; or why it cannot be learned.
func classify(path string, there []diff, values []string) (kind Kind, why string) {
	for _, d := range there {
		if why := unlearnable(path, d); why != "" {
			return "", why
		}
	}
	if strings.HasPrefix(path, "header.") {
		return Value, ""
	}
	for _, d := range there {
		if d.Kind == string(compare.Order) {
			return Order, ""
		}
	}
	for _, form := range []struct {
		kind Kind
		name string
	}{{UUID, compare.UUID}, {Datetime, compare.Datetime}, {Counter, compare.Integer}} {
		if (compare.Matcher{Type: form.name}).Shared(values...) {
			return form.kind, ""
		}
	}
	return Value, ""
}

// unlearnable says why no narrow rule can be made of a difference, or nothing.
func unlearnable(path string, d diff) string {
	switch {
	case path == "status":
		return "the status is not the same in every run"
	case strings.HasPrefix(path, "header."), d.Kind == string(compare.Order):
		return ""
	case !strings.HasPrefix(path, "$"):
		return "rules are on JSON bodies and headers"
	case narrow(normal(path)) != nil:
		return "it is the whole body"
	case container(d.Expected) || container(d.Actual):
		return "it is more than one field"
	case d.Kind == string(compare.NotJSON):
		return "the body is not always JSON"
	case (d.Kind == string(compare.Missing) || d.Kind == string(compare.Extra)) && strings.HasSuffix(path, "]"):
		return "the number of elements is not the same in every run"
	}
	return ""
}

// container tells whether a value, as JSON text that may be cut, is an object or array.
func container(text string) bool {
	return text != "" && strings.ContainsRune("{[", rune(text[0]))
}

var index = regexp.MustCompile(`\[\d+\]`)

// normal leaves the array indexes of a path open.
func normal(path string) string {
	if !strings.HasPrefix(path, "$") {
		return path
	}
	var b strings.Builder
	for len(path) > 0 {
		quote := strings.Index(path, "['")
		if quote < 0 {
			b.WriteString(index.ReplaceAllString(path, "[*]"))
			break
		}
		b.WriteString(index.ReplaceAllString(path[:quote], "[*]"))
		end := quotedEnd(path[quote:]) + quote
		b.WriteString(path[quote:end])
		path = path[end:]
	}
	return b.String()
}

// quotedEnd is where a step that begins with [' ends.
func quotedEnd(s string) int {
	for i := 2; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '\'':
			return min(i+2, len(s))
		}
	}
	return len(s)
}

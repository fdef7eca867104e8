package spec

import (
	"slices"
	"strings"
)

// hidden stands in [Effective] where a secret was.
const hidden = "***"

// IsSecret tells by its name whether a variable holds what must not be shown.
func IsSecret(name string) bool {
	name = strings.ToUpper(name)
	for _, word := range []string{"TOKEN", "SECRET", "PASSWORD", "KEY"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func mask(name, value string) string {
	if IsSecret(name) {
		return hidden
	}
	return value
}

// masked is the text as it may be shown.
func (n *Node) masked() string {
	if n.shown != "" {
		return n.shown
	}
	return n.text
}

// shortSecret is the length from which a value is looked for in texts: shorter ones are words like any other.
const shortSecret = 4

// conceal remembers the value of a variable if its name is that of a secret.
func (e *expander) conceal(name, value string) {
	if IsSecret(name) && len(value) >= shortSecret && !slices.Contains(e.secret, value) {
		e.secret = append(e.secret, value)
	}
}

// Conceal is the text with *** for the values of all variables of the document that are named like secrets,
// for what is shown and stored. Values of less than four bytes are left. A nil document has none.
func (d *Document) Conceal(text string) string {
	if d == nil {
		return text
	}
	for _, value := range d.secret {
		text = strings.ReplaceAll(text, value, hidden)
	}
	return text
}

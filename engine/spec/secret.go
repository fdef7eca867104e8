package spec

import (
	"regexp"
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
		return concealLogins(n.shown)
	}
	return concealLogins(n.text)
}

var login = regexp.MustCompile(`(://[^/\s:@"']*:)([^/\s@"']+)@`)

// concealLogins takes the passwords out of URLs; references that are filled in later stay.
func concealLogins(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return login.ReplaceAllStringFunc(text, func(found string) string {
		parts := login.FindStringSubmatch(found)
		if strings.HasPrefix(parts[2], "${") {
			return found
		}
		return parts[1] + hidden + "@"
	})
}

// shortSecret is the length from which a value is looked for in texts: shorter ones are words like any other.
const shortSecret = 4

// conceal remembers the value of a variable if its name is that of a secret.
func (e *expander) conceal(name, value string) {
	if IsSecret(name) && len(value) >= shortSecret && !slices.Contains(e.secret, value) {
		e.secret = append(e.secret, value)
	}
}

// Hide has Conceal take out a value that is no variable's: a password that was made up. It must be called
// before the document is used from several goroutines.
func (d *Document) Hide(value string) {
	if len(value) >= shortSecret {
		d.secret = append(d.secret, value)
	}
}

// Conceal is the text with *** for the values of all variables of the document that are named like secrets,
// for those of Hide, and for passwords in URLs, for what is shown and stored. Values of less than four bytes
// are left. A nil document has no secrets of its own.
func (d *Document) Conceal(text string) string {
	text = concealLogins(text)
	if d == nil {
		return text
	}
	for _, value := range d.secret {
		text = strings.ReplaceAll(text, value, hidden)
	}
	return text
}

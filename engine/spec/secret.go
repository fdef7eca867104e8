package spec

import "strings"

// hidden stands in [Effective] where a secret was.
const hidden = "***"

// isSecret tells by its name whether a variable holds what must not be shown.
func isSecret(name string) bool {
	name = strings.ToUpper(name)
	for _, word := range []string{"TOKEN", "SECRET", "PASSWORD", "KEY"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func mask(name, value string) string {
	if isSecret(name) {
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

package survey

import (
	"slices"
	"strings"
)

// generic are the words in names that say nothing about which service is meant.
func generic() []string {
	return []string{
		"URL", "URI", "ADDR", "ADDRESS", "ENDPOINT", "HOST", "BASE", "API", "SVC", "SERVICE", "SERVER", "HTTP", "HTTPS",
		"COM", "ORG", "NET", "IO", "DEV", "WWW", "LOCALHOST", "INTERNAL",
	}
}

// variableFor is the one of the names that most likely holds the address of a service; found is false
// where none shares a word with it, and the name is then made up.
func variableFor(service string, names []string) (name string, found bool) {
	words := tokens(service)
	best := 0
	for _, n := range names {
		score := 0
		for _, word := range tokens(n) {
			if slices.Contains(words, word) && !slices.Contains(generic(), word) {
				score++
			}
		}
		if score > best {
			best, name = score, n
		}
	}
	if best > 0 {
		return name, true
	}
	return strings.Join(words, "_") + "_URL", false
}

// tokens are the words of a name, in upper case: payment-api is PAYMENT and API.
func tokens(name string) []string {
	return strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == name })
}

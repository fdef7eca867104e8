package safety

import (
	"math"
	"strings"
)

// meaning is what a name says about its value.
type meaning uint8

const (
	nothing meaning = iota
	password
	token
	session // only of cookies
	number  // an id or a time: its digits are no card
)

// mostNames bounds how many names are remembered.
const mostNames = 4096

// names remembers what names mean.
type names map[string]meaning

// of finds out what a name means.
func (n names) of(name []byte) meaning {
	if m, known := n[string(name)]; known {
		return m
	}
	m := meaningOf(string(name))
	if len(n) < mostNames && len(name) <= 64 {
		n[string(name)] = m
	}
	return m
}

// meaningOf looks at the end of a name, without its signs: X-Api-Key, apiKey and api_key are the same.
func meaningOf(name string) meaning {
	plain := strings.NewReplacer("-", "", "_", "", ".", "", " ", "", "[", "", "]", "").Replace(strings.ToLower(name))
	ends := func(list ...string) bool {
		for _, end := range list {
			if strings.HasSuffix(plain, end) {
				return true
			}
		}
		return false
	}
	switch {
	case ends("password", "passwd", "passphrase", "pwd") || plain == "cvv" || plain == "cvc" || plain == "passcode":
		return password
	case ends("pagetoken", "nexttoken", "continuationtoken", "synctoken", "csrftoken", "xsrftoken", "middlewaretoken"):
		return nothing // cursors, and what is worth nothing without its session
	case ends("secret", "token", "apikey", "privatekey", "secretkey", "accesskey", "authkey", "credential",
		"authorization"):
		return token
	case ends("sessionid", "session", "sessid", "sid"):
		return session
	case ends("id", "ids", "time", "timestamp", "at", "date", "nanos", "micros", "millis") || plain == "ts":
		return number
	}
	return nothing
}

// isSecret tells whether a value with a telling name is one, and not a word that stands for it.
func (m meaning) isSecret(value string) bool {
	const least, leastBits = 12, 2.8
	switch m {
	case password:
		return len(value) >= 3 && !harmless(value)
	case token, session:
		value = unschemed(value)
		return len(value) >= least && entropy(value) >= leastBits && !harmless(value) && !strings.ContainsAny(value, " {")
	}
	return false
}

// unschemed is a value without the name of a scheme of authorization before it.
func unschemed(value string) string {
	scheme, rest, _ := strings.Cut(value, " ")
	switch strings.ToLower(scheme) {
	case "bearer", "basic", "token", "apikey":
		return strings.TrimSpace(rest)
	}
	return value
}

// entropy is that of the bytes of a text, in bits for each of them.
func entropy(s string) (bits float64) {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// harmless tells whether a value stands for one that was taken out, or is a word of documentation.
func harmless(value string) bool {
	low := strings.ToLower(value)
	switch low {
	case "", "null", "nil", "none", "undefined", "true", "false", "string", "password", "secret", "token", "hidden":
		return true
	}
	for _, word := range []string{"redacted", "${", "{{", "****", "xxxx"} {
		if strings.Contains(low, word) {
			return true
		}
	}
	return strings.Trim(value, value[:1]) == "" || strings.HasPrefix(value, "<") && strings.HasSuffix(value, ">")
}

package correlate

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/headgate-dev/headgate/traffic"
)

// weakDigits is the length from which a number is long enough to be told from quantities and amounts.
const weakDigits = 12

// maxValue is the length beyond which a value is content, not a token.
const maxValue = 8192

// traits are what a value is made of.
type traits struct {
	digits, lower, upper int
	// other are the remaining characters, each once, those of tokens (_ - . ~ + / =) left out.
	other string
}

func traitsOf(s string) traits {
	var t traits
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			t.digits++
		case r >= 'a' && r <= 'z':
			t.lower++
		case r >= 'A' && r <= 'Z':
			t.upper++
		case strings.ContainsRune("_-.~+/=", r) || strings.ContainsRune(t.other, r):
		default:
			t.other += string(r)
		}
	}
	return t
}

func (t traits) letters() int { return t.lower + t.upper }

func isDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// isWeak tells whether a value is a number that could as well be an amount.
func isWeak(s string) bool { return isDigits(s) && len(s) < weakDigits }

// looksIssued tells whether a value is one that a service makes up, rather than a word, a state or an
// amount. trusted is true for places where identifiers and tokens stand.
func looksIssued(s string, trusted bool) bool {
	t := traitsOf(s)
	switch {
	case isDigits(s):
		return trusted || len(s) >= 4
	case len(s) < 6 || len(s) > maxValue || strings.ContainsFunc(s, unfit):
		return false
	case t.letters() == 0:
		return trusted && len(s) >= 8 && t.digits >= 6 && !isDecimal(s)
	case t.digits == 0:
		return randomLetters(s, t, trusted) || traffic.HasHex(s)
	}
	return trusted || !plainWords(s) || traffic.HasHex(s)
}

// isDecimal tells whether the value is an amount such as 12345.50.
func isDecimal(s string) bool {
	whole, fraction, ok := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return ok && isDigits(whole) && isDigits(fraction)
}

func unfit(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// randomLetters tells letters that change between capitals and small ones as no word does, or that are
// too many for a word.
func randomLetters(s string, t traits, trusted bool) bool {
	if t.letters() != len(s) {
		return false
	}
	if len(s) >= 24 {
		return true
	}
	changes := 0
	for i := 1; i < len(s); i++ {
		if (s[i] >= 'a') != (s[i-1] >= 'a') {
			changes++
		}
	}
	return trusted && len(s) >= 8 && changes*5 >= len(s)*2
}

// plainWords tells whether the value is made of words, small numbers, and words with a small number
// behind: order_confirmed, phase2, ready-v3.
func plainWords(s string) bool {
	for part := range strings.FieldsFuncSeq(s,
		func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		word := strings.TrimRightFunc(part, unicode.IsDigit)
		if len(part)-len(word) > 3 || strings.ContainsFunc(word, unicode.IsDigit) {
			return false
		}
	}
	return true
}

// shapes of values whose prefix means nothing.
var (
	uuidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	jwtShape  = regexp.MustCompile(`^eyJ[\w-]+\.[\w-]+\.[\w-]*$`)
	prefix    = regexp.MustCompile(`^([a-z]{2,8}|[A-Z]{2,8})[_-]`)
)

// sameShape tells whether actual can be what the service issued this time for the recorded value: of the
// same prefix, of about the same length and of the same characters.
func sameShape(recorded, actual string) bool {
	for _, shape := range []*regexp.Regexp{uuidShape, jwtShape} {
		if shape.MatchString(recorded) || shape.MatchString(actual) {
			return shape.MatchString(recorded) && shape.MatchString(actual)
		}
	}
	if prefix.FindString(recorded) != prefix.FindString(actual) {
		return false
	}
	if isDigits(recorded) || isDigits(actual) {
		return isDigits(recorded) && isDigits(actual)
	}
	distance := len(recorded) - len(actual)
	if slack := max(2, len(recorded)/2); distance > slack || -distance > slack {
		return false
	}
	return sameCharacters(recorded, actual)
}

func sameCharacters(recorded, actual string) bool {
	r, a := traitsOf(recorded), traitsOf(actual)
	switch {
	case strings.ContainsFunc(actual, unfit), r.other != a.other:
		return false
	case r.upper == 0 && a.upper > 0, r.lower == 0 && a.lower > 0, r.letters() == 0 && a.letters() > 0:
		return false
	case r.digits > 0 && a.digits == 0:
		// Chance leaves a short random value without digits, but then it is as long as the other.
		return len(recorded) == len(actual)
	}
	return true
}

// minRandom is the length from which a value of a request is reported if no answer has issued it.
const minRandom = 16

// isRandom tells whether a value looks so much like an id or a token that somebody must have issued it.
func isRandom(s string) bool {
	if len(s) < minRandom || len(s) > maxValue || isAddress(s) || !looksIssued(s, false) {
		return false
	}
	t := traitsOf(s)
	return t.other == "" && t.letters() > 0 && t.digits > 1 && !datePrefix(s)
}

// datePrefix tells whether a text begins as a date of ISO 8601 does.
func datePrefix(s string) bool {
	return len(s) > 8 && isDigits(s[:4]) && s[4] == '-' && isDigits(s[5:7]) && s[7] == '-'
}

// madeByClients tells places whose values clients make up themselves.
func madeByClients(at spot) bool {
	if at.kind != inHeader {
		return false
	}
	return slices.Contains([]string{
		"Traceparent", "Tracestate", "Baggage", "Sentry-Trace", "B3", "X-Request-Id", "X-Correlation-Id",
		"Idempotency-Key", "X-Idempotency-Key", "X-Amzn-Trace-Id", "X-Cloud-Trace-Context", "Uber-Trace-Id",
	}, at.name) || strings.HasPrefix(at.name, "X-B3-") || strings.HasPrefix(at.name, "X-Datadog-") ||
		strings.HasPrefix(at.name, "Sec-")
}

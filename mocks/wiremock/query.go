package wiremock

import (
	"fmt"
	"slices"
	"strings"
)

// onlyParameters is a regular expression for a query that has no parameters but those named, in
// any order, any number, and any spelling of their names.
func onlyParameters(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return `(?:\?&*)?`
	}
	spelled := make([]string, len(names))
	for i, name := range names {
		spelled[i] = anySpelling(name)
	}
	one := `(?:` + strings.Join(spelled, "|") + `)(?:=[^&]*)?`
	return `(?:\?&*(?:` + one + `(?:&+` + one + `)*&*)?)?`
}

// anySpelling matches a name as it stands and with any of its bytes escaped.
func anySpelling(name string) string {
	var b strings.Builder
	for _, c := range name {
		plain := quoted(string(c))
		if c == ' ' {
			plain = `\+`
		}
		b.WriteString("(?:" + plain + "|")
		for _, octet := range []byte(string(c)) {
			b.WriteString("%" + hexDigit(octet>>4) + hexDigit(octet&15))
		}
		b.WriteString(")")
	}
	return b.String()
}

func hexDigit(n byte) string {
	if n < 10 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("[%x%X]", n, n)
}

// quoted matches nothing but the text.
func quoted(text string) string {
	var b strings.Builder
	for _, c := range text {
		if c < 0x80 && !isWord(c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// isWord tells letters and digits, before which a backslash means something.
func isWord(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

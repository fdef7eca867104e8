package mocks

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// compileFull compiles a pattern of WireMock, which is a Java pattern that has to match the whole
// value. What RE2 does not know, or reads differently without saying so, is refused.
func compileFull(expr string) (*regexp.Regexp, error) {
	if err := refuseJava(expr); err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", expr, err)
	}
	re, err := regexp.Compile(`\A(?:` + expr + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", expr, err)
	}
	return re, nil
}

// full is compileFull, but for what only Java can judge and somebody else will.
func (d *decoder) full(expr string) (*regexp.Regexp, error) {
	if d.options.Java && refuseJava(expr) != nil {
		return regexp.MustCompile(`[^\x00-\x{10FFFF}]`), nil //nolint:nilerr // it is Java that judges it
	}
	return compileFull(expr)
}

// compileAnywhere compiles a pattern that may match any part of a value.
func compileAnywhere(expr string) (*regexp.Regexp, error) {
	if err := refuseJava(expr); err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", expr, err)
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", expr, err)
	}
	return re, nil
}

// javaOnly are the groups that only a backtracking engine knows, by what they start with.
var javaOnly = []struct{ prefix, what string }{
	{"(?=", "lookahead (?=...) is not supported"},
	{"(?!", "lookahead (?!...) is not supported"},
	{"(?<=", "lookbehind (?<=...) is not supported"},
	{"(?<!", "lookbehind (?<!...) is not supported"},
	{"(?>", "the atomic group (?>...) is not supported"},
	{"(?U)", "the flag (?U) is not supported"},
}

// refuseJava names the first construct that means something else to RE2, or nothing.
func refuseJava(expr string) error {
	class := false
	for i := 0; i < len(expr); i++ {
		var err error
		switch c := expr[i]; {
		case c == '\\':
			if !class {
				err = refuseEscape(expr[i+1:])
			}
			i += escapeLen(expr[i:]) - 1
		case class:
			err = refuseClass(expr[i:])
			class = c != ']'
		case c == '[':
			class = true
			i += leadingBrackets(expr[i+1:])
		case c == '+':
			err = refusePossessive(expr, i)
		case c == '(':
			err = refuseGroup(expr[i:])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// escapeLen is how many bytes belong to the escape that an expression begins with: two, or all of a
// quotation \Q...\E.
func escapeLen(expr string) int {
	if !strings.HasPrefix(expr, `\Q`) {
		return 2
	}
	if end := strings.Index(expr, `\E`); end >= 0 {
		return end + 2
	}
	return len(expr)
}

func refuseEscape(rest string) error {
	if rest != "" && (rest[0] >= '1' && rest[0] <= '9' || rest[0] == 'k') {
		return fmt.Errorf(`the backreference \%c is not supported`, rest[0])
	}
	return nil
}

// refusePossessive looks at the plus at i.
func refusePossessive(expr string, i int) error {
	if i == 0 || strings.IndexByte("*+?}", expr[i-1]) < 0 || escaped(expr, i-1) {
		return nil
	}
	return fmt.Errorf("the possessive quantifier %c+ is not supported", expr[i-1])
}

// leadingBrackets is how many bytes after an opening bracket cannot close the class.
func leadingBrackets(rest string) int {
	n := 0
	if strings.HasPrefix(rest, "^") {
		n++
	}
	if strings.HasPrefix(rest[n:], "]") {
		n++
	}
	return n
}

func refuseClass(rest string) error {
	if strings.HasPrefix(rest, "&&") {
		return errors.New("the class intersection && is not supported")
	}
	if rest[0] == '[' {
		return errors.New("a class inside a class is not supported")
	}
	return nil
}

func refuseGroup(rest string) error {
	for _, j := range javaOnly {
		if strings.HasPrefix(rest, j.prefix) {
			return errors.New(j.what)
		}
	}
	return nil
}

// escaped tells whether the byte at i stands behind an odd number of backslashes.
func escaped(s string, i int) bool {
	n := 0
	for i > 0 && s[i-1] == '\\' {
		n, i = n+1, i-1
	}
	return n%2 == 1
}

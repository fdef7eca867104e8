package mocks

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/theory/jsonpath"
)

// compileJSONPath reads an RFC 9535 query, or the forms of Jayway's JsonPath, which WireMock uses, that mean
// the same: a path without $, a filter without parentheses, =~ /re/i, && of bare paths, and names that RFC
// 9535 wants in quotes.
func compileJSONPath(expr string) (*jsonpath.Path, error) {
	text := strings.TrimSpace(expr)
	if query, err := jsonpath.Parse(text); err == nil {
		return query, nil
	}
	rewritten, err := fromJayway(text)
	if err != nil {
		return nil, fmt.Errorf("the JSONPath %q: %w", expr, err)
	}
	query, err := jsonpath.Parse(rewritten)
	if err != nil {
		return nil, fmt.Errorf("%q is not a JSONPath that is supported (RFC 9535): %w", expr, err)
	}
	return query, nil
}

// selectJSON applies a query. Functions of the library panic on members that are not there: such a query
// selects nothing.
func selectJSON(query *jsonpath.Path, tree any) (found []any) {
	defer func() {
		if recover() != nil {
			found = nil
		}
	}()
	return query.Select(tree)
}

// locateJSON is selectJSON with the places.
func locateJSON(query *jsonpath.Path, tree any) (found jsonpath.LocatedNodeList) {
	defer func() {
		if recover() != nil {
			found = nil
		}
	}()
	return query.SelectLocated(tree)
}

// jaywayOnly are the operators of filters, and functions, that RFC 9535 does not have.
func jaywayOnly() *regexp.Regexp {
	return regexp.MustCompile(`\s(in|nin|subsetof|anyof|noneof|size|empty|contains)\s` +
		`|\.(min|max|avg|stddev|sum|concat|append|keys|first|last|index)\(`)
}

func fromJayway(text string) (string, error) {
	bare := withoutStrings(text)
	if found := jaywayOnly().FindStringSubmatch(bare); found != nil {
		return "", fmt.Errorf("%s of Jayway's JsonPath is not supported", found[1]+found[2])
	}
	if strings.HasSuffix(bare, ".length()") {
		return "", errors.New("length() of Jayway's JsonPath is not supported here; write length(@) in a filter")
	}
	if !strings.HasPrefix(text, "$") {
		if strings.HasPrefix(text, "[") || strings.HasPrefix(text, ".") {
			text = "$" + text
		} else {
			text = "$." + text
		}
	}
	text, err := rewriteRegex(text)
	if err != nil {
		return "", err
	}
	return quoteNames(text), nil
}

// withoutStrings blanks what stands in quotes.
func withoutStrings(s string) string {
	return regexp.MustCompile(`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"`).ReplaceAllString(s, "''")
}

// rewriteRegex turns @.x =~ /re/i into (@.x && match(@.x, '(?i)re')): Jayway wants the whole value to match.
func rewriteRegex(text string) (string, error) {
	form := regexp.MustCompile(`(@[^\s=&|()!<>]*)\s*=~\s*/((?:[^/\\]|\\.)*)/([a-zA-Z]*)`)
	var failed error
	text = form.ReplaceAllStringFunc(text, func(found string) string {
		m := form.FindStringSubmatch(found)
		re, flags := strings.ReplaceAll(m[2], `\/`, `/`), m[3]
		if strings.Trim(flags, "ims") != "" {
			failed = fmt.Errorf("the flags %q of =~ are not supported", flags)
		}
		if _, err := compileFull(re); err != nil && failed == nil {
			failed = err
		}
		if flags != "" {
			re = "(?" + flags + ")" + re
		}
		quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(re)
		return "(" + m[1] + " && match(" + m[1] + ", '" + quoted + "'))"
	})
	return text, failed
}

// quoteNames puts names such as first-name into brackets and quotes.
func quoteNames(text string) string {
	form := regexp.MustCompile(`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|` +
		`(\.\.?)([A-Za-z0-9_@$][\w@$:/-]*[@$:/-][\w@$:/-]*|[@$][\w@$:/-]+|[0-9]\w*)`)
	return form.ReplaceAllStringFunc(text, func(found string) string {
		m := form.FindStringSubmatch(found)
		if m[2] == "" {
			return found
		}
		dots := ""
		if m[1] == ".." {
			dots = ".."
		}
		return dots + "['" + m[2] + "']"
	})
}

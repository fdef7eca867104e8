package difftest_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/mocks/difftest"
)

// known are the differences that are meant, each with its reason.
func known() []knownDifference {
	return []knownDifference{
		{
			"WireMock fails with an internal error (500)",
			func(d *difftest.Disagreement) bool {
				unseen := d.Case.Requests[d.At].Method == "HEAD" && strings.Contains(answered(d), "{{")
				return d.Java.Status == 500 && (!d.Java.Matched || unseen || strings.Contains(d.Java.Body, "java."))
			},
		},
		{
			"eq in a template: WireMock compares objects, so request.method and query values never equal a text",
			func(d *difftest.Disagreement) bool {
				return d.Where == "body" && strings.Contains(answered(d), "{{#eq request.")
			},
		},
		{
			"a malformed percent escape in the path: net/http answers 400",
			func(d *difftest.Disagreement) bool {
				path, _, _ := strings.Cut(d.Case.Requests[d.At].Target, "?")
				_, err := url.PathUnescape(path)
				return err != nil
			},
		},
		{
			"a proxied target that ends in an empty query: WireMock drops the question mark",
			func(d *difftest.Disagreement) bool {
				return d.Where == "body" && strings.HasSuffix(d.Case.Requests[d.At].Target, "?") &&
					uses(d.Case, "proxyBaseUrl")
			},
		},
		{
			"draft 4 of JSON Schema: for WireMock 1.0 is no integer there",
			func(d *difftest.Disagreement) bool {
				return uses(d.Case, "V4") && strings.Contains(d.Case.Requests[d.At].Body, ".0")
			},
		},
		{
			"text after a JSON body: WireMock reads the first value and ignores the rest, ours takes it for no JSON",
			func(d *difftest.Disagreement) bool { return trailing(d.Case.Requests[d.At].Body) },
		},
		{
			"the order of members in JSON that a template makes: WireMock keeps it, ours sorts by name",
			func(d *difftest.Disagreement) bool {
				letters := func(s string) string { return string(slices.Sorted(slices.Values([]byte(s)))) }
				return d.Where == "body" && strings.Contains(answered(d), "{{") &&
					letters(d.Java.Body) == letters(d.Ours.Body)
			},
		},
		{
			"an object that a JSONPath finds, before a text matcher: WireMock prints it as {k=v, l=w}, ours as JSON",
			func(d *difftest.Disagreement) bool { return uses(d.Case, "matchesJsonPath") && uses(d.Case, `[^\\s]+`) },
		},
		{
			"text between elements in equalToXml: WireMock does not match even the same document",
			func(d *difftest.Disagreement) bool {
				return !d.Java.Matched && uses(d.Case, "<a><b>1</b>mixed<c>2</c></a>")
			},
		},
		{
			"a path that begins with two slashes: WireMock's templates have an empty request.path",
			func(d *difftest.Disagreement) bool {
				return d.Where == "body" && strings.HasPrefix(d.Case.Requests[d.At].Target, "//")
			},
		},
		{
			"a binary body in a template: WireMock replaces what is no UTF-8",
			func(d *difftest.Disagreement) bool {
				return d.Where == "body" && !utf8.ValidString(d.Case.Requests[d.At].Body) &&
					strings.Contains(answered(d), "request.body")
			},
		},
		{
			"a JSONPath with a list of names: its result is one object for WireMock, and the values for ours",
			func(d *difftest.Disagreement) bool { return uses(d.Case, "$['a','b']") },
		},
		{
			"a body that is no JSON: the JSONPath library of WireMock takes it for a text",
			func(d *difftest.Disagreement) bool {
				return uses(d.Case, "matchesJsonPath") && slices.ContainsFunc(bodies(&d.Case.Requests[d.At]),
					func(body string) bool { return body != "" && !json.Valid([]byte(body)) })
			},
		},
	}
}

const follows = "what follows a known difference in a case with a scenario, which then stands in another state"

type groups map[string][]*difftest.Disagreement

type knownDifference struct {
	reason string
	is     func(d *difftest.Disagreement) bool
}

// answered is the mapping that WireMock answered with, as JSON.
func answered(d *difftest.Disagreement) string {
	for _, m := range d.Case.Mappings {
		if m["id"] == d.Java.Header.Get("Matched-Stub-Id") {
			text, err := json.Marshal(m)
			if err == nil {
				return string(text)
			}
		}
	}
	return ""
}

// uses tells whether a mapping of the case has the keyword or value.
func uses(c *difftest.Case, keyword string) bool {
	for _, m := range c.Mappings {
		var text strings.Builder
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if err := e.Encode(m); err == nil && strings.Contains(text.String(), `"`+keyword+`"`) {
			return true
		}
	}
	return false
}

// bodies are the body of a request, or those of its parts.
func bodies(r *difftest.Request) []string {
	if !strings.HasPrefix(r.Body, "--") {
		return []string{r.Body}
	}
	var out []string
	for part := range strings.SplitSeq(r.Body, "\r\n--") {
		if _, body, ok := strings.Cut(part, "\r\n\r\n"); ok {
			out = append(out, body)
		}
	}
	return out
}

// trailing tells whether a body is a JSON value with something behind it.
func trailing(body string) bool {
	var tree any
	if err := json.Unmarshal([]byte(body), &tree); err == nil {
		return trailingInside(tree)
	}
	d := json.NewDecoder(strings.NewReader(body))
	var first json.RawMessage
	if err := d.Decode(&first); err != nil {
		return false
	}
	_, err := d.Token()
	return !errors.Is(err, io.EOF)
}

// trailingInside looks for it in the strings of a body, which equalToJson can be asked to read.
func trailingInside(v any) bool {
	switch v := v.(type) {
	case string:
		return v != "" && trailing(v)
	case []any:
		return slices.ContainsFunc(v, trailingInside)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), trailingInside)
	}
	return false
}

// unexplained takes the known differences out and groups them by their reason.
func unexplained(all []*difftest.Disagreement) (left []*difftest.Disagreement, meant groups) {
	meant = groups{}
	moved := map[*difftest.Case]bool{} // a scenario went another way in one of the engines
next:
	for _, d := range all {
		if moved[d.Case] {
			meant[follows] = append(meant[follows], d)
			continue
		}
		for _, k := range known() {
			if d.At >= 0 && k.is(d) {
				meant[k.reason] = append(meant[k.reason], d)
				moved[d.Case] = uses(d.Case, "newScenarioState")
				continue next
			}
		}
		left = append(left, d)
	}
	return left, meant
}

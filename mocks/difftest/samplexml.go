package difftest

import (
	"regexp"
	"strings"
)

// xmlSamples are the expected document and near variants of its text.
func xmlSamples(_ map[string]any, v any) []string {
	t := placeholderXML.ReplaceAllString(text(v), "filled")
	return []string{
		t, text(v), strings.ReplaceAll(t, "><", ">\n  <"), `<?xml version="1.0"?>` + t,
		firstText.ReplaceAllString(t, ">changed<"), firstText.ReplaceAllString(t, "> $1 <"),
		"<wrapped>" + t + "</wrapped>", strings.Replace(t, ">", ` extra="1">`, 1),
		swapped.ReplaceAllString(t, "$2$1"), "<a/>", t[:len(t)/2], strings.ReplaceAll(t, `"`, `'`),
		strings.Replace(t, ">", "><!-- note -->", 1), "not xml", "",
	}
}

// Expressions over small documents, which need no parser to be mutated.
var (
	placeholderXML = regexp.MustCompile(`\$\{xmlunit\.[^}]*\}`)
	firstText      = regexp.MustCompile(`>([^<>]+)<`)
	swapped        = regexp.MustCompile(`(<(?:b|x)[^>]*>[^<]*</(?:b|x)>)(<(?:c|y)[^>]*>[^<]*</(?:c|y)>)`)
	xpathStep      = regexp.MustCompile(`(@?)([\w*:-]+)((?:\[[^\]]*\])?)(\(\))?`)
	xpathTest      = regexp.MustCompile(`\[(@?)([\w:-]+|text\(\))\s*=\s*['"]([^'"]*)['"]\]`)
)

// xpathSamples are documents in which an XPath finds something.
func (s sampler) xpathSamples(p map[string]any, v any) []string {
	expr, leaves := text(v), []string{"found", "", "5"}
	if sub := object(v); sub != nil {
		expr, leaves = text(sub["expression"]), s.texts(sub)
		p = sub
	}
	var attrs strings.Builder
	for prefix, uri := range object(p["xPathNamespaces"]) {
		attrs.WriteString(" xmlns:" + prefix + `="` + text(uri) + `"`)
	}
	var out []string
	steps := xpathStep.FindAllStringSubmatch(expr, -1)
	for _, leaf := range leaves {
		if !strings.HasPrefix(leaf, "<") {
			leaf = strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(leaf)
		}
		out = append(out, element(steps, leaf, attrs.String()))
	}
	first := out[0]
	return append(out, "<other/>", "<wrap>"+first+"</wrap>", strings.ReplaceAll(first, "found", "lost"),
		strings.ReplaceAll(first, "><", ">\n<"), first[:len(first)/2], "not xml", "{}", "")
}

func element(steps [][]string, leaf, attrs string) string {
	if len(steps) == 0 || steps[0][4] != "" {
		return leaf
	}
	name := strings.ReplaceAll(steps[0][2], "*", "any")
	children := ""
	if test := xpathTest.FindStringSubmatch(steps[0][3]); test != nil {
		switch {
		case test[1] != "":
			attrs += " " + test[2] + `="` + test[3] + `"`
		case test[2] == "text()":
			children = test[3]
		default:
			children = "<" + test[2] + ">" + test[3] + "</" + test[2] + ">"
		}
	}
	if len(steps) > 1 && steps[1][1] != "" {
		attrs += " " + steps[1][2] + `="` + strings.ReplaceAll(leaf, `"`, "&quot;") + `"`
		return "<" + name + attrs + ">" + children + "</" + name + ">"
	}
	return "<" + name + attrs + ">" + children + element(steps[1:], leaf, "") + "</" + name + ">"
}

package mocks

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

func textHelpers() map[string]helper {
	return map[string]helper{
		"trim":            mapText(strings.TrimSpace),
		"upper":           mapText(strings.ToUpper),
		"lower":           mapText(strings.ToLower),
		"capitalize":      capitalize,
		"capitalizeFirst": mapText(capitalizeFirst),
		"slugify":         mapText(slugify),
		"stripTags":       mapText(stripTags),
		"base64":          base64Helper,
		"urlEncode":       urlEncode,
		"replace":         replace,
		"cut":             cutHelper,
		"substring":       substring,
		"regexExtract":    regexExtract,
		"defaultIfEmpty":  defaultIfEmpty,
		"yesno":           yesNo,
	}
}

// mapText makes a helper of a function of text.
func mapText(f func(string) string) helper {
	return func(c *handlebars.Call) (any, error) {
		text, err := blockText(c)
		return f(text), err
	}
}

func capitalizeFirst(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

// capitalize starts every word with a capital; fully=true makes all other letters small.
func capitalize(c *handlebars.Call) (any, error) {
	text := handlebars.Text(c.Arg(0))
	if handlebars.Truthy(c.Named["fully"]) {
		text = strings.ToLower(text)
	}
	start := true
	return strings.Map(func(r rune) rune {
		was := start
		if start = unicode.IsSpace(r); was {
			return unicode.ToUpper(r)
		}
		return r
	}, text), nil
}

func slugify(s string) string {
	s = regexp.MustCompile(`[^\w\s-]`).ReplaceAllString(strings.TrimSpace(s), "")
	return strings.ToLower(regexp.MustCompile(`\s+`).ReplaceAllString(s, "-"))
}

func stripTags(s string) string { return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(s, "") }

func base64Helper(c *handlebars.Call) (any, error) {
	text, err := blockText(c)
	if err != nil {
		return nil, err
	}
	if handlebars.Truthy(c.Named["decode"]) {
		data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
		if err != nil {
			return complaint("%s is not base64", text)
		}
		return string(data), nil
	}
	if padding, given := c.Named["padding"]; given && !handlebars.Truthy(padding) {
		return base64.RawStdEncoding.EncodeToString([]byte(text)), nil
	}
	return base64.StdEncoding.EncodeToString([]byte(text)), nil
}

func urlEncode(c *handlebars.Call) (any, error) {
	text, err := blockText(c)
	if err != nil {
		return nil, err
	}
	if handlebars.Truthy(c.Named["decode"]) {
		return unescape(text), nil
	}
	return url.QueryEscape(text), nil
}

func replace(c *handlebars.Call) (any, error) {
	text, from, to := handlebars.Text(c.Arg(0)), handlebars.Text(c.Arg(1)), handlebars.Text(c.Arg(2))
	if strings.Count(text, from)*len(to) > mostRendered {
		return nil, errTooLong
	}
	return strings.ReplaceAll(text, from, to), nil
}

func cutHelper(c *handlebars.Call) (any, error) {
	from := " "
	if c.Arg(1) != nil {
		from = handlebars.Text(c.Arg(1))
	}
	return strings.ReplaceAll(handlebars.Text(c.Arg(0)), from, ""), nil
}

func substring(c *handlebars.Call) (any, error) {
	text := []rune(handlebars.Text(c.Arg(0)))
	from := wholeOr(c.Arg(1), 0)
	to := wholeOr(c.Arg(2), int64(len(text)))
	if from < 0 || to < from || to > int64(len(text)) {
		return complaint("substring: %d to %d is outside of the text", from, to)
	}
	return string(text[from:to]), nil
}

func regexExtract(c *handlebars.Call) (any, error) {
	expr := handlebars.Text(c.Arg(1))
	re, err := compileAnywhere(expr)
	if err != nil {
		return complaint("Invalid regex string %s", expr)
	}
	text := handlebars.Text(c.Arg(0))
	if len(c.Args) < 3 {
		if found := re.FindStringIndex(text); found != nil {
			return text[found[0]:found[1]], nil
		}
	}
	var groups oneOrMore
	if len(c.Args) > 2 {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			groups = append(groups, m[1:]...)
		}
	}
	if len(groups) == 0 {
		if otherwise := c.Named["default"]; otherwise != nil {
			return otherwise, nil
		}
		return complaint("Nothing matched %s", expr)
	}
	c.Set(handlebars.Text(c.Arg(2)), groups)
	return nil, nil
}

func defaultIfEmpty(c *handlebars.Call) (any, error) {
	if handlebars.Truthy(c.Arg(0)) {
		return c.Arg(0), nil
	}
	return c.Arg(1), nil
}

func yesNo(c *handlebars.Call) (any, error) {
	switch v := c.Arg(0); {
	case v == nil:
		return option(c, "maybe", "maybe"), nil
	case handlebars.Truthy(v):
		return option(c, "yes", "yes"), nil
	}
	return option(c, "no", "no"), nil
}

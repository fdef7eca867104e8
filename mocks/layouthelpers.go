package mocks

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

func layoutHelpers() map[string]helper {
	return map[string]helper{
		"center":       padded(func(gap int) (int, int) { return gap / 2, gap - gap/2 }),
		"ljust":        padded(func(gap int) (int, int) { return 0, gap }),
		"rjust":        padded(func(gap int) (int, int) { return gap, 0 }),
		"abbreviate":   abbreviate,
		"wordWrap":     wordWrap,
		"stringFormat": stringFormat,
		"numberFormat": numberFormat,
	}
}

// padded fills a text up to size; split says how much of the gap goes to either side.
func padded(split func(gap int) (left, right int)) helper {
	return func(c *handlebars.Call) (any, error) {
		text := handlebars.Text(c.Arg(0))
		n, pad := wholeOr(c.Named["size"], 0), option(c, "pad", " ")
		if n > mostRendered {
			return nil, errTooLong
		}
		gap := int(n) - len([]rune(text))
		if gap <= 0 || pad == "" {
			return text, nil
		}
		left, right := split(gap)
		fill := func(n int) string { return string([]rune(strings.Repeat(pad, n))[:n]) }
		if len(pad)*gap > mostRendered {
			return nil, errTooLong
		}
		return fill(left) + text + fill(right), nil
	}
}

func abbreviate(c *handlebars.Call) (any, error) {
	text := []rune(handlebars.Text(c.Arg(0)))
	n := wholeOr(c.Arg(1), int64(len(text)))
	if n < 4 || int64(len(text)) <= n {
		return string(text), nil
	}
	return string(text[:n-3]) + "...", nil
}

func wordWrap(c *handlebars.Call) (any, error) {
	width := int(min(wholeOr(c.Arg(1), 80), math.MaxInt32))
	var lines []string
	line := ""
	for _, word := range strings.Fields(handlebars.Text(c.Arg(0))) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(append(lines, line), "\n"), nil
}

// stringFormat is Java's String.format for %s, %d, %f, %x and %% with width and precision.
func stringFormat(c *handlebars.Call) (any, error) {
	form := regexp.MustCompile(`%[-0+]?\d{0,3}(?:\.\d{1,2})?[sdfxX%n]`)
	next := 0
	return form.ReplaceAllStringFunc(handlebars.Text(c.Arg(0)), func(verb string) string {
		switch verb[len(verb)-1] {
		case '%':
			return "%"
		case 'n':
			return "\n"
		}
		next++
		switch v := c.Arg(next); verb[len(verb)-1] {
		case 'd', 'x', 'X':
			return fmt.Sprintf(verb, wholeOr(v, 0))
		case 'f':
			f, _ := strconv.ParseFloat(handlebars.Text(v), 64)
			return fmt.Sprintf(verb, f)
		default:
			return fmt.Sprintf(verb, handlebars.Text(v))
		}
	}), nil
}

// numberFormat writes a number by a pattern of java.text.DecimalFormat, or as integer, percent or
// currency in English of the United States.
func numberFormat(c *handlebars.Call) (any, error) {
	f, err := strconv.ParseFloat(handlebars.Text(c.Arg(0)), 64)
	if err != nil {
		return complaint("numberFormat takes a number, got %s", handlebars.Text(c.Arg(0)))
	}
	pattern := option(c, "format", handlebars.Text(c.Arg(1)))
	switch pattern {
	case "":
		pattern = "#,##0.###"
	case "integer":
		pattern = "#,##0"
	case "percent":
		pattern = "#,##0%"
	case "currency":
		pattern = "$#,##0.00"
	}
	return decimalFormat(f, pattern)
}

func decimalFormat(f float64, pattern string) (any, error) {
	pattern, _, _ = strings.Cut(pattern, ";")
	m := regexp.MustCompile(`^([^#0,.]*)([#,]*[0,]*)(?:\.(0*)(#*))?([^#0,.]*)$`).FindStringSubmatch(pattern)
	if m == nil || strings.ContainsAny(m[1]+m[5], "E'") {
		return complaint("the number format %q is not supported", pattern)
	}
	if strings.Contains(m[5], "%") {
		f *= 100
	}
	least, most := len(m[3]), len(m[3])+len(m[4])
	text := strconv.FormatFloat(math.Abs(f), 'f', most, 64)
	integer, fraction, _ := strings.Cut(text, ".")
	for len(fraction) > least && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	zeros := strings.Count(m[2], "0")
	integer = strings.TrimLeft(integer, "0")
	integer = strings.Repeat("0", max(0, zeros-len(integer))) + integer
	if comma := strings.LastIndex(m[2], ","); comma >= 0 {
		integer = grouped(integer, len(m[2])-comma-1)
	}
	if fraction != "" {
		integer += "." + fraction
	}
	if f < 0 && strings.Trim(integer, "0.,") != "" {
		integer = "-" + integer
	}
	return m[1] + integer + m[5], nil
}

func grouped(digits string, n int) string {
	if n < 1 {
		return digits
	}
	var parts []string
	for len(digits) > n {
		parts = append([]string{digits[len(digits)-n:]}, parts...)
		digits = digits[:len(digits)-n]
	}
	return strings.Join(append([]string{digits}, parts...), ",")
}

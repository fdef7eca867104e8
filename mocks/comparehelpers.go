package mocks

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

func compareHelpers() map[string]helper {
	ordered := func(met func(int) bool) helper {
		return condition(func(c *handlebars.Call) bool { return met(compareValues(c.Arg(0), c.Arg(1))) })
	}
	return map[string]helper{
		"eq":       condition(func(c *handlebars.Call) bool { return equalValues(c.Arg(0), c.Arg(1)) }),
		"neq":      condition(func(c *handlebars.Call) bool { return !equalValues(c.Arg(0), c.Arg(1)) }),
		"gt":       ordered(func(o int) bool { return o > 0 }),
		"gte":      ordered(func(o int) bool { return o >= 0 }),
		"lt":       ordered(func(o int) bool { return o < 0 }),
		"lte":      ordered(func(o int) bool { return o <= 0 }),
		"not":      condition(func(c *handlebars.Call) bool { return !handlebars.Truthy(c.Arg(0)) }),
		"and":      condition(func(c *handlebars.Call) bool { return !slices.ContainsFunc(c.Args, falsy) }),
		"or":       condition(func(c *handlebars.Call) bool { return slices.ContainsFunc(c.Args, handlebars.Truthy) }),
		"contains": condition(containsValue),
		"matches":  matchesHelper,
		"isEven":   condition(func(c *handlebars.Call) bool { return wholeOr(c.Arg(0), 1)%2 == 0 }),
		"isOdd":    condition(func(c *handlebars.Call) bool { return wholeOr(c.Arg(0), 0)%2 != 0 }),
	}
}

func falsy(v any) bool { return !handlebars.Truthy(v) }

// condition makes a helper of a test: a block is rendered or its else; otherwise yes and no are given, or
// true and false.
func condition(test func(c *handlebars.Call) bool) helper {
	return func(c *handlebars.Call) (any, error) { return verdict(c, test(c)) }
}

func verdict(c *handlebars.Call, yes bool) (any, error) {
	switch {
	case c.IsBlock() && yes:
		return c.Same()
	case c.IsBlock():
		return c.Else()
	}
	name := "no"
	if yes {
		name = "yes"
	}
	if v, given := c.Named[name]; given {
		return v, nil
	}
	return yes, nil
}

func equalValues(a, b any) bool {
	if a == nil || b == nil {
		return a == b
	}
	if isText(a) != isText(b) {
		return false
	}
	return handlebars.Text(a) == handlebars.Text(b)
}

// isText tells texts apart from numbers and booleans, which never equal a text.
func isText(v any) bool {
	switch v.(type) {
	case int64, float64, bool:
		return false
	}
	return true
}

// compareValues orders numbers by value and everything else as text, null first.
func compareValues(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(boolInt(a != nil), boolInt(b != nil))
	}
	x, y := exactNumber(handlebars.Text(a)), exactNumber(handlebars.Text(b))
	if x != nil && y != nil {
		return x.Cmp(y)
	}
	return cmp.Compare(handlebars.Text(a), handlebars.Text(b))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func containsValue(c *handlebars.Call) bool {
	if c.Arg(0) == nil || c.Arg(1) == nil {
		return false
	}
	if items, ok := handlebars.Items(c.Arg(0)); ok {
		return slices.ContainsFunc(items, func(v any) bool { return equalValues(v, c.Arg(1)) })
	}
	return strings.Contains(handlebars.Text(c.Arg(0)), handlebars.Text(c.Arg(1)))
}

func matchesHelper(c *handlebars.Call) (any, error) {
	re, err := compileFull(handlebars.Text(c.Arg(1)))
	if err != nil {
		return complaint("%v", err)
	}
	return verdict(c, re.MatchString(handlebars.Text(c.Arg(0))))
}

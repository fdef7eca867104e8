package mocks

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

// toolbox holds what the helpers of templates need from outside.
type toolbox struct {
	now    time.Time
	random Random
}

type helper = handlebars.Helper

// helpers are WireMock's, and those of Handlebars.java that WireMock turns on, by name.
func (b toolbox) helpers() map[string]helper {
	all := map[string]helper{}
	for _, family := range []map[string]helper{
		b.dateHelpers(), b.randomHelpers(), jsonHelpers(), listHelpers(), textHelpers(), layoutHelpers(),
		compareHelpers(), valueHelpers(),
	} {
		maps.Copy(all, family)
	}
	all["hostname"] = func(*handlebars.Call) (any, error) { return os.Hostname() }
	return all
}

// templateText tells whether a text holds a template at all.
func templateText(s string) bool { return strings.Contains(s, "{{") }

// complaint is what a helper writes into the answer where it cannot do its work, as WireMock's do.
func complaint(format string, args ...any) (any, error) {
	return "[ERROR: " + fmt.Sprintf(format, args...) + "]", nil
}

// errTooLong ends a rendering, or an XPath, that would make too long a text.
var errTooLong = errors.New("the result would be too long a text")

// blockText is the block of a helper, or its first argument.
func blockText(c *handlebars.Call) (string, error) {
	if c.IsBlock() {
		return c.Same()
	}
	return handlebars.Text(c.Arg(0)), nil
}

// whole reads a whole number from an argument.
func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), true
	}
	r := exactNumber(handlebars.Text(v))
	if r == nil || !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}

func wholeOr(v any, otherwise int64) int64 {
	if n, ok := whole(v); ok {
		return n
	}
	return otherwise
}

// option is a named argument as text.
func option(c *handlebars.Call, name, otherwise string) string {
	if v, ok := c.Named[name]; ok && v != nil {
		return handlebars.Text(v)
	}
	return otherwise
}

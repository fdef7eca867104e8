package spec

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// check holds a decoded value against the limits of its field.
func (d *decoder) check(n *Node, v reflect.Value, f field) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch n.Kind() {
	case List:
		d.checkSize(n, "minItems", len(n.items), f)
		if v.Kind() == reflect.Slice && v.Len() == len(n.items) {
			for i, item := range n.items {
				d.check(item, v.Index(i), f)
			}
		}
	case Map:
		if v.Kind() == reflect.Map {
			d.checkSize(n, "minItems", len(n.entries), f)
		}
	case Scalar:
		d.checkEnum(n, f)
		d.checkNumber(n, v, f)
		d.checkText(n, v, f)
	}
}

func (d *decoder) checkSize(n *Node, limit string, size int, f field) {
	if least, err := strconv.Atoi(f.limits[limit]); err == nil && size < least {
		d.ds.at(n, "", "%s has %d of at least %d", f.name, size, least)
	}
}

func (d *decoder) checkEnum(n *Node, f field) {
	for _, e := range f.enum {
		if e == n.text {
			return
		}
	}
	if len(f.enum) == 0 {
		return
	}
	hint := ""
	if near := Nearest(n.text, f.enum); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	d.ds.at(n, hint, "%s is one of %s, found %q", f.name, strings.Join(f.enum, ", "), n.masked())
}

func (d *decoder) checkText(n *Node, v reflect.Value, f field) {
	if v.Kind() != reflect.String {
		return
	}
	least, err := strconv.Atoi(f.limits["minLength"])
	if err == nil && utf8.RuneCountInString(v.String()) < least {
		d.ds.at(n, "", "%s is shorter than %d", f.name, least)
	}
	pattern := f.limits["pattern"]
	if pattern != "" && !regexp.MustCompile(pattern).MatchString(v.String()) {
		d.ds.at(n, "", "%s must match %s, found %q", f.name, pattern, n.masked())
	}
}

func (d *decoder) checkNumber(n *Node, v reflect.Value, f field) {
	x, ok := number(v)
	if !ok {
		return
	}
	for _, limit := range []struct {
		name, words string
		broken      func(x, limit float64) bool
	}{
		{"minimum", "at least", func(x, limit float64) bool { return x < limit }},
		{"maximum", "at most", func(x, limit float64) bool { return x > limit }},
		{"exclusiveMinimum", "greater than", func(x, limit float64) bool { return x <= limit }},
		{"exclusiveMaximum", "less than", func(x, limit float64) bool { return x >= limit }},
	} {
		text := f.limits[limit.name]
		bound, err := strconv.ParseFloat(text, 64)
		if err == nil && limit.broken(x, bound) {
			d.ds.at(n, "", "%s must be %s %s, found %s", f.name, limit.words, inUnit(v, bound, text), n.masked())
			return
		}
	}
}

// number is the value that limits apply to: durations in seconds, sizes in bytes.
func number(v reflect.Value) (float64, bool) {
	if d, ok := v.Interface().(Duration); ok {
		return d.Std().Seconds(), true
	}
	switch {
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.CanFloat():
		return v.Float(), true
	}
	return 0, false
}

func inUnit(v reflect.Value, bound float64, text string) string {
	switch v.Interface().(type) {
	case Duration:
		return Duration(bound * float64(time.Second)).String()
	case Bytes:
		return Bytes(bound).String()
	}
	return text
}

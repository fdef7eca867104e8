package spec

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// at adds an error that underlines the node.
func (ds *Diagnostics) at(n *Node, hint, format string, args ...any) {
	*ds = append(*ds, Diagnostic{
		Pos: n.Pos(), Len: n.width(), Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// wrongKind says what was found and what was expected.
func (ds *Diagnostics) wrongKind(n *Node, expected, example string) {
	hint := ""
	switch {
	case strings.HasPrefix(example, "with "):
		expected += " " + example
	case example != "":
		hint = "write for example " + example
	}
	if key, ok := brokenTernary(n); ok {
		hint = "quote the expression: \"" + key + ": ...\""
	}
	ds.at(n, hint, "expected %s, found %s", expected, n.describe())
}

// brokenTernary finds an expression such as a ? 1 : 2 that YAML took for a mapping.
func brokenTernary(n *Node) (string, bool) {
	if n.Kind() != Map || len(n.entries) != 1 {
		return "", false
	}
	key := n.entries[0].Key
	return key, strings.Contains(key, " ? ")
}

// describe names what stands in the file, for messages.
func (n *Node) describe() string {
	if n.Kind() != Scalar {
		return n.Kind().String()
	}
	_, isNumber := n.Float()
	_, isBool := n.Bool()
	switch {
	case isNumber:
		return "the number " + n.masked()
	case isBool:
		return "the word " + n.text
	}
	return "the text " + strconv.Quote(shorten(n.masked()))
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "..."
	}
	return s
}

func (d *decoder) scalar(n *Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if n.Kind() != Scalar {
			d.ds.wrongKind(n, "a text", "")
			return
		}
		v.SetString(n.text)
	case reflect.Bool:
		d.boolean(n, v)
	case reflect.Float32, reflect.Float64:
		d.float(n, v)
	default:
		d.integer(n, v)
	}
}

func (d *decoder) boolean(n *Node, v reflect.Value) {
	b, ok := n.Bool()
	if ok {
		v.SetBool(b)
		return
	}
	hint := ""
	switch strings.ToLower(n.Text()) {
	case "yes", "on", "y", "1", "true":
		hint = "write true"
	case "no", "off", "n", "0", "false":
		hint = "write false"
	}
	if n.Quoted() && hint != "" {
		hint += ", without quotes"
	}
	d.ds.at(n, hint, "expected true or false, found %s", n.describe())
}

func (d *decoder) float(n *Node, v reflect.Value) {
	f, ok := n.Float()
	if !ok || v.OverflowFloat(f) {
		d.ds.at(n, numberHint(n, "0.98"), "expected a number, found %s", n.describe())
		return
	}
	v.SetFloat(f)
}

func numberHint(n *Node, example string) string {
	text := n.Text()
	if _, err := strconv.ParseFloat(text, 64); err == nil && n.Quoted() {
		return "leave the quotes out: " + n.masked()
	}
	return "write for example " + example
}

func (d *decoder) integer(n *Node, v reflect.Value) {
	if !v.CanInt() && !v.CanUint() {
		panic("spec.Decode cannot fill " + v.Type().String())
	}
	text := n.Text()
	digits := strings.TrimLeft(text, "+-")
	i, err := strconv.ParseInt(text, 10, 64)
	switch {
	case !n.loose() || err != nil && !isWhole(n):
		d.ds.at(n, numberHint(n, "10"), "expected a whole number, found %s", n.describe())
	case err == nil && len(digits) > 1 && digits[0] == '0':
		d.ds.at(n, "leave the zeros at its start out", "the number %s starts with 0", n.masked())
	case err != nil || v.CanInt() && v.OverflowInt(i) || v.CanUint() && (i < 0 || v.OverflowUint(uint64(i))):
		d.ds.at(n, "", "the number %s is out of range", n.masked())
	case v.CanInt():
		v.SetInt(i)
	default:
		v.SetUint(uint64(i))
	}
}

// isWhole tells whether the text is a whole number that may be too large to be kept.
func isWhole(n *Node) bool {
	digits := strings.TrimLeft(n.text, "+-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// plain is the node as Go values: map[string]any, []any, string, bool, int64, float64 and nil.
func (n *Node) plain() any {
	switch n.Kind() {
	case Map:
		m := make(map[string]any, len(n.entries))
		for _, e := range n.entries {
			m[e.Key] = e.Value.plain()
		}
		return m
	case List:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.plain()
		}
		return list
	case Scalar:
		return n.plainScalar()
	}
	return nil
}

func (n *Node) plainScalar() any {
	if n.style != plain {
		return n.text
	}
	if b, ok := n.Bool(); ok {
		return b
	}
	if i, err := strconv.ParseInt(n.text, 10, 64); err == nil {
		return i
	}
	if f, ok := n.Float(); ok && !math.IsInf(f, 0) {
		return f
	}
	return n.text
}

func (d *decoder) text(n *Node, into encoding.TextUnmarshaler) {
	if n.Kind() != Scalar {
		d.ds.wrongKind(n, "a single value", exampleOf(into))
		return
	}
	if err := into.UnmarshalText([]byte(n.text)); err != nil {
		message := err.Error()
		if n.shown != "" {
			message = strings.ReplaceAll(message, n.text, n.shown)
		}
		d.ds.at(n, "", "%s", message)
	}
}

func exampleOf(v any) string {
	switch v.(type) {
	case *Duration:
		return "5s"
	case *Bytes:
		return "64MiB"
	case *Rate:
		return "500/s"
	case *Ratio:
		return "10%"
	}
	return ""
}

func (d *decoder) time(n *Node, into *time.Time) {
	const example = "2026-11-01T00:00:00Z"
	if n.Kind() != Scalar {
		d.ds.wrongKind(n, "a time", example)
		return
	}
	t, err := time.Parse(time.RFC3339, n.text)
	if err != nil {
		d.ds.at(n, "write date, time and zone, such as "+example, "%q is not a time", n.masked())
		return
	}
	*into = t
}

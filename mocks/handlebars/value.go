package handlebars

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Object is a value with members that is no map.
type Object interface {
	Member(name string) (any, bool)
}

// Sequence is a value with items that is no slice.
type Sequence interface {
	Items() []any
}

// Member is one member of a map or an Object, or one item of a list by its index.
func Member(v any, name string) (any, bool) {
	switch v := v.(type) {
	case Object:
		return v.Member(name)
	case map[string]any:
		m, ok := v[name]
		return m, ok
	}
	items, ok := Items(v)
	if !ok {
		return nil, false
	}
	if name == "length" || name == "size" {
		return int64(len(items)), true
	}
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || i >= len(items) {
		return nil, false
	}
	return items[i], true
}

// Items are the items of a list.
func Items(v any) ([]any, bool) {
	switch v := v.(type) {
	case Sequence:
		return v.Items(), true
	case []any:
		return v, true
	}
	return nil, false
}

// Keys are the names of an object's members, sorted.
func Keys(v any) []string {
	switch v := v.(type) {
	case map[string]any:
		return slices.Sorted(maps.Keys(v))
	case interface{ Keys() []string }:
		return v.Keys()
	}
	return nil
}

// Truthy tells what {{if}} takes for true: not null, false, zero, an empty text or an empty list.
func Truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int64:
		return v != 0
	case float64:
		return v != 0
	case json.Number:
		f, err := v.Float64()
		return err != nil || f != 0
	}
	if items, ok := Items(v); ok {
		return len(items) > 0
	}
	return true
}

// Text is how a value is printed: as Java prints it, because templates are written against WireMock.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case fmt.Stringer:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return floatText(v)
	case map[string]any:
		return mapText(v)
	}
	if items, ok := Items(v); ok {
		parts := make([]string, len(items))
		for i, item := range items {
			parts[i] = nested(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v)
}

func nested(v any) string {
	if v == nil {
		return "null"
	}
	return Text(v)
}

func mapText(m map[string]any) string {
	parts := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+nested(m[k]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// floatText writes a number as Java's Double.toString does: always with a fraction, with an exponent
// outside of 0.001 to 10,000,000.
func floatText(f float64) string {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return strings.Replace(strconv.FormatFloat(f, 'f', -1, 64), "Inf", "Infinity", 1)
	case size == 0 || size >= 1e-3 && size < 1e7:
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(n)
}

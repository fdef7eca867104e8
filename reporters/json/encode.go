package json

import (
	"bytes"
	"encoding"
	stdjson "encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// encode appends a value's JSON. It goes by the json tags as the standard library does, which neither
// writes numbers that are not finite nor empty lists for nil ones.
func encode(b []byte, v reflect.Value) ([]byte, error) {
	if v.CanInterface() && writesItself(v) {
		return appendStandard(b, v.Interface())
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		return encode(b, v.Elem())
	case reflect.Float32, reflect.Float64:
		return appendNumber(b, v.Float()), nil
	case reflect.Slice, reflect.Array:
		return encodeList(b, v)
	case reflect.Map:
		return encodeMap(b, v)
	case reflect.Struct:
		return encodeStruct(b, v)
	}
	return appendStandard(b, v.Interface())
}

func writesItself(v reflect.Value) bool {
	switch v.Interface().(type) {
	case stdjson.Marshaler, encoding.TextMarshaler:
		return v.Kind() != reflect.Pointer || !v.IsNil()
	}
	return false
}

func appendStandard(b []byte, value any) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	enc := stdjson.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("encoding a value of type %T: %w", value, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// appendNumber writes 0.1+0.2 as 0.3: every decimal of 15 digits survives the way through a float64.
func appendNumber(b []byte, f float64) []byte {
	if !finite(f) {
		return append(b, "null"...)
	}
	const digits = 15
	if short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', digits, 64), 64); err == nil {
		f = short
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 64)
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func encodeList(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = encode(b, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// encodeMap writes a map from names, sorted.
func encodeMap(b []byte, v reflect.Value) ([]byte, error) {
	values := make(map[string]reflect.Value, v.Len())
	for _, key := range v.MapKeys() {
		values[key.String()] = v.MapIndex(key)
	}
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(values)) {
		var err error
		if b, err = encodeMember(b, i == 0, member{name, values[name]}); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// member is one key of an object with its value.
type member struct {
	name  string
	value reflect.Value
}

func encodeMember(b []byte, first bool, m member) ([]byte, error) {
	if !first {
		b = append(b, ',')
	}
	b, err := appendStandard(b, m.name)
	if err != nil {
		return nil, err
	}
	b, err = encode(append(b, ':'), m.value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	return b, nil
}

func encodeStruct(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '{')
	first := true
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" || strings.Contains(options, "omitempty") && empty(v.Field(i)) {
			continue
		}
		if name == "" {
			name = f.Name
		}
		var err error
		if b, err = encodeMember(b, first, member{name, v.Field(i)}); err != nil {
			return nil, err
		}
		first = false
	}
	return append(b, '}'), nil
}

// empty tells whether a value can be left out: it is nothing, or no number that JSON has.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Pointer:
		return v.IsNil() || empties(v.Elem())
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// empties tells whether what a pointer holds cannot be written: a number that is not finite, or a list
// with one.
func empties(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return !finite(v.Float())
	case reflect.Array:
		for i := range v.Len() {
			if empties(v.Index(i)) {
				return true
			}
		}
	}
	return false
}

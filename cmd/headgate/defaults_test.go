package main

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine/spec"
)

// addDefaults writes the values that a configuration has before it is read into its schema. A zero
// value says nothing: there it depends on the setting what it means.
func addDefaults(t *testing.T, f fragment, v reflect.Value) {
	t.Helper()
	properties, _ := f["properties"].(fragment)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch p, known := properties[name].(fragment); {
		case strings.Contains(options, "inline"):
			addDefaults(t, f, v.Field(i))
		case known && field.IsExported():
			addDefault(t, p, v.Field(i))
		}
	}
}

func addDefault(t *testing.T, p fragment, v reflect.Value) {
	t.Helper()
	if items, ok := p["items"].(fragment); ok && v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct {
		addDefaults(t, items, element(t, v.Type().Elem()))
		return
	}
	if v.IsZero() {
		return
	}
	if text, ok := asText(v); ok {
		p["default"] = text
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		addDefaults(t, p, v)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String {
			p["default"] = v.Interface()
		}
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64:
		p["default"] = v.Interface()
	}
}

// asText is a value of a type with a written form of its own.
func asText(v reflect.Value) (string, bool) {
	switch value := v.Interface().(type) {
	case encoding.TextMarshaler:
		text, err := value.MarshalText()
		return string(text), err == nil
	case fmt.Stringer:
		return value.String(), true
	}
	return "", false
}

// element is an item of a list as it is before it is read.
func element(t *testing.T, of reflect.Type) reflect.Value {
	t.Helper()
	v := reflect.New(of)
	doc, ds := spec.Parse("empty", []byte("{}"), spec.Options{})
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	// What is required and missing is a finding; the defaults are in the value all the same.
	spec.Decode(doc.Root, v.Interface())
	return v.Elem()
}

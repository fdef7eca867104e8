package mocks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// decoder walks one mapping and collects all that it cannot take.
type decoder struct {
	problems []string
	options  Options
}

// fields are the members of a JSON object that are not null.
type fields map[string]json.RawMessage

func (f fields) names() []string { return slices.Sorted(maps.Keys(f)) }

func (f fields) raw() json.RawMessage {
	return marshal(map[string]json.RawMessage(f))
}

// marshal writes a value that is known to encode, without escaping for HTML.
func marshal(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// take reads the value at a path.
type take func(path string, raw json.RawMessage)

// problem notes what is wrong at a path: a sentence about it, or what was expected there.
func (d *decoder) problem(path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, verb := range []string{"is ", "needs ", "has "} {
		if strings.HasPrefix(text, verb) {
			d.problems = append(d.problems, path+" "+text)
			return
		}
	}
	d.problems = append(d.problems, path+": "+text)
}

// unknown refuses a field by its name: later lists those of WireMock that are still to come.
func (d *decoder) unknown(path, name string, later []string) {
	at := join(path, name)
	if slices.Contains(later, name) {
		d.problem(at, "is not supported yet")
		return
	}
	d.problem(at, "is not a field of a WireMock mapping")
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (d *decoder) fields(path string, raw json.RawMessage) fields {
	var f fields
	if err := json.Unmarshal(raw, &f); err != nil || f == nil {
		d.problem(orMapping(path), "expected an object, got %s", shorten(string(raw)))
	}
	maps.DeleteFunc(f, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	return f
}

func orMapping(path string) string {
	if path == "" {
		return "the mapping"
	}
	return path
}

// object reads an object by its list of known members.
func (d *decoder) object(path string, raw json.RawMessage, known map[string]take, later []string) {
	f := d.fields(path, raw)
	for _, name := range f.names() {
		if t, ok := known[name]; ok {
			t(join(path, name), f[name])
			continue
		}
		d.unknown(path, name, later)
	}
}

func (d *decoder) list(path string, raw json.RawMessage, each take) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		d.problem(path, "expected a list, got %s", shorten(string(raw)))
		return
	}
	for i, item := range items {
		each(fmt.Sprintf("%s[%d]", path, i), item)
	}
}

func (d *decoder) optional(path string, f fields, name string, t take) {
	if raw, ok := f[name]; ok {
		t(path+"."+name, raw)
	}
}

func (d *decoder) required(path string, f fields, name string, t take) {
	if _, ok := f[name]; !ok {
		d.problem(path+"."+name, "is missing")
		return
	}
	d.optional(path, f, name, t)
}

// into reads a plain value; what says what was expected.
func into[T any](d *decoder, dst *T, what string) take {
	return func(path string, raw json.RawMessage) {
		if err := json.Unmarshal(raw, dst); err != nil {
			d.problem(path, "expected %s, got %s", what, shorten(string(raw)))
		}
	}
}

package spec

import (
	"reflect"
	"slices"
	"strings"
)

// field is a struct field as the file sees it.
type field struct {
	name     string
	index    []int
	required bool
	enum     []string
	limits   map[string]string
}

// fields are the keys that a struct takes.
type fields struct {
	fields []field
	rest   []int // the inline map for all other keys, if any
}

func (p fields) find(name string) (field, bool) {
	i := slices.IndexFunc(p.fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return p.fields[i], true
}

func (p fields) names() []string {
	names := make([]string, len(p.fields))
	for i, f := range p.fields {
		names[i] = f.name
	}
	return names
}

func fieldsOf(t reflect.Type) (p fields) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() && !f.Anonymous || name == "-":
		case strings.Contains(options, "inline"):
			p.inline(f)
		case name != "":
			p.fields = append(p.fields, newField(name, f))
		}
	}
	return p
}

func (p *fields) inline(f reflect.StructField) {
	switch f.Type.Kind() {
	case reflect.Map:
		p.rest = f.Index
	case reflect.Struct:
		inner := fieldsOf(f.Type)
		for _, g := range inner.fields {
			g.index = append(slices.Clone(f.Index), g.index...)
			p.fields = append(p.fields, g)
		}
		if inner.rest != nil {
			p.rest = append(slices.Clone(f.Index), inner.rest...)
		}
	default:
		panic("spec: only a struct or a map can be inlined, not " + f.Type.String())
	}
}

func newField(name string, f reflect.StructField) field {
	out := field{name: name, index: f.Index, limits: map[string]string{}}
	for part := range strings.SplitSeq(f.Tag.Get("jsonschema"), ",") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "required":
			out.required = true
		case "enum":
			out.enum = append(out.enum, value)
		case "":
		default:
			out.limits[key] = value
		}
	}
	return out
}

// example shows how the key may be written.
func (f field) example() string {
	switch {
	case len(f.enum) > 0:
		return "write " + f.name + ": " + strings.Join(f.enum, " or ")
	case f.limits["example"] != "":
		return "write for example " + f.name + ": " + f.limits["example"]
	}
	return "add " + f.name + ": ..."
}

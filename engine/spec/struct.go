package spec

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

func (d *decoder) structure(n *Node, v reflect.Value) {
	p := fieldsOf(v.Type())
	switch n.Kind() {
	case Scalar, List:
		d.ds.wrongKind(n, "a mapping", keysExample(p.names()))
		return
	}
	misspelt := map[string]bool{}
	for _, e := range n.Entries() {
		f, ok := p.find(e.Key)
		switch {
		case ok:
			d.field(e, v.FieldByIndex(f.index), f)
		case p.rest != nil:
			d.entry(e, v.FieldByIndex(p.rest))
		default:
			misspelt[d.unknownKey(e, p.names())] = true
		}
	}
	for _, f := range p.fields {
		value := n.Key(f.name)
		if f.required && value.Kind() == Null && !value.isBroken() && !misspelt[f.name] {
			d.missing(n, f)
		}
	}
}

func (d *decoder) field(e Entry, v reflect.Value, f field) {
	if e.Value.broken || e.Value.Kind() == Null && f.required {
		return
	}
	if e.Value.Kind() == Null && isSingle(v.Type()) {
		d.ds = append(d.ds, Diagnostic{
			Pos: e.Pos, Len: utf8.RuneCountInString(e.Key),
			Message: fmt.Sprintf("%s has no value", e.Key), Hint: "give it a value, or leave the key out",
		})
		return
	}
	before := len(d.ds)
	d.value(e.Value, v)
	if len(d.ds) == before {
		d.check(e.Value, v, f)
	}
}

// isSingle tells whether a value of the type cannot be empty.
func isSingle(t reflect.Type) bool {
	if t == reflect.TypeFor[Node]() || reflect.PointerTo(t).Implements(reflect.TypeFor[Unmarshaler]()) {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return false
	case reflect.Struct:
		return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
	}
	return true
}

// unknownKey reports a key that is not known and returns the one that was most likely meant.
func (d *decoder) unknownKey(e Entry, known []string) (near string) {
	hint := "known keys: " + strings.Join(known, ", ")
	if near = Nearest(e.Key, known); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if len(known) == 0 {
		hint = "nothing can be set here"
	}
	d.ds = append(d.ds, Diagnostic{
		Pos: e.Pos, Len: utf8.RuneCountInString(e.Key), Hint: hint,
		Message: fmt.Sprintf("unknown key %q", e.Key),
	})
	return near
}

func (d *decoder) missing(n *Node, f field) {
	at := n.Pos()
	length := 1
	if entries := n.Entries(); len(entries) > 0 {
		i := max(0, slices.IndexFunc(entries, func(e Entry) bool { return e.Key == f.name }))
		length = utf8.RuneCountInString(entries[i].Key)
		if entries[i].Key == f.name {
			at = entries[i].Pos
		}
	}
	d.ds = append(d.ds, Diagnostic{
		Pos: at, Len: length, Message: fmt.Sprintf("the key %s is missing", f.name), Hint: f.example(),
	})
}

func keysExample(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "with keys such as " + strings.Join(names[:min(3, len(names))], ", ")
}

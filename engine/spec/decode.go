package spec

import (
	"encoding"
	"fmt"
	"reflect"
	"time"
)

// Unmarshaler is a type with a written form of its own. It is given the node as it stands, be it Null,
// and reports what is wrong with it.
type Unmarshaler interface {
	UnmarshalSpec(n *Node) Diagnostics
}

// Decode reads the node into what into points to, strictly: unknown keys, wrong kinds, missing required
// keys, bad units and broken limits are all reported, and what is right is filled in nevertheless.
//
// Struct fields are named by their yaml tag; fields without one are no part of the file, and
// `yaml:",inline"` takes over the fields of a struct or, on a map, all keys that have no field. The tag
// `jsonschema:"required,enum=a,minimum=0,maximum=1"` is checked; exclusiveMinimum, exclusiveMaximum,
// minItems, minLength and pattern are, too. Limits of durations count in seconds, of sizes in bytes. What
// the file does not give keeps its value, and so does a mapping or list without content; a pointer
// to something that is not given stays nil. Fields of type [*Node] and [Node] get the node itself.
func Decode(n *Node, into any) Diagnostics {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		panic(fmt.Sprintf("spec.Decode needs a pointer to decode into, got %T", into))
	}
	var d decoder
	d.value(n, v.Elem())
	return d.ds
}

type decoder struct{ ds Diagnostics }

// value decodes by what the target is; its parts add their own findings.
func (d *decoder) value(n *Node, v reflect.Value) {
	if n.isBroken() || d.special(n, v) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		d.pointer(n, v)
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Map:
		d.mapping(n, v)
	case reflect.Slice:
		d.list(n, v)
	case reflect.Interface:
		d.anything(n, v)
	default:
		d.scalar(n, v)
	}
}

func (d *decoder) anything(n *Node, v reflect.Value) {
	if v.NumMethod() > 0 {
		panic("spec.Decode cannot fill " + v.Type().String())
	}
	if value := n.plain(); value != nil {
		v.Set(reflect.ValueOf(value))
	}
}

// special handles nodes as such and the types that read themselves.
func (d *decoder) special(n *Node, v reflect.Value) bool {
	switch into := v.Addr().Interface().(type) {
	case **Node:
		*into = n
	case *Node:
		if n != nil {
			*into = *n
		}
	case Unmarshaler:
		d.ds.Add(into.UnmarshalSpec(n))
	case *time.Time:
		d.time(n, into)
	case encoding.TextUnmarshaler:
		d.text(n, into)
	default:
		return false
	}
	return true
}

func (d *decoder) pointer(n *Node, v reflect.Value) {
	if n.Kind() == Null {
		return
	}
	fresh := reflect.New(v.Type().Elem())
	if !v.IsNil() {
		fresh.Elem().Set(v.Elem())
	}
	d.value(n, fresh.Elem())
	v.Set(fresh)
}

func (d *decoder) list(n *Node, v reflect.Value) {
	switch n.Kind() {
	case Null:
		return
	case Scalar, Map:
		d.ds.wrongKind(n, "a list", "[a, b]")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		d.value(item, list.Index(i))
	}
	v.Set(list)
}

func (d *decoder) mapping(n *Node, v reflect.Value) {
	if v.Type().Key().Kind() != reflect.String {
		panic("spec.Decode cannot fill " + v.Type().String() + ": its keys are not strings")
	}
	switch n.Kind() {
	case Null:
		return
	case Scalar, List:
		d.ds.wrongKind(n, "a mapping", "{key: value}")
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.entries)))
	for _, e := range n.entries {
		d.entry(e, v)
	}
}

func (d *decoder) entry(e Entry, v reflect.Value) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	value := reflect.New(v.Type().Elem()).Elem()
	d.value(e.Value, value)
	v.SetMapIndex(reflect.ValueOf(e.Key).Convert(v.Type().Key()), value)
}

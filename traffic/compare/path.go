package compare

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"
)

// path is a compiled JSONPath that selects from a value tree.
type path struct {
	segments []*spec.Segment
}

func compilePath(text string) (*path, error) {
	parsed, err := jsonpath.Parse(text)
	if err != nil {
		if !strings.HasPrefix(text, "$") {
			return nil, fmt.Errorf("%w; a path starts with $, such as $.items[*].price", err)
		}
		return nil, fmt.Errorf("%w; expected a JSONPath as of RFC 9535", err)
	}
	return &path{segments: parsed.Query().Segments()}, nil
}

// everything tells whether the path selects all there is, whatever the body: $, $.*, $..*, $[*].
func (p *path) everything() bool {
	for _, segment := range p.segments {
		if !universal(segment) {
			return false
		}
	}
	return true
}

func universal(segment *spec.Segment) bool {
	for _, selector := range segment.Selectors() {
		switch s := selector.(type) {
		case spec.WildcardSelector:
			return true
		case spec.SliceSelector:
			if s.Start() == 0 && s.End() == math.MaxInt && s.Step() == 1 {
				return true
			}
		}
	}
	return false
}

// mark lets each rule mark what it selects in the tree.
func mark(root *value, rules []*rule, marked func(*rule)) {
	s := selection{root: root}
	for _, r := range rules {
		s.run(r.path.segments, root, func(v *value) {
			if r.add(v) {
				marked(r)
			}
		})
	}
}

// selection evaluates paths on one tree. Filters are evaluated by the library on a generic copy, which is
// made only when there is one.
type selection struct {
	root    *value
	generic any
	copied  bool
}

// run calls found for each value that the segments select, starting at v.
func (s *selection) run(segments []*spec.Segment, v *value, found func(*value)) {
	if len(segments) == 0 {
		found(v)
		return
	}
	segment := segments[0]
	for _, selector := range segment.Selectors() {
		s.step(selector, v, func(kid *value) { s.run(segments[1:], kid, found) })
	}
	if !segment.IsDescendant() {
		return
	}
	for i := range v.kids {
		if v.kids[i].container() {
			s.run(segments, &v.kids[i], found)
		}
	}
}

// step calls found for each kid of v that the selector selects.
func (s *selection) step(selector spec.Selector, v *value, found func(*value)) {
	switch selector := selector.(type) {
	case spec.Name:
		stepName(string(selector), v, found)
	case spec.Index:
		i := int(selector)
		if i < 0 {
			i += len(v.kids)
		}
		if v.kind == arrayKind && i >= 0 && i < len(v.kids) {
			found(&v.kids[i])
		}
	case spec.WildcardSelector:
		for i := range v.kids {
			found(&v.kids[i])
		}
	case spec.SliceSelector:
		if v.kind == arrayKind {
			stepSlice(selector, v, found)
		}
	case *spec.FilterSelector:
		for i := range v.kids {
			if holds(selector, toAny(&v.kids[i]), s.whole()) {
				found(&v.kids[i])
			}
		}
	}
}

// holds evaluates a filter. The library's functions panic on members that are not there: of those no
// filter holds.
func holds(filter *spec.FilterSelector, current, root any) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return filter.Eval(current, root)
}

func stepName(name string, v *value, found func(*value)) {
	if v.kind != objectKind {
		return
	}
	for i := range v.kids {
		if v.kids[i].key == name {
			found(&v.kids[i])
		}
	}
}

func stepSlice(slice spec.SliceSelector, v *value, found func(*value)) {
	lower, upper := slice.Bounds(len(v.kids))
	switch step := slice.Step(); {
	case step > 0:
		for i := lower; i < upper; i += step {
			found(&v.kids[i])
		}
	case step < 0:
		for i := upper; i > lower; i += step {
			found(&v.kids[i])
		}
	}
}

func (s *selection) whole() any {
	if !s.copied {
		s.generic, s.copied = toAny(s.root), true
	}
	return s.generic
}

// toAny is the value in the form the JSONPath library knows.
func toAny(v *value) any {
	switch v.kind {
	case boolKind:
		return v.text == "true"
	case numberKind:
		return json.Number(v.text)
	case stringKind:
		return v.text
	case arrayKind:
		list := make([]any, len(v.kids))
		for i := range v.kids {
			list[i] = toAny(&v.kids[i])
		}
		return list
	case objectKind:
		object := make(map[string]any, len(v.kids))
		for i := range v.kids {
			object[v.kids[i].key] = toAny(&v.kids[i])
		}
		return object
	}
	return nil
}

// place is where a value stands, as a chain of steps up to the root.
type place struct {
	up    *place
	name  string // of a member; "" with index set is an array element
	index int
	style placeStyle
}

// placeStyle is how a step is written.
type placeStyle uint8

const (
	rootPlace placeStyle = iota
	memberPlace
	itemPlace
	attributePlace // an attribute or the text of an XML element
	elementPlace
)

func root(name string) *place { return &place{name: name} }

func (p *place) member(name string) place { return place{up: p, name: name, style: memberPlace} }

func (p *place) item(i int) place { return place{up: p, index: i, style: itemPlace} }

// String writes the place in full, group with every index left open.
func (p *place) String() string {
	var b strings.Builder
	p.writeTo(&b, false)
	return b.String()
}

func (p *place) group() string {
	var b strings.Builder
	p.writeTo(&b, true)
	return b.String()
}

// writeTo writes RFC 9535 normalised paths, with names in the short form where they are plain, and XPath
// for XML.
func (p *place) writeTo(b *strings.Builder, group bool) {
	if p.up != nil {
		p.up.writeTo(b, group)
	}
	switch p.style {
	case rootPlace:
		b.WriteString(p.name)
	case memberPlace:
		b.WriteString(shortName(p.name))
	case attributePlace:
		b.WriteString("/" + p.name)
	case itemPlace, elementPlace:
		if p.style == elementPlace {
			b.WriteString("/" + p.name)
		}
		b.WriteByte('[')
		if !group {
			b.WriteString(strconv.Itoa(p.index))
		}
		b.WriteByte(']')
	}
}

// shortName writes a member as .name where the grammar of RFC 9535 allows it, else as ['name'].
func shortName(name string) string {
	for i, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r >= 0x80
		digit := r >= '0' && r <= '9'
		if !letter && (!digit || i == 0) {
			return spec.Normalized(spec.Name(name)).String()[1:]
		}
	}
	if name == "" {
		return "['']"
	}
	return "." + name
}

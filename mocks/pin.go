package mocks

import (
	"fmt"
	"slices"
	"strings"
)

// BodyShape says which part of a body a stub pins, so that stubs can be looked up by it. Shapes of
// one Name are the same.
type BodyShape struct {
	Name  string
	json  bool
	holes *hole
}

// BodyPin is the shape and the key of a pattern that pins the body: a plain equality, absence, or a
// JSON equality in which nothing but placeholders is loose. Whoever looks stubs up by it still has to
// ask Matches.
func (p *RequestPattern) BodyPin() (shape BodyShape, key uint64, ok bool) {
	for _, b := range p.BodyPatterns {
		switch m := b.m.(type) {
		case absent:
			return BodyShape{Name: "text"}, Hash(0), true
		case binaryEqualTo:
			return BodyShape{Name: "text"}, Hash(0, m.want), true
		case equalTo:
			if !m.fold {
				return BodyShape{Name: "text"}, Hash(0, m.want), true
			}
		case *equalToJSON:
			if !m.ignoreOrder && !m.ignoreExtra {
				h := m.holes()
				name := "json " + strings.Join(h.places("$", nil), " ")
				return BodyShape{Name: name, json: true, holes: h}, hashJSON(m.want, h), true
			}
		}
	}
	return BodyShape{}, 0, false
}

// pinned tells whether a pattern alone pins the body, as in [RequestPattern.BodyPin].
func (p *Pattern) pinned() bool {
	switch m := p.m.(type) {
	case absent, binaryEqualTo:
		return true
	case equalTo:
		return !m.fold
	case *equalToJSON:
		return !m.ignoreOrder && !m.ignoreExtra
	}
	return false
}

// Key is the key of an actual body; ok is false where no stub of the shape can match.
func (s BodyShape) Key(v *Value) (key uint64, ok bool) {
	if !s.json {
		if !v.Present {
			return Hash(0), true
		}
		return Hash(0, v.Text), true
	}
	tree, ok := v.json()
	if !ok || !v.Present {
		return 0, false
	}
	return hashJSON(tree, s.holes), true
}

// places lists the holes in a fixed order.
func (h *hole) places(at string, out []string) []string {
	if h == nil {
		return out
	}
	if h.here {
		if h.optional {
			at += "?"
		}
		return append(out, at)
	}
	start := len(out)
	for name, child := range h.names {
		out = child.places(fmt.Sprintf("%s.%q", at, name), out)
	}
	for i, child := range h.items {
		out = child.places(fmt.Sprintf("%s[%d]", at, i), out)
	}
	slices.Sort(out[start:])
	return out
}

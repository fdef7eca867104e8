package transform

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"
)

// positions is a set of places in a list of paths, one bit for each segment and one for each end.
type positions struct{ low, high uint64 }

// mostPositions is how many there can be.
const mostPositions = 128

func (p positions) and(q positions) positions { return positions{p.low & q.low, p.high & q.high} }

func (p positions) or(q positions) positions { return positions{p.low | q.low, p.high | q.high} }

func (p positions) without(q positions) positions { return positions{p.low &^ q.low, p.high &^ q.high} }

// next moves every position one segment on.
func (p positions) next() positions { return positions{p.low << 1, p.high<<1 | p.low>>63} }

func (p positions) empty() bool { return p.low|p.high == 0 }

func (p *positions) add(i int) {
	if i < 64 {
		p.low |= 1 << i
	} else {
		p.high |= 1 << (i - 64)
	}
}

// each visits the positions in ascending order.
func (p positions) each(visit func(i int)) {
	for set := p.low; set != 0; set &= set - 1 {
		visit(bits.TrailingZeros64(set))
	}
	for set := p.high; set != 0; set &= set - 1 {
		visit(64 + bits.TrailingZeros64(set))
	}
}

// paths are JSONPaths that are followed together while a text is read once: a set of positions says how far
// each path has come at the value that is read.
type paths struct {
	n     int
	start positions
	// any, deep and ends are the positions before [*], before .. and behind the last segment.
	any, deep, ends positions
	names           map[string]positions
	indexes         map[int]positions
	// numbers leads from an end to the number of its path, last from the position before a plain last name
	// to that name.
	numbers map[int]int
	last    map[int]string
	lasts   positions
	// tails are the last names of all paths; nil if one of them ends otherwise, so that it may be anywhere.
	tails [][]byte
	open  bool
}

func newPaths() *paths {
	return &paths{
		names: map[string]positions{}, indexes: map[int]positions{}, numbers: map[int]int{}, last: map[int]string{},
	}
}

// add compiles one path and gives it a number.
func (p *paths) add(text string, number int) error {
	parsed, err := jsonpath.Parse(text)
	if err != nil {
		return fmt.Errorf("%w; expected a JSONPath such as $.customer.email or $..card_number", err)
	}
	segments := parsed.Query().Segments()
	if universal(segments) {
		return fmt.Errorf("%s is all of the body, whatever it holds; name the values", text)
	}
	if p.n+len(segments)+1 > mostPositions {
		return fmt.Errorf("%s is one path too many; split the transform in two", text)
	}
	p.start.add(p.n)
	for i, segment := range segments {
		if err := p.segment(text, segment); err != nil {
			return err
		}
		if i == len(segments)-1 {
			p.tail(segment)
		}
		p.n++
	}
	p.ends.add(p.n)
	p.numbers[p.n] = number
	p.n++
	return nil
}

// universal tells whether segments select all there is: $, $.*, $..*, $[*].
func universal(segments []*spec.Segment) bool {
	for _, segment := range segments {
		all := func(s spec.Selector) bool { return s == spec.Wildcard() }
		if !slices.ContainsFunc(segment.Selectors(), all) {
			return false
		}
	}
	return true
}

func (p *paths) segment(text string, segment *spec.Segment) error {
	if segment.IsDescendant() {
		p.deep.add(p.n)
	}
	for _, selector := range segment.Selectors() {
		switch s := selector.(type) {
		case spec.Name:
			set := p.names[string(s)]
			set.add(p.n)
			p.names[string(s)] = set
		case spec.Index:
			if s < 0 {
				return fmt.Errorf("%s counts from the end of a list; write [*] or an index from 0", text)
			}
			set := p.indexes[int(s)]
			set.add(p.n)
			p.indexes[int(s)] = set
		case spec.WildcardSelector:
			p.any.add(p.n)
		default:
			return fmt.Errorf("%s has a slice or a filter; paths here are made of names, indexes, .. and *", text)
		}
	}
	return nil
}

// tail notes what is known of the last segment.
func (p *paths) tail(segment *spec.Segment) {
	for _, selector := range segment.Selectors() {
		name, plain := selector.(spec.Name)
		if !plain {
			p.open = true
			continue
		}
		if strings.ContainsAny(string(name), "\"\\/\b\f\n\r\t") { // which may be written with escapes
			p.open = true
		}
		p.tails = append(p.tails, []byte(name))
		if len(segment.Selectors()) == 1 && !segment.IsDescendant() {
			p.last[p.n] = string(name)
			p.lasts.add(p.n)
		}
	}
}

// may tells whether a text can hold one of the values, without reading it.
func (p *paths) may(text []byte) bool {
	if p.n == 0 {
		return false
	}
	if p.open || bytes.Contains(text, []byte(`\u`)) { // a name may be written with escapes
		return true
	}
	for _, name := range p.tails {
		if bytes.Contains(text, name) {
			return true
		}
	}
	return false
}

// member is how far the paths have come at a member of an object.
func (p *paths) member(at positions, name []byte) positions {
	return at.and(p.names[string(name)].or(p.any)).next().or(at.and(p.deep))
}

// item is how far the paths have come at an element of an array.
func (p *paths) item(at positions, i int) positions {
	return at.and(p.indexes[i].or(p.any)).next().or(at.and(p.deep))
}

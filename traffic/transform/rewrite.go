package transform

import (
	"errors"
	"fmt"
)

// rewriter reads a JSON text (RFC 8259; several values in a row are read, too) once and puts together what it
// becomes. All that is not changed stays byte for byte as it is.
type rewriter struct {
	src string
	at  int
	// paths select the values that are changed; without them every single value is offered.
	paths *paths
	// leaves offers the single values inside of selected arrays and objects instead of these.
	leaves bool
	// change gives what takes the place of a value; with none of it the value is removed. ends are those
	// of the paths that select it.
	change func(raw string, ends positions) (with string, changed bool)
	// absent gives the members that an object gets where paths to plain names have come to it and it has
	// no such members; it may be nil.
	absent func(before positions) string

	// singles counts the single values that were passed.
	singles int

	out  []byte
	last int // src is taken over up to here
}

// maxDepth is how deep values may be nested, as in encoding/json.
const maxDepth = 10000

var errNotJSON = errors.New("no JSON")

// run returns the text as it becomes. Of a text that is no JSON nothing is changed.
func (w *rewriter) run() (string, error) {
	start := positions{}
	if w.paths != nil {
		start = w.paths.start
	}
	for w.peek() != 0 {
		if _, err := w.value(start, positions{}, 0); err != nil {
			return w.src, fmt.Errorf("%w at byte %d", err, w.at)
		}
	}
	if w.at < len(w.src) {
		return w.src, fmt.Errorf("%w at byte %d", errNotJSON, w.at)
	}
	if w.last == 0 {
		return w.src, nil
	}
	return string(append(w.out, w.src[w.last:]...)), nil
}

// splice puts text in place of a part of the source, at or behind what was spliced before.
func (w *rewriter) splice(from, to int, with string) {
	from = max(from, w.last)
	if w.out == nil {
		w.out = make([]byte, 0, len(w.src)+len(with)+64)
	}
	w.out = append(w.out, w.src[w.last:from]...)
	w.out = append(w.out, with...)
	w.last = max(to, w.last)
}

// peek is the next byte that is no white space, 0 at the end.
func (w *rewriter) peek() byte {
	for w.at < len(w.src) {
		switch c := w.src[w.at]; c {
		case ' ', '\t', '\r', '\n':
			w.at++
		default:
			return c
		}
	}
	return 0
}

// value passes one value; removed tells that it is to go.
func (w *rewriter) value(at, selected positions, depth int) (removed bool, err error) {
	c := w.peek()
	if w.paths != nil {
		selected = selected.or(at.and(w.paths.ends))
	}
	start := w.at
	if c != '{' && c != '[' {
		if err := w.single(c); err != nil {
			return false, err
		}
		w.singles++
		return w.offer(start, selected), nil
	}
	if depth == maxDepth {
		return false, errNotJSON
	}
	hit := selected
	whole := !w.leaves && !hit.empty()
	if whole { // what is inside goes with it
		at, selected = positions{}, positions{}
	}
	if err := w.container(c, at, selected, depth); err != nil || !whole {
		return false, err
	}
	return w.offer(start, hit), nil
}

// offer asks for a change of the value that has just been passed.
func (w *rewriter) offer(start int, selected positions) (removed bool) {
	if w.paths != nil && selected.empty() {
		return false
	}
	with, changed := w.change(w.src[start:w.at], selected)
	if changed && with != "" {
		w.splice(start, w.at, with)
	}
	return changed && with == ""
}

// container passes an object or an array.
func (w *rewriter) container(open byte, at, selected positions, depth int) error {
	end := open + 2 // the closing bracket in ASCII
	w.at++
	staying, stays := w.at, false // where the last member that stays ends
	var missing positions
	if open == '{' && w.absent != nil {
		missing = at.and(w.paths.lasts)
	}
	for i := 0; ; i++ {
		c := w.peek()
		if c == end && i == 0 {
			w.at++
			break
		}
		start := w.at
		inner, name, err := w.enter(open, i, at)
		if err != nil {
			return err
		}
		missing = w.met(missing, name)
		removed, err := w.value(inner, selected, depth+1)
		if err != nil {
			return err
		}
		behind := w.at
		if c = w.peek(); c != ',' && c != end {
			return errNotJSON
		}
		w.at++
		if removed {
			w.drop(start, behind, staying, stays, c == ',')
		} else {
			staying, stays = behind, true
		}
		if c == end {
			break
		}
	}
	w.fill(missing, staying, stays)
	return nil
}

// enter passes the name of a member and tells how far the paths are behind it, or at element i.
func (w *rewriter) enter(open byte, i int, at positions) (inner positions, name string, err error) {
	if open == '{' {
		if name, err = w.name(); err != nil {
			return at, "", err
		}
	}
	switch {
	case w.paths == nil || at.empty():
	case open == '{':
		inner = w.paths.member(at, name)
	default:
		inner = w.paths.item(at, i)
	}
	return inner, name, nil
}

// met takes out of the missing names one that is there.
func (w *rewriter) met(missing positions, name string) positions {
	if !missing.empty() {
		missing = missing.without(w.paths.names[name])
	}
	return missing
}

// drop takes a member out, with the comma before it, or behind it where no member before it stays.
func (w *rewriter) drop(start, end, staying int, stays, more bool) {
	switch {
	case stays:
		w.splice(staying, end, "")
	case more:
		w.peek()
		w.splice(start, w.at, "")
	default:
		w.splice(start, end, "")
	}
}

// fill adds the members that an object lacks.
func (w *rewriter) fill(missing positions, staying int, stays bool) {
	if missing.empty() {
		return
	}
	members := w.absent(missing)
	switch {
	case members == "":
		return
	case stays:
		members = "," + members
	}
	w.splice(staying, staying, members)
}

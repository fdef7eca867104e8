package postgres

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// maxDimensions is how many dimensions Postgres lets an array have.
const maxDimensions = 6

// dimension is one dimension of an array.
type dimension struct{ size, first int }

// array writes an array: how many dimensions, whether there are NULLs, the type of the elements, size and first
// index of each dimension, and the elements.
func (w *writer) array(t *typ, b []byte) bool {
	if len(b) < 12 {
		return false
	}
	n := int(binary.BigEndian.Uint32(b))
	oid := binary.BigEndian.Uint32(b[8:])
	b = b[12:]
	if n > maxDimensions || len(b) < 8*n || oid != t.element.oid {
		return false
	}
	dimensions, custom := make([]dimension, n), false
	for i := range dimensions {
		dimensions[i] = dimension{
			size:  int(binary.BigEndian.Uint32(b)),
			first: int(int32(binary.BigEndian.Uint32(b[4:]))),
		}
		custom = custom || dimensions[i].first != 1
		b = b[8:]
	}
	if n == 0 {
		w.b = append(w.b, "{}"...)
		return len(b) == 0
	}
	if custom {
		w.bounds(dimensions)
	}
	rest, ok := w.nest(t.element, dimensions, b)
	return ok && len(rest) == 0
}

// bounds writes the first and last index of each dimension.
func (w *writer) bounds(dimensions []dimension) {
	for _, d := range dimensions {
		w.b = strconv.AppendInt(append(w.b, '['), int64(d.first), 10)
		w.b = strconv.AppendInt(append(w.b, ':'), int64(d.first+d.size-1), 10)
		w.b = append(w.b, ']')
	}
	w.b = append(w.b, '=')
}

// nest writes one dimension with what is in it, and returns what stands behind it.
func (w *writer) nest(element *typ, dimensions []dimension, b []byte) (rest []byte, ok bool) {
	if len(dimensions) == 0 {
		return w.element(element, b)
	}
	if dimensions[0].size <= 0 || dimensions[0].size > len(b)/4 {
		return nil, false
	}
	w.b = append(w.b, '{')
	for i := range dimensions[0].size {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		if b, ok = w.nest(element, dimensions[1:], b); !ok {
			return nil, false
		}
	}
	w.b = append(w.b, '}')
	return b, true
}

func (w *writer) element(element *typ, b []byte) (rest []byte, ok bool) {
	value, rest, ok := sized(b)
	switch {
	case !ok:
		return nil, false
	case value == nil:
		w.b = append(w.b, "NULL"...)
		return rest, true
	}
	began := len(w.b)
	if w.full = w.full || began > w.limit; w.full {
		return rest, true
	}
	if !element.write(w, element, value) {
		return nil, false
	}
	if text := string(w.b[began:]); quoted(text) {
		w.b = append(w.b[:began], '"')
		w.b = append(w.b, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)...)
		w.b = append(w.b, '"')
	}
	return rest, true
}

// sized takes off a value behind its length; that of NULL is -1.
func sized(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := int(int32(binary.BigEndian.Uint32(b)))
	b = b[4:]
	switch {
	case n == -1:
		return nil, b, true
	case n < 0 || n > len(b):
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

// quoted tells whether an element of an array stands in quotes.
func quoted(s string) bool {
	return s == "" || strings.EqualFold(s, "null") || strings.ContainsAny(s, "\"\\{}, \t\n\r\v\f")
}

// The flags of a range.
const (
	rangeEmpty = 1 << iota
	rangeLowerInclusive
	rangeUpperInclusive
	rangeLowerInfinite
	rangeUpperInfinite
)

// ranges writes a range: its flags and the bounds that are there.
func (w *writer) ranges(t *typ, b []byte) (ok bool) {
	if len(b) == 0 {
		return false
	}
	flags, bound := b[0], t.element
	b = b[1:]
	if flags&rangeEmpty != 0 {
		w.b = append(w.b, "empty"...)
		return len(b) == 0
	}
	w.b = append(w.b, "(["[flags/rangeLowerInclusive&1])
	if flags&rangeLowerInfinite == 0 {
		if b, ok = w.bound(bound, b); !ok {
			return false
		}
	}
	w.b = append(w.b, ',')
	if flags&rangeUpperInfinite == 0 {
		if b, ok = w.bound(bound, b); !ok {
			return false
		}
	}
	w.b = append(w.b, ")]"[flags/rangeUpperInclusive&1])
	return len(b) == 0
}

// bound writes a bound of a range: with quotes where it has a blank in it.
func (w *writer) bound(t *typ, b []byte) (rest []byte, ok bool) {
	value, rest, ok := sized(b)
	if !ok || value == nil {
		return nil, false
	}
	began := len(w.b)
	if !t.write(w, t, value) {
		return nil, false
	}
	if text := string(w.b[began:]); strings.Contains(text, " ") {
		w.b = append(append(append(w.b[:began], '"'), text...), '"')
	}
	return rest, true
}

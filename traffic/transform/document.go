package transform

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// document is a JSON text (RFC 8259; several values in a row are read, too), read once into its tokens. Single
// values are changed beside the text: all that is not changed stays byte for byte as it is.
type document struct {
	src    []byte
	tokens []token
	texts  [][]byte // what takes the place of single values
}

// token is a value, from an offset in the text to another.
type token struct {
	// name is where the name of a member begins, 0 for other values.
	name     int32
	from, to int32
	// next is the token behind the value and all that is in it. While a list or object is open it is the one
	// around it, and to is how deep it is.
	next int32
	with int32 // one more than the place of what was put in its place, 0 for none
	sort sort
}

// sort is what a value is.
type sort uint8

const (
	bare sort = iota // a number, true, false or null
	text             // in quotes
	escaped
	listed
	object
)

// maxDepth is how deep values may be nested, as in encoding/json.
const maxDepth = 10000

// bytesPerValue is about how long a value is with its name.
const bytesPerValue = 16

// none is no token, and no place in a text.
const none = -1

var errNotJSON = errors.New("no JSON")

// read finds the values of a text.
func (d *document) read(src []byte) (err error) {
	d.src, d.texts = src, d.texts[:0]
	d.tokens, err = tokens(src, d.tokens[:0])
	return err
}

// tokens adds the values of a text to a list.
func tokens(src []byte, list []token) ([]token, error) {
	if len(src) > math.MaxInt32 {
		return list, fmt.Errorf("%w that can be changed: it has %d bytes", errNotJSON, len(src))
	}
	if len(src) > mostKept { // growing in steps would take as much again
		list = slices.Grow(list, len(src)/bytesPerValue)
	}
	at, open := blanks(src, 0), int32(none)
	for at < len(src) {
		start, name := at, 0
		if open >= 0 && list[open].sort == object {
			if name, at = at, label(src, at); at < 0 {
				return list, fmt.Errorf("%w at byte %d", errNotJSON, start)
			}
			start = at
		}
		t := token{name: int32(name), from: int32(at)} //nolint:gosec // the length was looked at
		if c := src[at]; c == '{' || c == '[' {
			t.open(c, list, open)
			at, open = at+1, int32(len(list)) //nolint:gosec // there are no more tokens than bytes
		} else if at = t.single(src); at >= 0 {
			t.to, t.next = int32(at), int32(len(list)+1) //nolint:gosec // as above
		}
		if list = append(list, t); at < 0 || t.sort > escaped && t.to > maxDepth {
			return list, fmt.Errorf("%w at byte %d", errNotJSON, start)
		}
		if at, open = behind(src, at, list, open); at < 0 {
			return list, fmt.Errorf("%w at byte %d", errNotJSON, start)
		}
	}
	if open >= 0 {
		return list, fmt.Errorf("%w at byte %d, where it ends", errNotJSON, at)
	}
	return list, nil
}

// open notes a bracket that opens.
func (t *token) open(bracket byte, list []token, around int32) {
	if t.sort = listed; bracket == '{' {
		t.sort = object
	}
	if t.next, t.to = around, 1; around >= 0 {
		t.to = list[around].to + 1
	}
}

// single passes a value that holds no others.
func (t *token) single(src []byte) (end int) {
	if src[t.from] != '"' {
		return unquoted(src, int(t.from))
	}
	end, escapes := quoted(src, int(t.from))
	if t.sort = text; escapes {
		t.sort = escaped
	}
	return end
}

// behind passes what may follow a value or a bracket that opens: brackets that close, a comma, white space.
func behind(src []byte, at int, list []token, open int32) (int, int32) {
	empty := int(open) == len(list)-1
	for at = blanks(src, at); open >= 0 && at < len(src); at = blanks(src, at) {
		t := &list[open]
		switch c := src[at]; {
		case c == src[t.from]+2: // the bracket that closes, in ASCII
			at++
			open, t.to, t.next = t.next, int32(at), int32(len(list)) //nolint:gosec // tokens has looked
		case empty:
			return at, open
		case c == ',':
			return blanks(src, at+1), open
		default:
			return none, open
		}
		empty = false
	}
	return at, open
}

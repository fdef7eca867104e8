// Package jsonarray reads large JSON documents value by value: the elements of one array within a document,
// or whatever a reader of its own goes through.
package jsonarray

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// MaxElement is the longest element that is read, in bytes of JSON.
const MaxElement = 2 * http1.MaxBody

// Document says where the array is, and in which words errors tell of it.
type Document struct {
	// Name of the file, for errors.
	Name string
	// Kind of document, such as "HTTP archive"; Element is what it consists of, such as "entry".
	Kind, Element string
	// Path are the keys that lead from the document to the array.
	Path []string
}

// Reader reads elements.
type Reader struct {
	document Document
	in       *Stream
	limit    int  // of an element, in bytes
	found    bool // the stream stands within the array
	number   int
	ended    error
}

// New reads the document from r, which may begin with a byte order mark.
func New(d Document, r io.Reader) *Reader {
	return &Reader{document: d, in: NewStream(r), limit: MaxElement}
}

// Number is that of the element which was read last, from 1.
func (r *Reader) Number() int { return r.number }

// Next reads the next element into a value. An element of the wrong shape, or longer than [MaxElement], is a
// [traffic.MalformedError]; after all others nothing more can be read. io.EOF comes after the last
// element of a document that is whole.
func (r *Reader) Next(into any) error {
	raw, err := r.Raw()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return r.Malformed(err)
	}
	return nil
}

// Raw is like Next and returns the element as it stands in the document, valid until the next call. It need
// not be valid JSON but for its brackets.
func (r *Reader) Raw() ([]byte, error) {
	if r.ended == nil && !r.found {
		r.end(r.find())
	}
	if r.ended == nil {
		if more, err := r.in.More(); err != nil {
			r.end(err)
		} else if !more {
			r.end(r.finish())
		}
	}
	if r.ended != nil {
		return nil, r.ended
	}
	raw, err := r.in.Value(r.limit)
	switch {
	case errors.Is(err, ErrLong):
		r.number++
		return nil, r.Malformed(err)
	case err != nil:
		r.end(err)
		return nil, r.ended
	}
	r.number++
	return raw, nil
}

// end keeps the error after which nothing more is read, with the place.
func (r *Reader) end(err error) {
	switch {
	case err == nil || errors.Is(err, io.EOF):
		r.ended = err
	case r.found:
		r.ended = fmt.Errorf("%s: after %s %d: %w", r.document.Name, r.document.Element, r.number, err)
	default:
		r.ended = fmt.Errorf("%s: %w", r.document.Name, err)
	}
}

// Malformed is the error for the element that was read last.
func (r *Reader) Malformed(reason error) error {
	return &traffic.MalformedError{
		Source: r.document.Name, Line: r.number, Reason: fmt.Errorf("%s: %w", r.document.Element, reason),
	}
}

// LeftOut is the error for an element that is whole and of no use.
func (r *Reader) LeftOut(kind string) error {
	return &traffic.LeftOutError{Source: r.document.Name, Line: r.number, Kind: kind}
}

// find goes to the first element.
func (r *Reader) find() error {
	for _, key := range r.document.Path {
		if err := r.in.Enter('{'); err != nil {
			return r.other(err)
		}
		found, err := r.pass(key)
		switch {
		case err != nil:
			return err
		case !found:
			return r.other(fmt.Errorf("it has no %q", key))
		}
	}
	if err := r.in.Enter('['); err != nil {
		return r.other(err)
	}
	r.found = true
	return nil
}

// other says of a document that is whole so far what it should be.
func (r *Reader) other(err error) error {
	if errors.Is(err, traffic.ErrTruncated) {
		return err
	}
	return fmt.Errorf("no %s: %w", r.document.Kind, err)
}

// pass goes through an object up to the value of a key.
func (r *Reader) pass(key string) (found bool, err error) {
	for {
		if more, err := r.in.More(); err != nil || !more {
			return false, err
		}
		name, err := r.in.Key()
		if err != nil || name == key {
			return err == nil, err
		}
		if err := r.in.Skip(); err != nil {
			return false, err
		}
	}
}

// finish reads what stands behind the array: it must be whole as well, and not have the array again.
func (r *Reader) finish() error {
	for i := len(r.document.Path) - 1; i >= 0; i-- {
		key := r.document.Path[i]
		twice, err := r.pass(key)
		switch {
		case err != nil:
			return err
		case twice:
			return fmt.Errorf("the key %q comes twice, at byte %d", key, r.in.Offset())
		}
	}
	c, err := r.in.Next()
	if err == nil {
		return r.in.unexpected(c, "nothing behind the document")
	}
	return err
}

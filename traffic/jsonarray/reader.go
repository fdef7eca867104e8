// Package jsonarray reads the elements of one array within a JSON document, one at a time.
package jsonarray

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/headgate-dev/headgate/traffic"
)

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
	in       *json.Decoder
	found    bool // the decoder stands within the array
	number   int
	ended    error
}

// New reads the document from r, which may begin with a byte order mark.
func New(d Document, r io.Reader) *Reader {
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	return &Reader{document: d, in: json.NewDecoder(in)}
}

// Number is that of the element which was read last, from 1.
func (r *Reader) Number() int { return r.number }

// Next reads the next element into a value. An element of the wrong shape is a
// [traffic.MalformedError]; after all others nothing more can be read. io.EOF comes after the last
// element of a document that is whole.
func (r *Reader) Next(into any) error {
	if r.ended == nil && !r.found {
		r.ended = r.find()
	}
	if r.ended == nil && !r.in.More() {
		r.ended = r.finish()
	}
	if r.ended != nil {
		return r.ended
	}
	r.number++
	err := r.in.Decode(into)
	_, unfit := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case unfit:
		return r.Malformed(err)
	case err != nil:
		r.number--
		r.ended = r.broken(err)
	}
	return r.ended
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
		if err := r.enter(key); err != nil {
			return err
		}
	}
	if err := r.expect(json.Delim('[')); err != nil {
		return err
	}
	r.found = true
	return nil
}

// enter goes into an object up to the value of a key.
func (r *Reader) enter(key string) error {
	if err := r.expect(json.Delim('{')); err != nil {
		return err
	}
	for r.in.More() {
		name, err := r.in.Token()
		if err != nil {
			return r.broken(err)
		}
		if name == key {
			return nil
		}
		var passed json.RawMessage
		if err := r.in.Decode(&passed); err != nil {
			return r.broken(err)
		}
	}
	if _, err := r.in.Token(); err != nil {
		return r.broken(err)
	}
	return fmt.Errorf("%s: no %s: it has no %q", r.document.Name, r.document.Kind, key)
}

func (r *Reader) expect(want json.Delim) error {
	token, err := r.in.Token()
	if err != nil {
		return r.broken(err)
	}
	if token != want {
		return fmt.Errorf("%s: no %s: found %v at byte %d, expected %q",
			r.document.Name, r.document.Kind, token, r.in.InputOffset(), want)
	}
	return nil
}

// finish reads what stands behind the array, which must be whole as well.
func (r *Reader) finish() error {
	for open := len(r.document.Path) + 1; ; {
		token, err := r.in.Token()
		switch {
		case errors.Is(err, io.EOF) && open == 0:
			return io.EOF
		case err != nil:
			return r.broken(err)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			open++
		case json.Delim('}'), json.Delim(']'):
			open--
		}
	}
}

// broken is the error of a file that is no JSON any more; it is final.
func (r *Reader) broken(err error) error {
	at := fmt.Sprintf("%s: after %s %d", r.document.Name, r.document.Element, r.number)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w at byte %d", at, traffic.ErrTruncated, r.in.InputOffset())
	}
	return fmt.Errorf("%s, at byte %d: %w", at, r.in.InputOffset(), err)
}

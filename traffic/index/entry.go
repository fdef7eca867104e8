package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Entry is what the index knows of one record.
type Entry struct {
	// File is the number of the file in the set, from 0. Number is that of the record in its file, from 1; what
	// cannot be used has none.
	File, Number int
	// Offset and Size are the bytes of the record's line; Size is 0 where it cannot be read by itself.
	Offset, Size int64
	// Time is in nanoseconds since 1970, Took how long the exchange took.
	Time, Took int64
	Flags      Flags
	// Endpoint is a number in the endpoints of the file.
	Endpoint int
	// Status is 0 where there is no answer, or none of HTTP.
	Status int
	// Shape is what [Shape] gives for the record.
	Shape uint64
	// Session is a [session.Key]; those of outbound records are 0.
	Session uint64
	// ID, Parent and Content are hashed; Parent is 0 where it is not known.
	ID, Parent, Content uint64
}

// Flags are bits about a record.
type Flags uint8

// The flags.
const (
	// Outbound marks calls of the service; all else is inbound.
	Outbound Flags = 1 << iota
	// Answered marks records with a response.
	Answered
	// Keyed marks inbound records that have a session of their own; all others share one.
	Keyed
	// Telling marks records whose content tells copies from repetitions; see [formats.Content].
	Telling
	parented
	placed
)

// table numbers values in the order in which they come up. A value stands in the data where it comes up first.
type table struct {
	numbers map[uint64]uint64
	values  []uint64
}

func (t *table) put(b []byte, value uint64) []byte {
	if t.numbers == nil {
		t.numbers = map[uint64]uint64{}
	}
	n, known := t.numbers[value]
	if !known {
		n = uint64(len(t.numbers))
		t.numbers[value] = n
	}
	b = binary.AppendUvarint(b, n)
	if !known {
		b = binary.LittleEndian.AppendUint64(b, value)
	}
	return b
}

// encoder writes entries one behind the other, each by what differs from the one before it.
type encoder struct {
	last             Entry
	shapes, sessions table
	buf              []byte
}

func (c *encoder) encode(e *Entry) []byte {
	flags := e.Flags &^ (parented | placed)
	if e.Parent != 0 {
		flags |= parented
	}
	if e.Size > 0 {
		flags |= placed
	}
	b := c.buf[:0]
	b = append(b, byte(flags))
	b = binary.AppendUvarint(b, uint64(e.Number-c.last.Number))
	if e.Size > 0 {
		b = binary.AppendUvarint(b, uint64(e.Offset-c.last.Offset-c.last.Size))
		b = binary.AppendUvarint(b, uint64(e.Size))
	}
	b = binary.AppendVarint(b, e.Time-c.last.Time)
	b = binary.AppendVarint(b, e.Took)
	b = binary.AppendUvarint(b, uint64(e.Endpoint))
	b = binary.AppendUvarint(b, uint64(e.Status))
	b = c.shapes.put(b, e.Shape)
	if e.Flags&Outbound == 0 {
		b = c.sessions.put(b, e.Session)
	}
	b = binary.LittleEndian.AppendUint64(b, e.ID)
	b = binary.LittleEndian.AppendUint64(b, e.Content)
	if e.Parent != 0 {
		b = binary.LittleEndian.AppendUint64(b, e.Parent)
	}
	c.buf = b
	c.keep(e)
	return b
}

// keep makes an entry the one before the next.
func (c *encoder) keep(e *Entry) {
	offset, size := c.last.Offset, c.last.Size
	c.last = *e
	if e.Size == 0 {
		c.last.Offset, c.last.Size = offset, size
	}
}

// decoder reads what an encoder wrote.
type decoder struct {
	in               *bufio.Reader
	last             Entry
	offset           int64
	shapes, sessions table
	err              error
}

func newDecoder(r io.Reader) *decoder { return &decoder{in: bufio.NewReaderSize(r, 256<<10)} }

// next is the next entry, valid until the call after it, or io.EOF.
func (d *decoder) next() (*Entry, error) {
	first, err := d.in.ReadByte()
	if err != nil {
		return nil, err
	}
	e := &d.last
	flags := Flags(first)
	e.Flags = flags &^ (parented | placed)
	e.Number += int(d.uvarint())
	e.Offset, e.Size = 0, 0
	if flags&placed != 0 {
		e.Offset = d.offset + int64(d.uvarint())
		e.Size = int64(d.uvarint())
		d.offset = e.Offset + e.Size
	}
	e.Time += d.varint()
	e.Took = d.varint()
	e.Endpoint = int(d.uvarint())
	e.Status = int(d.uvarint())
	e.Shape, e.Session = d.from(&d.shapes), 0
	if e.Flags&Outbound == 0 {
		e.Session = d.from(&d.sessions)
	}
	e.ID, e.Content, e.Parent = d.fixed(), d.fixed(), 0
	if flags&parented != 0 {
		e.Parent = d.fixed()
	}
	if d.err != nil {
		return nil, fmt.Errorf("the index is damaged: %w", d.err)
	}
	return e, nil
}

func (d *decoder) uvarint() uint64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(d.in)
	d.fail(err)
	return n
}

func (d *decoder) varint() int64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadVarint(d.in)
	d.fail(err)
	return n
}

func (d *decoder) fixed() uint64 {
	if d.err != nil {
		return 0
	}
	b, err := d.in.Peek(8)
	if err != nil {
		d.fail(err)
		return 0
	}
	n := binary.LittleEndian.Uint64(b)
	_, _ = d.in.Discard(len(b)) // they are there
	return n
}

// from is the next value of a table.
func (d *decoder) from(t *table) uint64 {
	n := d.uvarint()
	switch {
	case n < uint64(len(t.values)):
		return t.values[n]
	case n > uint64(len(t.values)) && d.err == nil:
		d.err = errors.New("a number is unknown")
		return 0
	}
	value := d.fixed()
	t.values = append(t.values, value)
	return value
}

func (d *decoder) fail(err error) {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if d.err == nil {
		d.err = err
	}
}

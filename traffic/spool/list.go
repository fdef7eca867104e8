package spool

import (
	"errors"
	"io"
)

// List is a list of entries on disk. It is written by one goroutine and, once it is complete, read by
// any number.
type List struct {
	file *file
	row  [entrySize]byte
}

// NewList makes an empty list.
func NewList() (*List, error) {
	f, err := create()
	if err != nil {
		return nil, err
	}
	return &List{file: f}, nil
}

// Add appends an entry.
func (l *List) Add(e *Entry) error {
	e.put(l.row[:])
	_, err := l.file.append(l.row[:])
	return err
}

// Len is the number of entries.
func (l *List) Len() int { return int(l.file.size / entrySize) }

// Done ends the writing; what was added can then be read.
func (l *List) Done() error { return l.file.done() }

// Close frees the disk space. It may be called again.
func (l *List) Close() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}

// Each visits all entries in their order.
func (l *List) Each(visit func(*Entry) error) error {
	c := l.Cursor(0, l.Len())
	for {
		e, err := c.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(e); err != nil {
			return err
		}
	}
}

// window is how many entries a cursor reads at a time.
const window = 64

// Cursor goes through a part of a list.
type Cursor struct {
	list     *List
	next     int // on disk
	end      int
	buf      []byte
	unread   []byte
	entry    Entry
	capacity int
}

// Cursor starts at the entry number first and ends before number end.
func (l *List) Cursor(first, end int) *Cursor {
	return &Cursor{list: l, next: first, end: end, capacity: window}
}

// Next returns the next entry, which is valid until the call after it, or io.EOF.
func (c *Cursor) Next() (*Entry, error) {
	if len(c.unread) == 0 {
		n := min(c.capacity, c.end-c.next)
		if n == 0 {
			return nil, io.EOF
		}
		if cap(c.buf) < n*entrySize {
			c.buf = make([]byte, n*entrySize)
		}
		c.unread = c.buf[:n*entrySize]
		if err := c.list.file.read(c.unread, uint64(c.next)*entrySize); err != nil {
			return nil, err
		}
		c.next += n
	}
	c.entry.get(c.unread)
	c.unread = c.unread[entrySize:]
	return &c.entry, nil
}

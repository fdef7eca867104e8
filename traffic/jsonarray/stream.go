package jsonarray

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// Stream goes through JSON text and holds nothing of it but the values that are asked for, one at a time.
// Apart from [ErrLong] its errors are final; they tell the byte.
type Stream struct {
	in  io.Reader
	buf []byte
	// start and end bound what was read and not taken, passed is how many bytes came before those in buf.
	start, end int
	passed     int64
	err        error // of in
	// open are the brackets around the place, and begun tells that the last of them has had no element.
	open  []byte
	begun bool
	names map[string]string // keys by how they stand in the text
}

// NewStream reads r, which may begin with a byte order mark.
func NewStream(r io.Reader) *Stream {
	s := &Stream{in: r}
	for s.end < len(mark) && s.fill() {
	}
	if string(s.buf[:min(len(mark), s.end)]) == mark {
		s.start = len(mark)
	}
	return s
}

// Over has the stream, also one with the zero value, go through text in memory from its beginning, and
// returns it. Its values are parts of the text.
func (s *Stream) Over(text []byte) *Stream {
	*s = Stream{buf: text, end: len(text), err: io.EOF, open: s.open[:0], names: s.names}
	return s
}

const mark = "\xef\xbb\xbf"

// ErrLong is wrapped where a value is longer than it may be; the stream stands behind it.
var ErrLong = errors.New("longer than can be read")

// Sizes of the buffer: at the beginning, and the largest that is kept once it is not needed any more.
const (
	small = 64 << 10
	kept  = 4 << 20
)

// fill reads more and tells whether it could. What start is behind of is given up.
func (s *Stream) fill() bool {
	if s.err != nil {
		return false
	}
	rest := s.buf[s.start:s.end]
	if buf := s.buf; len(rest) == len(buf) {
		s.buf = make([]byte, max(small, 2*len(buf)))
	} else if len(buf) > kept && len(rest) < small {
		s.buf = make([]byte, small)
	}
	copy(s.buf, rest)
	s.passed += int64(s.start)
	s.start, s.end = 0, len(rest)
	n, err := s.in.Read(s.buf[s.end:])
	s.end += n
	s.err = err
	return n > 0 || err == nil
}

// Offset is how many bytes come before the place, with a byte order mark.
func (s *Stream) Offset() int64 { return s.passed + int64(s.start) }

// Next is the next byte that is no white space; it is not taken. At the end it is 0, with io.EOF where
// nothing is open.
func (s *Stream) Next() (byte, error) {
	for {
		for ; s.start < s.end; s.start++ {
			switch c := s.buf[s.start]; c {
			case ' ', '\t', '\n', '\r':
			default:
				return c, nil
			}
		}
		if !s.fill() {
			return 0, s.ended()
		}
	}
}

// ended is the error for the end of the text.
func (s *Stream) ended() error {
	switch {
	case !errors.Is(s.err, io.EOF) && !errors.Is(s.err, io.ErrUnexpectedEOF):
		return fmt.Errorf("at byte %d: %w", s.Offset(), s.err)
	case len(s.open) == 0 && errors.Is(s.err, io.EOF):
		return io.EOF
	}
	return s.truncated()
}

func (s *Stream) truncated() error {
	return fmt.Errorf("%w at byte %d", traffic.ErrTruncated, s.passed+int64(s.end))
}

// unexpected is the error for the byte at the place.
func (s *Stream) unexpected(c byte, want string) error {
	return fmt.Errorf("found %q at byte %d, expected %s", c, s.Offset(), want)
}

// Enter takes the bracket that a list or an object begins with.
func (s *Stream) Enter(bracket byte) error {
	c, err := s.required()
	if err != nil {
		return err
	}
	if c != bracket {
		return s.unexpected(c, fmt.Sprintf("%q", bracket))
	}
	s.start++
	s.open, s.begun = append(s.open, bracket), true
	return nil
}

// required is Next where the text must go on.
func (s *Stream) required() (byte, error) {
	c, err := s.Next()
	if errors.Is(err, io.EOF) {
		return 0, s.truncated()
	}
	return c, err
}

// More tells whether the list or object that was entered last has another element, and leaves it where it
// has none.
func (s *Stream) More() (bool, error) {
	c, err := s.required()
	if err != nil {
		return false, err
	}
	begun := s.begun
	s.begun = false
	closing := s.open[len(s.open)-1] + 2 // as it is in ASCII for both brackets
	switch {
	case c == closing:
		s.start++
		s.open = s.open[:len(s.open)-1]
		return false, nil
	case begun:
		return true, nil
	case c != ',':
		return false, s.unexpected(c, fmt.Sprintf("',' or %q", closing))
	}
	s.start++
	_, err = s.required()
	return err == nil, err
}

// maxNames is how many keys are remembered, and how long they may be.
const maxNames = 128

// maxKey bounds the names in objects, in bytes.
const maxKey = 1 << 20

// Key takes the name of a member and the colon behind it.
func (s *Stream) Key() (string, error) {
	c, err := s.required()
	switch {
	case err != nil:
		return "", err
	case c != '"':
		return "", s.unexpected(c, "a name in quotes")
	}
	at := s.Offset()
	raw, err := s.Value(maxKey)
	if err != nil {
		return "", err
	}
	key, err := s.name(raw)
	if err != nil {
		return "", fmt.Errorf("at byte %d: %w", at, err)
	}
	if c, err = s.required(); err != nil {
		return "", err
	}
	if c != ':' {
		return "", s.unexpected(c, "':'")
	}
	s.start++
	return key, nil
}

// name is the text of a key. Most keys come again and again.
func (s *Stream) name(raw []byte) (string, error) {
	if key, ok := s.names[string(raw)]; ok {
		return key, nil
	}
	key, err := Text(raw)
	if err == nil && len(s.names) < maxNames && len(key) < maxNames {
		if s.names == nil {
			s.names = map[string]string{}
		}
		s.names[string(raw)] = key
	}
	return key, err
}

// Value takes the next value and returns it as it stands, valid until the next call. It may have limit
// bytes.
func (s *Stream) Value(limit int) ([]byte, error) {
	if err := s.begin(); err != nil {
		return nil, err
	}
	var e extent
	size := 0
	for {
		n, done := e.advance(s.buf[s.start+size : s.end])
		if size += n; size > limit {
			s.start += size
			return nil, s.long(&e, done, limit)
		}
		if done || !s.fill() && e.complete() {
			value := s.buf[s.start : s.start+size]
			s.start += size
			return value, nil
		}
		if s.err != nil && s.start+size == s.end {
			return nil, s.cut()
		}
	}
}

// Skip passes over the next value, whatever its size.
func (s *Stream) Skip() error {
	if err := s.begin(); err != nil {
		return err
	}
	return s.skip(new(extent))
}

// skip goes on to the end of a value.
func (s *Stream) skip(e *extent) error {
	for {
		n, done := e.advance(s.buf[s.start:s.end])
		if s.start += n; done || !s.fill() && e.complete() {
			return nil
		}
		if s.err != nil && s.start == s.end {
			return s.cut()
		}
	}
}

// long is the error for a value that is too long, of which the rest is passed over.
func (s *Stream) long(e *extent, done bool, limit int) error {
	if !done {
		if err := s.skip(e); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: more than %d bytes", ErrLong, limit)
}

// begin goes to the first byte of a value.
func (s *Stream) begin() error {
	c, err := s.required()
	if err == nil && strings.IndexByte(`{["-0123456789tfn`, c) < 0 {
		err = s.unexpected(c, "a value")
	}
	return err
}

// cut is the error for a value that has no end.
func (s *Stream) cut() error {
	if errors.Is(s.err, io.EOF) {
		return s.truncated()
	}
	return s.ended()
}

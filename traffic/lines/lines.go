// Package lines reads captures of text line by line, however long the lines are.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Reader reads lines.
type Reader struct {
	in     *bufio.Reader
	max    int
	number int
	buf    []byte
	whole  bool
}

// New reads lines of up to limit bytes from r, which may begin with a byte order mark.
func New(r io.Reader, limit int) *Reader {
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	return &Reader{in: in, max: limit}
}

// ErrLong is wrapped where a line is longer than the limit; reading can go on behind it.
var ErrLong = errors.New("the line is too long")

// Number is that of the line which was read last, from 1.
func (r *Reader) Number() int { return r.number }

// Whole tells whether the line that was read last has its line break.
func (r *Reader) Whole() bool { return r.whole }

// Next returns the next line without its line break (CRLF or LF), valid until the next call, and io.EOF
// behind the last one.
func (r *Reader) Next() ([]byte, error) {
	r.number++
	r.buf = r.buf[:0]
	seen, long := 0, false
	for {
		part, err := r.in.ReadSlice('\n')
		seen += len(part)
		if long = long || len(r.buf)+len(part) > r.max; !long {
			r.buf = append(r.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && seen == 0:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("reading line %d: %w", r.number, err)
		case long:
			return nil, fmt.Errorf("%w: more than %d bytes", ErrLong, r.max)
		}
		r.whole = err == nil
		return bytes.TrimSuffix(bytes.TrimSuffix(r.buf, []byte("\n")), []byte("\r")), nil
	}
}

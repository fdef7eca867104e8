// Package lines reads captures of text line by line, however long the lines are.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/headgate-dev/headgate/traffic"
)

// Reader reads lines.
type Reader struct {
	in     *bufio.Reader
	max    int
	number int
	// buf holds lines that the buffer of in does not.
	buf []byte
	// offset is where the line that was read last begins, next where it ends.
	offset, next int64
	whole        bool
}

// New reads lines of up to limit bytes from r, which may begin with a byte order mark.
func New(r io.Reader, limit int) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10), max: limit}
}

const mark = "\xef\xbb\xbf"

// ErrLong is wrapped where a line is longer than the limit; reading can go on behind it.
var ErrLong = errors.New("the line is too long")

// ErrCut is why a last line without its line break is not used, in formats in which that may mean that a part of
// it is missing.
var ErrCut = fmt.Errorf("last line is %w: it has no line break (add one if the line is whole)", traffic.ErrTruncated)

// Number is that of the line which was read last, from 1.
func (r *Reader) Number() int { return r.number }

// Offset is how many bytes come before the line that was read last, with the byte order mark.
func (r *Reader) Offset() int64 { return r.offset }

// Size is that of the line that was read last, with its line break.
func (r *Reader) Size() int64 { return r.next - r.offset }

// Whole tells whether the line that was read last has its line break.
func (r *Reader) Whole() bool { return r.whole }

// Next returns the next line without its line break (CRLF or LF), valid until the next call, and io.EOF
// behind the last one.
func (r *Reader) Next() ([]byte, error) {
	r.number++
	r.offset = r.next
	line, err := r.slice()
	if r.number == 1 && bytes.HasPrefix(line, []byte(mark)) {
		line, r.offset = line[len(mark):], int64(len(mark))
	}
	switch {
	case errors.Is(err, io.EOF) && r.Size() == 0:
		return nil, io.EOF
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("reading line %d: %w", r.number, err)
	case r.Size() > int64(r.max):
		return nil, fmt.Errorf("%w: more than %d bytes", ErrLong, r.max)
	}
	r.whole = err == nil
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}

// slice is the next line with its line break; of one that is too long it is not all.
func (r *Reader) slice() ([]byte, error) {
	part, err := r.in.ReadSlice('\n')
	r.next += int64(len(part))
	if !errors.Is(err, bufio.ErrBufferFull) {
		return part, err
	}
	r.buf = r.buf[:0]
	for {
		if r.Size() <= int64(r.max) {
			r.buf = append(r.buf, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return r.buf, err
		}
		part, err = r.in.ReadSlice('\n')
		r.next += int64(len(part))
	}
}

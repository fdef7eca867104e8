package gor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// blocks cuts a stream at the separators.
type blocks struct {
	in  io.Reader
	buf []byte
	// start and end bound what is in buf, scanned is where the search goes on.
	start, end, scanned int
	err                 error
	// open tells that the last block lacks its separator.
	open bool
}

var errLong = fmt.Errorf("longer than %d bytes: expected a separator line", MaxRecord)

// next returns the next block without its separator, valid until the next call. It ends with io.EOF or
// the error of the stream; what was there before it is a block as well.
func (b *blocks) next() ([]byte, error) {
	for {
		if i := bytes.Index(b.buf[b.scanned:b.end], []byte(separator)); i >= 0 {
			block := b.buf[b.start : b.scanned+i]
			b.start = b.scanned + i + len(separator)
			b.scanned = b.start
			return block, nil
		}
		b.scanned = max(b.start, b.end-len(separator)+1)
		if b.err != nil {
			return b.last()
		}
		if b.end-b.start > MaxRecord {
			b.err, b.start = errLong, b.end
			return nil, errLong
		}
		b.fill()
	}
}

// last is what stands behind the last separator.
func (b *blocks) last() ([]byte, error) {
	block := cutSeparator(b.buf[b.start:b.end])
	b.start, b.scanned = b.end, b.end
	if len(bytes.TrimSpace(block)) == 0 || !errors.Is(b.err, io.EOF) {
		return nil, b.err
	}
	b.open = true
	return block, nil
}

// cutSeparator takes away what there is of a separator that is cut off.
func cutSeparator(block []byte) []byte {
	for n := len(separator) - 1; n > 1; n-- {
		if bytes.HasSuffix(block, []byte(separator[:n])) {
			return block[:len(block)-n]
		}
	}
	if bytes.HasSuffix(block, []byte("\r\n")) { // which may end a message without a body
		return block
	}
	return bytes.TrimSuffix(block, []byte("\n"))
}

func (b *blocks) fill() {
	if b.start > 0 {
		copy(b.buf, b.buf[b.start:b.end])
		b.end -= b.start
		b.scanned -= b.start
		b.start = 0
	}
	if b.end == len(b.buf) {
		grown := make([]byte, max(512<<10, 2*len(b.buf)))
		copy(grown, b.buf)
		b.buf = grown
	}
	var n int
	n, b.err = b.in.Read(b.buf[b.end:])
	b.end += n
}

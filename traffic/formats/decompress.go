package formats

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/headgate-dev/headgate/traffic"
)

// decompress undoes gzip (any number of members), zstd (any number of frames) and zlib, known by their
// first bytes.
func decompress(r io.Reader) (io.Reader, error) {
	counted := &count{Reader: r}
	in := bufio.NewReader(counted)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, cut("gzip", err)
		}
		return &truncatable{in: z, coding: "gzip", coded: counted, rest: in}, nil
	case len(head) > 1 && head[0] == 0x78 && (head[1] == 0x01 || head[1] == 0x9c || head[1] == 0xda):
		z, err := zlib.NewReader(in)
		if err != nil {
			return nil, cut("zlib", err)
		}
		return &truncatable{in: z, coding: "zlib", coded: counted, rest: in}, nil
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// One at a time runs without goroutines of its own, so there is nothing to close.
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(longestWindow))
		if err != nil {
			return nil, cut("zstd", err)
		}
		return &truncatable{in: z, coding: "zstd", coded: counted, rest: in}, nil
	}
	return in, nil
}

// ErrBomb is wrapped where compressed data becomes more than 1,000 times its size, and more than 1 GiB.
var ErrBomb = errors.New("it looks like a decompression bomb")

const (
	// longestWindow is how far zstd may look back, in bytes: as far as the zstd program allows it unasked. As much
	// is held in memory.
	longestWindow = 128 << 20
	// mostExpanded is how many times larger data may become by decompression. Captures become up to a hundred
	// times larger.
	mostExpanded = 1000
	// expandable is how much, in bytes, may come out of anything.
	expandable = 1 << 30
)

// count counts what is read.
type count struct {
	io.Reader

	n int64
}

func (c *count) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// truncatable says what an unexpected end means, and refuses what expands without end.
type truncatable struct {
	in     io.Reader
	coding string
	// coded counts what went in, plain is what came out.
	coded *count
	plain int64
	// rest is what stands behind the coded data, which is nothing but for a mistake.
	rest *bufio.Reader
}

func (t *truncatable) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	if t.plain += int64(n); t.plain > expandable && t.plain/mostExpanded > t.coded.n {
		return 0, fmt.Errorf("decompressing %s: %w: %d bytes became more than %d, over %d times as many; "+
			"if it is a capture all the same, decompress it first", t.coding, ErrBomb, t.coded.n, t.plain, mostExpanded)
	}
	if err == io.EOF {
		_, err = t.rest.Peek(1)
		if err == nil {
			err = errBehind
		}
	}
	switch {
	case err == nil, err == io.EOF:
		return n, err
	case t.plain > 0 && (errors.Is(err, gzip.ErrHeader) || errors.Is(err, zstd.ErrMagicMismatch)):
		err = errBehind
	}
	return n, cut(t.coding, err)
}

// errBehind is for a file of coded data that goes on with something else.
var errBehind = errors.New("the file goes on with something else behind its compressed data: cut that off")

func cut(coding string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%s data is %w", coding, traffic.ErrTruncated)
	}
	return fmt.Errorf("decompressing %s: %w", coding, err)
}

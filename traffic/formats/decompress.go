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
	in := bufio.NewReader(r)
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
		return &truncatable{in: z, coding: "gzip"}, nil
	case len(head) > 1 && head[0] == 0x78 && (head[1] == 0x01 || head[1] == 0x9c || head[1] == 0xda):
		z, err := zlib.NewReader(in)
		if err != nil {
			return nil, cut("zlib", err)
		}
		return &truncatable{in: z, coding: "zlib"}, nil
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// One at a time runs without goroutines of its own, so there is nothing to close.
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, cut("zstd", err)
		}
		return &truncatable{in: z, coding: "zstd"}, nil
	}
	return in, nil
}

// truncatable says what an unexpected end means.
type truncatable struct {
	in     io.Reader
	coding string
}

func (t *truncatable) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, cut(t.coding, err)
}

func cut(coding string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%s data is %w", coding, traffic.ErrTruncated)
	}
	return fmt.Errorf("decompressing %s: %w", coding, err)
}

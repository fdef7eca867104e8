package pcap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/headgate-dev/headgate/traffic"
)

// magicNG begins every pcapng file.
const magicNG = "\x0a\x0d\x0d\x0a"

// Sniff tells whether a file begins like a packet capture.
func Sniff(head []byte) bool {
	for _, magic := range []string{
		magicNG, "\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d",
	} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// file reads the frames of a capture in either form.
type file struct {
	source  source
	classic bool
	bytes   counted
	whole   int64 // bytes of the packets that were read whole
	frames  int
}

type source interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	LinkType() layers.LinkType
}

// frame is a packet as it was captured. Its bytes are there until the next one is read.
type frame struct {
	link layers.LinkType
	data []byte
	at   time.Time
	// cut tells that only a part of it was captured.
	cut bool
}

// Sizes of the classic form, in bytes.
const (
	fileHead   = 24
	packetHead = 16
)

func (f *file) open(in io.Reader) (err error) {
	f.bytes.Reader, f.whole = in, fileHead
	buffered := bufio.NewReaderSize(&f.bytes, 256<<10)
	magic, err := buffered.Peek(4)
	switch {
	case err != nil:
	case string(magic) == magicNG:
		f.source, err = pcapgo.NewNgReader(buffered, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	default:
		f.source, err = pcapgo.NewReader(buffered)
		f.classic = true
	}
	err = f.bytes.cause(err)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = traffic.ErrTruncated
	}
	if err != nil {
		return fmt.Errorf("opening the capture: %w", err)
	}
	return nil
}

// next reads the next frame; the error is io.EOF after the last one, and wraps [traffic.ErrTruncated]
// where the capture ends within one.
func (f *file) next() (frame, error) {
	data, info, err := f.source.ZeroCopyReadPacketData()
	if err != nil {
		return frame{}, f.end(err)
	}
	f.frames++
	f.whole += packetHead + int64(info.CaptureLength)
	kind := f.source.LinkType()
	if len(info.AncillaryData) > 0 { // pcapng may mix them
		kind, _ = info.AncillaryData[0].(layers.LinkType)
	}
	return frame{kind, data, info.Timestamp, info.CaptureLength < info.Length}, nil
}

func (f *file) end(err error) error {
	err = f.bytes.cause(err)
	// The classic form may end between the head of a packet and its bytes.
	cut := errors.Is(err, io.ErrUnexpectedEOF) || f.classic && f.bytes.n > f.whole
	switch {
	case errors.Is(err, io.EOF) && !cut:
		return io.EOF
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = traffic.ErrTruncated
	}
	return fmt.Errorf("after packet %d: %w", f.frames, err)
}

// counted counts the bytes that pass, and keeps the error behind them, which pcapgo does not always wrap.
type counted struct {
	io.Reader
	n   int64
	err error
}

// cause is the error of the stream, where there is one, for what it has led to.
func (c *counted) cause(err error) error {
	if err == nil || c.err == nil || errors.Is(c.err, io.EOF) {
		return err
	}
	return c.err
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}

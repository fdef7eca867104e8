// Package pcap finds HTTP/1 exchanges in packet captures (pcap and pcapng).
package pcap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/gopacket/gopacket/reassembly"

	"github.com/headgate-dev/headgate/traffic"
)

// Kinds of packets that are left out.
const (
	badFragments = "IP fragments that contradict each other"
	unknownLink  = "packets of an unknown kind of link, or malformed ones"
)

// Options say what the packets cannot tell.
type Options struct {
	// InboundPorts are the server ports of the service under test: exchanges with them are inbound, all
	// others outbound, to the service that the Host header names. Without any, all are inbound.
	InboundPorts []int
}

// NewReader reassembles the TCP connections of a capture and reads their HTTP/1 exchanges, pipelined
// ones as well. Ids are "file#number" in the order in which exchanges ended. Connections that carry
// something else, responses without their request and messages with lost segments are
// [traffic.LeftOutError]s; a request whose response was lost is a record without a response. name stands
// in errors.
func NewReader(name string, in io.Reader, o Options) traffic.Reader {
	r := &reader{
		name: name, base: filepath.Base(name), options: o, defrag: ip4defrag.NewIPv4Defragmenter(),
		bytes: counted{Reader: in}, packed: fileHead,
	}
	r.source, r.ended = open(bufio.NewReaderSize(&r.bytes, 256<<10))
	if r.ended != nil {
		r.ended = fmt.Errorf("%s: %w", name, r.ended)
	}
	r.assembler = reassembly.NewAssembler(reassembly.NewStreamPool(r))
	r.assembler.MaxBufferedPagesPerConnection = maxPages
	r.assembler.MaxBufferedPagesTotal = 16 * maxPages
	return r
}

// maxPages bounds what waits for a missing segment, in pages of 1,900 bytes.
const maxPages = 4096

// idle is how long a connection may be silent before it counts as over; sweep is how many packets pass
// between two looks for such ones.
const (
	idle  = 2 * time.Minute
	sweep = 10_000
)

type source interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	LinkType() layers.LinkType
}

type reader struct {
	name, base string
	options    Options
	source     source
	assembler  *reassembly.Assembler
	defrag     *ip4defrag.IPv4Defragmenter
	bytes      counted
	packed     int64 // bytes of the packets that were read whole
	packets    int
	number     int // of records
	out        []*traffic.Record
	told       []error
	ended      error
}

// magicNG begins every pcapng file.
const magicNG = "\x0a\x0d\x0d\x0a"

func open(in *bufio.Reader) (source, error) {
	magic, err := in.Peek(4)
	if err != nil {
		return nil, fmt.Errorf("opening the capture: %w", traffic.ErrTruncated)
	}
	if string(magic) == magicNG {
		return pcapgo.NewNgReader(in, pcapgo.NgReaderOptions{ErrorOnMismatchingLinkType: true})
	}
	return pcapgo.NewReader(in)
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for {
		switch {
		case len(r.told) > 0:
			err := r.told[0]
			r.told = r.told[1:]
			return nil, err
		case len(r.out) > 0:
			record := r.out[0]
			r.out = r.out[1:]
			return record, nil
		case r.ended != nil:
			return nil, r.ended
		}
		r.packet()
	}
}

// packet takes the next packet.
func (r *reader) packet() {
	data, info, err := r.source.ReadPacketData()
	if err != nil {
		r.assembler.FlushAll()
		r.ended = r.final(err)
		return
	}
	r.packets++
	r.packed += packetHead + int64(info.CaptureLength)
	packet := gopacket.NewPacket(data, r.source.LinkType(), gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	if flow, tcp := r.segment(packet, info); tcp != nil {
		r.assembler.AssembleWithContext(flow, tcp, captured(info))
	}
	if r.packets%sweep == 0 {
		r.assembler.FlushCloseOlderThan(info.Timestamp.Add(-idle))
	}
}

func (r *reader) final(err error) error {
	switch {
	case errors.Is(err, io.EOF) && !r.cutOff():
		return io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%s: after packet %d: %w", r.name, r.packets, traffic.ErrTruncated)
	}
	return fmt.Errorf("%s: after packet %d: %w", r.name, r.packets, err)
}

// Sizes of the classic format, in bytes.
const (
	fileHead   = 24
	packetHead = 16
)

// cutOff tells whether a classic capture ends between the head of a packet and its bytes.
func (r *reader) cutOff() bool {
	_, classic := r.source.(*pcapgo.Reader)
	return classic && r.bytes.n > r.packed
}

// counted counts the bytes that pass.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}

// segment finds the TCP segment in a packet, or nothing where it has none or is a fragment of an IPv4
// packet of which others are missing.
func (r *reader) segment(p gopacket.Packet, info gopacket.CaptureInfo) (gopacket.Flow, *layers.TCP) {
	if ip, ok := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4); ok &&
		(ip.Flags&layers.IPv4MoreFragments != 0 || ip.FragOffset != 0) {
		joined, err := r.defrag.DefragIPv4WithTimestamp(ip, info.Timestamp)
		if err != nil {
			r.leftOut(badFragments)
		}
		if err != nil || joined == nil {
			return gopacket.Flow{}, nil
		}
		inner := gopacket.NewPacket(joined.Payload, joined.NextLayerType(), gopacket.Default)
		tcp, _ := inner.Layer(layers.LayerTypeTCP).(*layers.TCP)
		return joined.NetworkFlow(), tcp
	}
	tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	if !ok && p.NetworkLayer() == nil && p.ErrorLayer() != nil {
		r.leftOut(unknownLink)
	}
	if !ok || p.NetworkLayer() == nil {
		return gopacket.Flow{}, nil
	}
	return p.NetworkLayer().NetworkFlow(), tcp
}

// captured is the context of a packet.
type captured gopacket.CaptureInfo

// GetCaptureInfo implements [reassembly.AssemblerContext].
func (c captured) GetCaptureInfo() gopacket.CaptureInfo { return gopacket.CaptureInfo(c) }

// New implements [reassembly.StreamFactory].
func (r *reader) New(_, ports gopacket.Flow, tcp *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	return &conn{reader: r, ports: [2]int{int(tcp.SrcPort), int(tcp.DstPort)}}
}

func (r *reader) leftOut(kind string) {
	r.told = append(r.told, &traffic.LeftOutError{Source: r.name, Kind: kind})
}

func (r *reader) malformed(err error) {
	r.told = append(r.told, &traffic.MalformedError{Source: r.name, Reason: err})
}

// hand gives a record its place and hands it on.
func (r *reader) hand(record *traffic.Record, serverPort int) {
	r.number++
	record.ID = fmt.Sprintf("%s#%d", r.base, r.number)
	record.Direction = traffic.Inbound
	if len(r.options.InboundPorts) > 0 && !slices.Contains(r.options.InboundPorts, serverPort) {
		record.Direction = traffic.Outbound
		record.Service = record.Request.Host
	}
	r.out = append(r.out, record)
}

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

package fence

import (
	"encoding/binary"
	"net/netip"
)

// Protocol numbers of IANA's list.
const (
	protoICMP, protoIGMP, protoTCP, protoUDP, protoICMPv6 = 1, 2, 6, 17, 58
)

// flow is what a packet tells about where it was going.
type flow struct {
	src, dst         netip.Addr
	proto            uint8
	srcPort, dstPort uint16
	seq              uint32
	// opens is true where the packet is an attempt to reach something: the first of a connection, a
	// datagram, an echo request. Answers, errors and what the link itself needs are none.
	opens bool
}

// parse reads an IP packet; ok is false where it is none or too short to tell.
func parse(packet []byte) (f flow, ok bool) {
	if len(packet) == 0 {
		return flow{}, false
	}
	var rest []byte
	switch packet[0] >> 4 {
	case 4:
		f, rest, ok = parse4(packet)
	case 6:
		f, rest, ok = parse6(packet)
	}
	if !ok {
		return flow{}, false
	}
	return f.transport(rest)
}

// parse4 reads a header of RFC 791. Fragments but the first say nothing about ports.
func parse4(packet []byte) (f flow, rest []byte, ok bool) {
	if len(packet) < 20 {
		return f, nil, false
	}
	size := int(packet[0]&0xf) * 4
	fragment := binary.BigEndian.Uint16(packet[6:]) & 0x1fff
	if size < 20 || len(packet) < size || fragment != 0 {
		return f, nil, false
	}
	f.src = netip.AddrFrom4([4]byte(packet[12:16]))
	f.dst = netip.AddrFrom4([4]byte(packet[16:20]))
	f.proto = packet[9]
	return f, packet[size:], true
}

// parse6 reads a header of RFC 8200 and skips its extensions.
func parse6(packet []byte) (f flow, rest []byte, ok bool) {
	if len(packet) < 40 {
		return f, nil, false
	}
	f.src = netip.AddrFrom16([16]byte(packet[8:24]))
	f.dst = netip.AddrFrom16([16]byte(packet[24:40]))
	f.proto, rest = packet[6], packet[40:]
	for {
		size := 0
		switch f.proto {
		case 0, 43, 60: // hop by hop, routing, destination options
			if len(rest) < 8 {
				return f, nil, false
			}
			size = 8 + 8*int(rest[1])
		case 44: // fragment
			if len(rest) < 8 || binary.BigEndian.Uint16(rest[2:])&0xfff8 != 0 {
				return f, nil, false
			}
			size = 8
		default:
			return f, rest, true
		}
		if len(rest) < size {
			return f, nil, false
		}
		f.proto, rest = rest[0], rest[size:]
	}
}

// transport adds what the layer above IP says.
func (f flow) transport(b []byte) (flow, bool) {
	onLink := f.dst.IsLinkLocalMulticast() || f.dst == netip.AddrFrom4([4]byte{255, 255, 255, 255})
	switch f.proto {
	case protoTCP:
		if len(b) < 20 {
			return flow{}, false
		}
		f.ports(b)
		f.seq = binary.BigEndian.Uint32(b[4:])
		const syn, ack = 0x02, 0x10
		f.opens = b[13]&(syn|ack) == syn
	case protoUDP:
		if len(b) < 8 {
			return flow{}, false
		}
		f.ports(b)
		f.opens = !onLink
	case protoICMP:
		f.opens = len(b) > 0 && b[0] == 8
	case protoICMPv6:
		f.opens = len(b) > 0 && b[0] == 128 && !onLink
	default:
		f.opens = f.proto != protoIGMP && !onLink
	}
	return f, true
}

func (f *flow) ports(b []byte) {
	f.srcPort, f.dstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
}

// refuse makes the answer that ends an attempt at once: a reset for TCP (RFC 9293, 3.5.2), for all else
// "administratively prohibited" (RFC 1812, 5.2.7.1; RFC 4443, 3.1). packet is what f was parsed from.
func refuse(f flow, packet []byte) []byte {
	if f.proto == protoTCP {
		return f.answer(protoTCP, f.reset())
	}
	if f.dst.Is4() {
		return f.answer(protoICMP, prohibited(3, 13, packet, 548))
	}
	return f.answer(protoICMPv6, prohibited(1, 1, packet, 1200))
}

// reset is a TCP segment that acknowledges a SYN and ends its connection.
func (f flow) reset() []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b, f.dstPort)
	binary.BigEndian.PutUint16(b[2:], f.srcPort)
	binary.BigEndian.PutUint32(b[8:], f.seq+1)
	b[12], b[13] = 5<<4, 0x14
	f.seal(b, protoTCP, 16)
	return b
}

// prohibited is an ICMP message that quotes the start of a packet.
func prohibited(kind, code byte, packet []byte, limit int) []byte {
	b := make([]byte, 8, 8+limit)
	b[0], b[1] = kind, code
	return append(b, packet[:min(len(packet), limit)]...)
}

// answer puts a header before a payload, back to where the flow came from.
func (f flow) answer(proto uint8, payload []byte) []byte {
	if f.dst.Is4() {
		if proto == protoICMP {
			binary.BigEndian.PutUint16(payload[2:], fold(sum(0, payload)))
		}
		return f.answer4(proto, payload)
	}
	if proto == protoICMPv6 {
		f.seal(payload, proto, 2)
	}
	b := make([]byte, 40, 40+len(payload))
	b[0], b[6], b[7] = 6<<4, proto, 64
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	copy(b[8:], f.dst.AsSlice())
	copy(b[24:], f.src.AsSlice())
	return append(b, payload...)
}

func (f flow) answer4(proto uint8, payload []byte) []byte {
	b := make([]byte, 20, 20+len(payload))
	b[0], b[8], b[9] = 4<<4|5, 64, proto
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	copy(b[12:], f.dst.AsSlice())
	copy(b[16:], f.src.AsSlice())
	binary.BigEndian.PutUint16(b[10:], fold(sum(0, b)))
	return append(b, payload...)
}

// seal writes the checksum over the pseudo header and the payload at an offset of the payload.
func (f flow) seal(payload []byte, proto uint8, at int) {
	s := sum(0, f.src.AsSlice())
	s = sum(s, f.dst.AsSlice())
	s += uint32(proto) + uint32(len(payload))
	binary.BigEndian.PutUint16(payload[at:], fold(sum(s, payload)))
}

// sum adds up 16-bit words as in RFC 1071.
func sum(s uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

package pcap

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Numbers of protocols above IP.
const (
	protoHopByHop    = 0
	protoIPv4        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoAuth        = 51
	protoICMPv6      = 58
	protoDestination = 60
	protoMobility    = 135
)

// endpoint is one end of a connection. IPv4 addresses stand as those mapped into IPv6.
type endpoint struct {
	addr [16]byte
	port uint16
}

func (e endpoint) String() string {
	return netip.AddrPortFrom(netip.AddrFrom16(e.addr).Unmap(), e.port).String()
}

// datagram is the content of an IP packet.
type datagram struct {
	src, dst [16]byte
	proto    byte
	payload  []byte
	// missing is how many bytes behind payload were sent and not captured.
	missing int
	// fragment is set where this is a part only, of the packet with this id.
	fragment bool
	id       uint32
	offset   int
	more     bool
}

// segment is a TCP segment.
type segment struct {
	src, dst endpoint
	seq, ack uint32
	flags    byte
	payload  []byte
	missing  int
	at       time.Time
}

// Flags of TCP.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	_
	flagACK
)

// ip reads an IP packet; it is false where b is none, or too short for its head.
func ip(b []byte, d *datagram) bool {
	if len(b) == 0 {
		return false
	}
	switch b[0] >> 4 {
	case 4:
		return ipv4(b, d)
	case 6:
		return ipv6(b, d)
	}
	return false
}

// mapped begins every IPv4 address that is mapped into IPv6.
const mapped = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff"

func ipv4(b []byte, d *datagram) bool {
	head := int(b[0]&15) * 4
	if head < 20 || len(b) < head {
		return false
	}
	*d = datagram{proto: b[9]}
	copy(d.src[:], mapped)
	copy(d.dst[:], mapped)
	copy(d.src[12:], b[12:16])
	copy(d.dst[12:], b[16:20])
	part := binary.BigEndian.Uint16(b[6:])
	d.more, d.offset, d.id = part&0x2000 != 0, int(part&0x1fff)*8, uint32(binary.BigEndian.Uint16(b[4:]))
	d.fragment = d.more || d.offset > 0
	whole := int(binary.BigEndian.Uint16(b[2:]))
	if whole == 0 { // left to the network card
		whole = len(b)
	}
	return d.cut(b, head, whole)
}

func ipv6(b []byte, d *datagram) bool {
	if len(b) < 40 {
		return false
	}
	*d = datagram{proto: b[6]}
	copy(d.src[:], b[8:24])
	copy(d.dst[:], b[24:40])
	whole := 40 + int(binary.BigEndian.Uint16(b[4:]))
	if whole == 40 { // left to the network card, or a jumbogram
		whole = len(b)
	}
	return d.cut(b, 40, whole) && d.unextended()
}

// cut takes what is behind the head of a packet, without what is behind its end.
func (d *datagram) cut(b []byte, head, whole int) bool {
	if whole < head {
		return false
	}
	d.missing = max(0, whole-len(b))
	d.payload = b[head:min(whole, len(b))]
	return true
}

// unextended takes the extension headers of IPv6 off.
func (d *datagram) unextended() bool {
	for {
		b, size := d.payload, 8
		switch d.proto {
		case protoHopByHop, protoRouting, protoDestination, protoMobility:
			if len(b) > 1 {
				size = (int(b[1]) + 1) * 8
			}
		case protoAuth:
			if len(b) > 1 {
				size = (int(b[1]) + 2) * 4
			}
		case protoFragment:
		default:
			return true
		}
		if len(b) < size {
			return false
		}
		if d.proto == protoFragment {
			part := binary.BigEndian.Uint16(b[2:])
			d.offset, d.more, d.id = int(part&0xfff8), part&1 == 1, binary.BigEndian.Uint32(b[4:])
			d.fragment = d.more || d.offset > 0
		}
		d.proto, d.payload = b[0], b[size:]
		if d.fragment { // what is in it cannot be read before all parts are there
			return true
		}
	}
}

// tcp reads the segment in a datagram; it is false where the head is not whole.
func (d *datagram) tcp(s *segment) bool {
	b := d.payload
	if len(b) < 20 {
		return false
	}
	head := int(b[12]>>4) * 4
	if head < 20 || len(b) < head {
		return false
	}
	*s = segment{
		src: endpoint{d.src, binary.BigEndian.Uint16(b)},
		dst: endpoint{d.dst, binary.BigEndian.Uint16(b[2:])},
		seq: binary.BigEndian.Uint32(b[4:]), ack: binary.BigEndian.Uint32(b[8:]),
		flags: b[13], payload: b[head:], missing: d.missing,
	}
	return true
}

// Ports of VXLAN: that of the standard and that of Linux.
const (
	portVXLAN      = 4789
	portVXLANLinux = 8472
)

// inner is the IP packet that a datagram carries through a tunnel, if any.
func (d *datagram) inner() []byte {
	b := d.payload
	switch d.proto {
	case protoIPv4, protoIPv6:
		return b
	case protoGRE:
		return gre(b)
	case protoUDP:
		if len(b) < 16 {
			return nil
		}
		port := binary.BigEndian.Uint16(b[2:])
		if (port == portVXLAN || port == portVXLANLinux) && b[8] == 8 {
			return ethernet(b[16:])
		}
	}
	return nil
}

// gre takes off the head of RFC 2890.
func gre(b []byte) []byte {
	if len(b) < 4 || b[1]&7 != 0 {
		return nil
	}
	size := 4
	for _, flag := range []byte{0x80, 0x20, 0x10} { // checksum, key, sequence number
		if b[0]&flag != 0 {
			size += 4
		}
	}
	return typed(b, 2, size)
}

package pcap

import (
	"encoding/binary"

	"github.com/gopacket/gopacket/layers"
)

// Types of Ethernet frames and of PPP.
const (
	typeIPv4   = 0x0800
	typeIPv6   = 0x86dd
	typeVLAN   = 0x8100
	typeQinQ   = 0x88a8
	typeQinQ1  = 0x9100
	typePPPoE  = 0x8864
	typeMPLS   = 0x8847
	typeBridge = 0x6558 // Ethernet in GRE

	pppIPv4 = 0x0021
	pppIPv6 = 0x0057
)

// Link types that have more than one number, or that gopacket has no name for.
const (
	linkRawBSD  = 12
	linkRawBSD2 = 14
)

// unlinked takes the head of a frame off; what is left is an IP packet, or nothing where the frame
// carries something else. known is false for kinds of link that are not read.
func unlinked(kind layers.LinkType, b []byte) (ip []byte, known bool) {
	switch kind {
	case layers.LinkTypeEthernet:
		return ethernet(b), true
	case layers.LinkTypeLinuxSLL:
		return typed(b, 14, 16), true
	case layers.LinkTypeLinuxSLL2:
		return typed(b, 0, 20), true
	case layers.LinkTypeC_HDLC:
		return typed(b, 2, 4), true
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		return loopback(b), true
	case layers.LinkTypePPP, layers.LinkTypePPP_HDLC:
		return ppp(b), true
	case layers.LinkTypeRaw, layers.LinkTypeIPv4, layers.LinkTypeIPv6, linkRawBSD, linkRawBSD2:
		return b, true
	}
	return nil, false
}

func ethernet(b []byte) []byte { return typed(b, 12, 14) }

// typed takes off a head that names the type of its content at an offset.
func typed(b []byte, at, size int) []byte {
	if len(b) < size {
		return nil
	}
	kind := binary.BigEndian.Uint16(b[at:])
	b = b[size:]
	for kind == typeVLAN || kind == typeQinQ || kind == typeQinQ1 {
		if len(b) < 4 {
			return nil
		}
		kind = binary.BigEndian.Uint16(b[2:])
		b = b[4:]
	}
	switch kind {
	case typeIPv4, typeIPv6:
		return b
	case typeBridge:
		return ethernet(b)
	case typePPPoE:
		return ppp(b[min(len(b), 6):])
	case typeMPLS:
		return unlabelled(b)
	}
	return nil
}

// ppp takes off the head of a PPP frame, whose first two bytes may be left out.
func ppp(b []byte) []byte {
	if len(b) > 2 && b[0] == 0xff && b[1] == 3 {
		b = b[2:]
	}
	if len(b) < 2 {
		return nil
	}
	if kind := binary.BigEndian.Uint16(b); kind != pppIPv4 && kind != pppIPv6 {
		return nil
	}
	return b[2:]
}

// unlabelled takes the labels of MPLS off.
func unlabelled(b []byte) []byte {
	for len(b) > 4 {
		last := b[2]&1 == 1
		if b = b[4:]; last {
			return b
		}
	}
	return nil
}

// loopback takes off the family of addresses, whose byte order and numbers differ between systems.
func loopback(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	family := binary.LittleEndian.Uint32(b)
	if family > 0xffff {
		family = binary.BigEndian.Uint32(b)
	}
	switch family {
	case 2, 10, 24, 28, 30:
		return b[4:]
	}
	return nil
}

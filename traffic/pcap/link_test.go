package pcap

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"
)

// headed puts a head before each packet.
func headed(head ...byte) func(ip []byte) [][]byte {
	return func(ip []byte) [][]byte { return [][]byte{slices.Concat(head, ip)} }
}

// split makes fragments of IPv4 packets with more than 24 bytes of content.
func split(ip []byte) [][]byte {
	if len(ip) < 52 {
		return [][]byte{append(ethernetHead(ip), ip...)}
	}
	parts := make([][]byte, 0, 2)
	for _, part := range []struct{ from, to, flags int }{{44, len(ip), 0}, {20, 44, 0x2000}} {
		b := slices.Concat(ip[:20], ip[part.from:part.to])
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		binary.BigEndian.PutUint16(b[4:], binary.BigEndian.Uint16(ip[24:])) // any id that tells packets apart
		binary.BigEndian.PutUint16(b[6:], uint16(part.flags|(part.from-20)/8))
		parts = append(parts, append(ethernetHead(b), b...))
	}
	return parts
}

// split6 does so with IPv6 packets.
func split6(ip []byte) [][]byte {
	content := ip[40:]
	parts := make([][]byte, 0, 2)
	for _, part := range []struct{ from, to, more int }{{24, len(content), 0}, {0, min(24, len(content)), 1}} {
		if part.from > len(content) {
			return [][]byte{append(ethernetHead(ip), ip...)}
		}
		b := slices.Concat(ip[:40], []byte{6, 0, 0, 0, 0, 0}, content[6:8], content[part.from:part.to])
		binary.BigEndian.PutUint16(b[42:], uint16(part.from|part.more))
		binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
		b[6] = 44
		parts = append(parts, append(ethernetHead(b), b...))
	}
	return parts
}

// extended puts extension headers into IPv6 packets.
func extended(ip []byte) [][]byte {
	b := slices.Concat(ip[:40],
		[]byte{60, 0, 1, 4, 0, 0, 0, 0},                                                 // hop by hop
		[]byte{43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},                        // destination options
		[]byte{51, 0, 4, 0, 0, 0, 0, 0},                                                 // routing
		[]byte{44, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, // authentication
		[]byte{6, 0, 0, 0, 0, 0, 0, 9},                                                  // a fragment that is all of it
		ip[40:])
	b[6] = 0
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
	return [][]byte{append(ethernetHead(b), b...)}
}

// vxlan puts Ethernet frames into UDP.
func vxlan(ip []byte) [][]byte {
	inner := slices.Concat([]byte{8, 0, 0, 0, 0, 0, 7, 0}, ethernetHead(ip), ip)
	udp := slices.Concat([]byte{0x80, 0, 0x12, 0xb5, 0, 0, 0, 0}, inner)
	head := slices.Clone(ip[:20])
	head[9] = 17
	binary.BigEndian.PutUint16(head[2:], uint16(20+len(udp)))
	return [][]byte{slices.Concat(ethernetHead(ip), head, udp)}
}

func gre4(ip []byte) [][]byte {
	head := slices.Clone(ip[:20])
	head[9] = 47
	binary.BigEndian.PutUint16(head[2:], uint16(28+len(ip)))
	return [][]byte{slices.Concat(ethernetHead(ip), head, []byte{0x20, 0, 8, 0, 0, 0, 0, 7}, ip)}
}

func TestLinks(t *testing.T) {
	zeros := make([]byte, 24)
	frame := func(kind ...byte) func(ip []byte) [][]byte { return headed(slices.Concat(zeros[:12], kind)...) }
	padded := func(ip []byte) [][]byte { return [][]byte{append(inEthernet(ip)[0], zeros...)} }
	sizeless := func(ip []byte) [][]byte {
		ip[2], ip[3] = 0, 0
		return [][]byte{ip}
	}
	cases := map[string]struct {
		link    layers.LinkType
		packets func(ip []byte) [][]byte
		v6      bool
	}{
		"Ethernet":         {layers.LinkTypeEthernet, inEthernet, false},
		"Ethernet, IPv6":   {layers.LinkTypeEthernet, inEthernet, true},
		"padded":           {layers.LinkTypeEthernet, padded, false},
		"VLAN":             {layers.LinkTypeEthernet, frame(0x81, 0, 0, 7, 8, 0), false},
		"QinQ":             {layers.LinkTypeEthernet, frame(0x88, 0xa8, 0, 7, 0x81, 0, 0, 9, 8, 0), false},
		"MPLS":             {layers.LinkTypeEthernet, frame(0x88, 0x47, 0, 0, 0, 9, 0, 0, 1, 9), true},
		"PPPoE":            {layers.LinkTypeEthernet, frame(0x88, 0x64, 0x11, 0, 0, 1, 0, 99, 0, 0x21), false},
		"SLL":              {layers.LinkTypeLinuxSLL, headed(append(zeros[:14:14], 8, 0)...), false},
		"SLL, IPv6":        {layers.LinkTypeLinuxSLL, headed(append(zeros[:14:14], 0x86, 0xdd)...), true},
		"SLL2":             {layers.LinkTypeLinuxSLL2, headed(append([]byte{8, 0}, zeros[:18]...)...), false},
		"null, little":     {layers.LinkTypeNull, headed(2, 0, 0, 0), false},
		"null, big":        {layers.LinkTypeNull, headed(0, 0, 0, 30), true},
		"loop":             {layers.LinkTypeLoop, headed(0, 0, 0, 24), true},
		"raw":              {layers.LinkTypeRaw, headed(), false},
		"raw, IPv6":        {layers.LinkTypeRaw, headed(), true},
		"IPv4":             {layers.LinkTypeIPv4, headed(), false},
		"PPP":              {layers.LinkTypePPP, headed(0xff, 3, 0, 0x21), false},
		"HDLC":             {layers.LinkTypeC_HDLC, headed(0x0f, 0, 8, 0), false},
		"IPv4 fragments":   {layers.LinkTypeEthernet, split, false},
		"IPv6 fragments":   {layers.LinkTypeEthernet, split6, true},
		"IPv6 extensions":  {layers.LinkTypeEthernet, extended, true},
		"VXLAN":            {layers.LinkTypeEthernet, vxlan, false},
		"GRE with a key":   {layers.LinkTypeEthernet, gre4, false},
		"IP in IP":         {layers.LinkTypeRaw, ipip, false},
		"left to the card": {layers.LinkTypeRaw, sizeless, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := linked(t, c.link)
			d.packets, d.v6 = c.packets, c.v6
			d.say(0, get("/a"))
			d.say(1, answer("one"))
			d.say(0, get("/b"))
			d.say(1, answer("two"))
			var got []string
			for _, line := range outcome(d.file.Bytes(), Options{}) {
				got = append(got, line[:bytes.LastIndexByte([]byte(line), ' ')]) // without the duration
			}
			want := []string{`x#1 GET /a "" 200 "one"`, `x#2 GET /b "" 200 "two"`}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func ipip(ip []byte) [][]byte {
	head := slices.Clone(ip[:20])
	head[9] = 4
	binary.BigEndian.PutUint16(head[2:], uint16(20+len(ip)))
	return [][]byte{slices.Concat(head, ip)}
}

func TestUnreadablePackets(t *testing.T) {
	cases := map[string]struct {
		link  layers.LinkType
		frame []byte
		want  []string
	}{
		"ARP is no concern":  {link: layers.LinkTypeEthernet, frame: append(make([]byte, 12), 8, 6, 0, 1)},
		"UDP is no concern":  {link: layers.LinkTypeRaw, frame: ipOf(17, 30)},
		"kind of link":       {link: layers.LinkTypeFDDI, frame: []byte("whatever"), want: []string{unknownLink}},
		"short IPv4 head":    {link: layers.LinkTypeRaw, frame: []byte{0x45, 0, 0, 40}, want: []string{unknownLink}},
		"short IPv6 head":    {link: layers.LinkTypeRaw, frame: []byte{0x60, 0, 0, 40}, want: []string{unknownLink}},
		"no version of IP":   {link: layers.LinkTypeRaw, frame: []byte{0x50, 0, 0, 40}, want: []string{unknownLink}},
		"short TCP head":     {link: layers.LinkTypeRaw, frame: ipOf(6, 10), want: []string{unknownLink}},
		"TCP head too large": {link: layers.LinkTypeRaw, frame: ipOf(6, 20), want: []string{unknownLink}},
		"lost fragment": {
			link: layers.LinkTypeEthernet, frame: split(ipOf(6, 90))[0], want: []string{lostFragments},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := linked(t, c.link)
			d.write(c.frame)
			var want []string
			for _, kind := range append(c.want, noTCP) {
				want = append(want, "x: left out: "+kind)
			}
			if diff := cmp.Diff(want, outcome(d.file.Bytes(), Options{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConnectionsWithoutData(t *testing.T) {
	d := linked(t, layers.LinkTypeRaw)
	packet := ipOf(6, 20)
	packet[20+12] = 5 << 4 // words of the head
	d.write(packet)
	if diff := cmp.Diff([]string{left(noData)}, outcome(d.file.Bytes(), Options{})); diff != "" {
		t.Error(diff)
	}
}

// ipOf is an IPv4 packet of so many zeros.
func ipOf(proto byte, n int) []byte {
	b := make([]byte, 20+n)
	b[0], b[3], b[9] = 0x45, byte(20+n), proto
	return b
}

func TestContradictingFragments(t *testing.T) {
	d := newDialogue(t)
	d.packets = func(ip []byte) [][]byte {
		parts := split(ip)
		wrong := slices.Clone(parts[0])
		wrong[len(wrong)-1] ^= 1
		return [][]byte{parts[0], wrong}
	}
	d.say(0, get("/a"))
	if diff := cmp.Diff([]string{left(badFragments), left(noTCP)}, outcome(d.file.Bytes(), Options{})); diff != "" {
		t.Error(diff)
	}
}

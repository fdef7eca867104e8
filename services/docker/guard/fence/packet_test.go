package fence

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func header(src, dst string, proto uint8, payload []byte) []byte {
	f := flow{src: netip.MustParseAddr(dst), dst: netip.MustParseAddr(src)} // answer turns them round
	if f.src.Is4() {
		return f.answer4(proto, payload)
	}
	return f.answer(proto, payload)
}

// transport is a TCP or UDP header with ports.
func transport(size int, src, dst uint16, flags byte) []byte {
	b := make([]byte, size)
	binary.BigEndian.PutUint16(b, src)
	binary.BigEndian.PutUint16(b[2:], dst)
	if size == 20 {
		b[4], b[12], b[13] = 1, 5<<4, flags
	}
	return b
}

func TestParse(t *testing.T) {
	const v4, v6 = "203.0.113.1", "2001:db8::1"
	for name, test := range map[string]struct {
		packet []byte
		opens  bool
		port   uint16
		bad    bool
	}{
		"empty":         {bad: true},
		"short":         {packet: []byte{0x45, 0}, bad: true},
		"no IP":         {packet: make([]byte, 60), bad: true},
		"SYN":           {packet: header("10.0.0.2", v4, protoTCP, transport(20, 999, 443, 0x02)), opens: true, port: 443},
		"SYN, ECN":      {packet: header("10.0.0.2", v4, protoTCP, transport(20, 999, 443, 0xc2)), opens: true, port: 443},
		"SYN and ACK":   {packet: header("10.0.0.2", v4, protoTCP, transport(20, 8080, 443, 0x12)), port: 443},
		"data":          {packet: header("10.0.0.2", v4, protoTCP, transport(20, 8080, 443, 0x18)), port: 443},
		"RST":           {packet: header("10.0.0.2", v4, protoTCP, transport(20, 8080, 443, 0x14)), port: 443},
		"SYN by IPv6":   {packet: header("fd00::2", v6, protoTCP, transport(20, 999, 443, 0x02)), opens: true, port: 443},
		"UDP":           {packet: header("10.0.0.2", v4, protoUDP, transport(8, 999, 53, 0)), opens: true, port: 53},
		"UDP by IPv6":   {packet: header("fd00::2", v6, protoUDP, transport(8, 999, 53, 0)), opens: true, port: 53},
		"multicast DNS": {packet: header("10.0.0.2", "224.0.0.251", protoUDP, transport(8, 999, 5353, 0)), port: 5353},
		"broadcast":     {packet: header("10.0.0.2", "255.255.255.255", protoUDP, transport(8, 68, 67, 0)), port: 67},
		"echo":          {packet: header("10.0.0.2", v4, protoICMP, []byte{8, 0, 0, 0}), opens: true},
		"unreachable":   {packet: header("10.0.0.2", v4, protoICMP, []byte{3, 3, 0, 0}), opens: false},
		"echo by IPv6":  {packet: header("fd00::2", v6, protoICMPv6, []byte{128, 0, 0, 0}), opens: true},
		"router wanted": {packet: header("fd00::2", "ff02::2", protoICMPv6, []byte{133, 0, 0, 0})},
		"IGMP":          {packet: header("10.0.0.2", "224.0.0.22", protoIGMP, make([]byte, 8))},
		"SCTP":          {packet: header("10.0.0.2", v4, 132, make([]byte, 12)), opens: true},
		"short TCP":     {packet: header("10.0.0.2", v4, protoTCP, make([]byte, 10)), bad: true},
		"with an option header": {
			packet: header("fd00::2", v6, 60, append([]byte{protoUDP, 0, 1, 4, 0, 0, 0, 0}, transport(8, 9, 53, 0)...)),
			opens:  true, port: 53,
		},
		"an option without end": {packet: header("fd00::2", v6, 60, []byte{protoUDP, 9, 0, 0, 0, 0, 0, 0}), bad: true},
		"a later fragment":      {packet: header("fd00::2", v6, 44, []byte{protoUDP, 0, 0, 8, 0, 0, 0, 0}), bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			f, ok := parse(test.packet)
			if ok == test.bad || f.opens != test.opens || f.dstPort != test.port {
				t.Errorf("got ok %t, opens %t, port %d", ok, f.opens, f.dstPort)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	for name, packet := range map[string][]byte{
		"TCP":         header("10.0.0.2", "203.0.113.1", protoTCP, transport(20, 999, 443, 0x02)),
		"TCP by IPv6": header("fd00::2", "2001:db8::1", protoTCP, transport(20, 999, 443, 0x02)),
		"UDP":         header("10.0.0.2", "203.0.113.1", protoUDP, transport(8, 999, 53, 0)),
		"UDP by IPv6": header("fd00::2", "2001:db8::1", protoUDP, transport(8, 999, 53, 0)),
	} {
		t.Run(name, func(t *testing.T) {
			f, ok := parse(packet)
			if !ok {
				t.Fatal("not read")
			}
			got, ok := parse(refuse(f, packet))
			if !ok || got.src != f.dst || got.dst != f.src || got.opens {
				t.Errorf("the answer is %+v", got)
			}
			if f.proto == protoTCP && (got.dstPort != f.srcPort || got.srcPort != f.dstPort) {
				t.Errorf("the answer's ports are %d, %d", got.srcPort, got.dstPort)
			}
		})
	}
}

// TestChecksum uses the example of RFC 1071, section 3.
func TestChecksum(t *testing.T) {
	got := fold(sum(0, []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}))
	if got != ^uint16(0xddf2) {
		t.Errorf("got %04x", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(header("10.0.0.2", "203.0.113.1", protoTCP, transport(20, 999, 443, 0x02)))
	f.Add(header("fd00::2", "2001:db8::1", protoUDP, transport(8, 999, 53, 0)))
	f.Fuzz(func(t *testing.T, packet []byte) {
		got, ok := parse(packet)
		if !ok || !got.opens {
			return
		}
		if answer, ok := parse(refuse(got, packet)); !ok || answer.dst != got.src || answer.opens {
			t.Errorf("the answer to %+v is %+v", got, answer)
		}
	})
}

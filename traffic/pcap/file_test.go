package pcap

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// classic writes the frames of a dialogue anew, in either byte order and resolution of time.
func classic(t *testing.T, file []byte, order binary.AppendByteOrder, nanoseconds bool) []byte {
	t.Helper()
	magic := uint32(0xa1b2c3d4)
	if nanoseconds {
		magic = 0xa1b23c4d
	}
	out := order.AppendUint32(nil, magic)
	out = order.AppendUint16(order.AppendUint16(out, 2), 4)
	for _, v := range []uint32{0, 0, 65536, 1} {
		out = order.AppendUint32(out, v)
	}
	frames(t, file, func(info gopacket.CaptureInfo, data []byte) {
		out = order.AppendUint32(out, uint32(info.Timestamp.Unix()))
		fraction := uint32(info.Timestamp.Nanosecond())
		if !nanoseconds {
			fraction /= 1000
		}
		out = order.AppendUint32(out, fraction)
		out = order.AppendUint32(order.AppendUint32(out, uint32(len(data))), uint32(len(data)))
		out = append(out, data...)
	})
	return out
}

func frames(t *testing.T, file []byte, visit func(info gopacket.CaptureInfo, data []byte)) {
	t.Helper()
	r, err := pcapgo.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, info, err := r.ReadPacketData()
		if err != nil {
			return
		}
		visit(info, data)
	}
}

// block is one of pcapng.
func block(order binary.AppendByteOrder, kind uint32, content []byte) []byte {
	for len(content)%4 != 0 {
		content = append(content, 0)
	}
	size := uint32(len(content) + 12)
	out := order.AppendUint32(order.AppendUint32(nil, kind), size)
	return order.AppendUint32(append(out, content...), size)
}

// section begins a pcapng file with two interfaces: Ethernet, and raw IP with times in nanoseconds.
func section(order binary.AppendByteOrder) []byte {
	head := order.AppendUint32(nil, 0x1a2b3c4d)
	head = order.AppendUint16(order.AppendUint16(head, 1), 0)
	out := block(order, 0x0a0d0d0a, order.AppendUint64(head, ^uint64(0)))
	out = append(out, block(order, 1, order.AppendUint32(order.AppendUint16(order.AppendUint16(nil, 1), 0), 0))...)
	raw := order.AppendUint32(order.AppendUint16(order.AppendUint16(nil, 101), 0), 0)
	raw = append(order.AppendUint16(order.AppendUint16(raw, 9), 1), 9, 0, 0, 0) // resolution 10^-9
	return append(out, block(order, 1, order.AppendUint32(raw, 0))...)
}

// ng writes the frames of a dialogue as pcapng; those of the client were captured on the raw interface.
func ng(t *testing.T, file []byte, order binary.AppendByteOrder) []byte {
	t.Helper()
	out := section(order)
	frames(t, file, func(info gopacket.CaptureInfo, data []byte) {
		at, link := uint64(info.Timestamp.UnixMicro()), uint32(0)
		if data[29] == 1 { // from 10.0.0.1
			at, link, data = uint64(info.Timestamp.UnixNano()), 1, data[14:]
		}
		packet := order.AppendUint32(nil, link)
		packet = order.AppendUint32(order.AppendUint32(packet, uint32(at>>32)), uint32(at))
		packet = order.AppendUint32(order.AppendUint32(packet, uint32(len(data))), uint32(len(data)))
		out = append(out, block(order, 6, append(packet, data...))...)
		out = append(out, block(order, 0x0bad, []byte("a block that is not known"))...)
	})
	return out
}

// samples are small captures in all forms, by name.
func samples(t *testing.T) map[string][]byte {
	t.Helper()
	d := newDialogue(t)
	d.open()
	d.exchange("/a", "one")
	d.exchange("/b", "two")
	file := d.file.Bytes()
	return map[string][]byte{
		"pcap, little endian":              classic(t, file, binary.LittleEndian, false),
		"pcap, big endian":                 classic(t, file, binary.BigEndian, false),
		"pcap, little endian, nanoseconds": classic(t, file, binary.LittleEndian, true),
		"pcap, big endian, nanoseconds":    classic(t, file, binary.BigEndian, true),
		"pcapng, little endian":            ng(t, file, binary.LittleEndian),
		"pcapng, big endian":               ng(t, file, binary.BigEndian),
	}
}

func TestForms(t *testing.T) {
	want := []string{`x#1 GET /a "" 200 "one" 1ms`, `x#2 GET /b "" 200 "two" 1ms`}
	for name, file := range samples(t) {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, outcome(file, Options{})); diff != "" {
				t.Error(diff)
			}
			if !Sniff(file) {
				t.Error("it is not recognised")
			}
		})
	}
}

// TestEveryCut cuts captures at every byte, as one that is still being written would be: what was there
// before is read, and the end is told.
func TestEveryCut(t *testing.T) {
	for name, file := range samples(t) {
		t.Run(name, func(t *testing.T) {
			whole := 0
			for n := range len(file) {
				list := outcome(file[:n], Options{})
				last := ""
				if len(list) > 0 {
					last = list[len(list)-1]
				}
				switch cut := strings.HasPrefix(last, "ended: "); {
				case cut && !strings.Contains(last, "truncated"):
					t.Fatalf("after %d bytes: %s", n, last)
				case !cut:
					whole++ // between two packets nothing is missing
				}
				if n == len(file)-1 && !strings.HasPrefix(list[0], `x#1 GET /a "" 200 "one"`) {
					t.Errorf("after %d bytes: %q", n, list)
				}
			}
			if whole > 30 { // packets and blocks
				t.Errorf("%d cuts were not told", whole)
			}
		})
	}
}

// TestCorruption changes bytes of captures at random: something is told or read, and no more than there is.
func TestCorruption(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, file := range samples(t) {
		t.Run(name, func(t *testing.T) {
			for range 1000 {
				broken := bytes.Clone(file)
				for range 1 + random.IntN(4) {
					broken[random.IntN(len(broken))] = byte(random.Uint32())
				}
				if list := outcome(broken, Options{}); len(list) == 0 || len(list) > len(file)/20 {
					t.Fatalf("%d outcomes of\n%x", len(list), broken)
				}
			}
		})
	}
}

// TestAbsurdLengths has packets that claim to be longer than there is memory.
func TestAbsurdLengths(t *testing.T) {
	order := binary.LittleEndian
	d := newDialogue(t)
	d.exchange("/a", "one")
	file := d.file.Bytes()
	packet := func(claims uint32) []byte {
		b := order.AppendUint32(order.AppendUint32(nil, 1793534400), 0)
		return order.AppendUint32(order.AppendUint32(b, claims), claims)
	}
	cases := map[string][]byte{
		"pcap, 4 GB":   append(bytes.Clone(file), packet(^uint32(0))...),
		"pcap, 200 MB": append(bytes.Clone(file), packet(200<<20)...),
		"pcapng block": append(ng(t, file, order), 6, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff, 1, 2, 3),
		"pcapng packet": append(ng(t, file, order), block(order, 6, append(make([]byte, 12),
			0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f))...),
		"pcapng block of no length": append(ng(t, file, order), 6, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3),
	}
	for name, file := range cases {
		t.Run(name, func(t *testing.T) {
			list := outcome(file, Options{})
			if len(list) != 2 || list[0] != `x#1 GET /a "" 200 "one" 1ms` ||
				!strings.HasPrefix(list[1], "ended: x: after packet ") {
				t.Errorf("got %q", list)
			}
		})
	}
}

// TestWithoutTime reads a simple packet block, which says nothing about when it was captured.
func TestWithoutTime(t *testing.T) {
	order := binary.LittleEndian
	d := newDialogue(t)
	d.say(0, get("/a"))
	file := section(order)
	frames(t, d.file.Bytes(), func(_ gopacket.CaptureInfo, data []byte) {
		file = append(file, block(order, 3, append(order.AppendUint32(nil, uint32(len(data))), data...))...)
	})
	if diff := cmp.Diff([]string{left(timeless), left(noTCP)}, outcome(file, Options{})); diff != "" {
		t.Error(diff)
	}
}

func FuzzPackets(f *testing.F) {
	f.Add(uint16(layers.LinkTypeEthernet), []byte(strings.Repeat("\x00", 12)+"\x08\x00E"), []byte("\x81\x00"))
	f.Add(uint16(layers.LinkTypeRaw), ipOf(6, 60), ipOf(6, 40))
	f.Fuzz(func(t *testing.T, link uint16, first, second []byte) {
		d := linked(t, layers.LinkType(link))
		d.write(first)
		d.write(second)
		d.write(first)
		if n := len(outcome(d.file.Bytes(), Options{})); n > len(first)+len(second)+10 {
			t.Errorf("%d outcomes", n)
		}
	})
}

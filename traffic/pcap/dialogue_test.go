package pcap

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// dialogue writes packets between a client and a server, a millisecond apart.
type dialogue struct {
	t      *testing.T
	file   bytes.Buffer
	writer interface {
		WritePacket(info gopacket.CaptureInfo, data []byte) error
	}
	now    time.Time
	seq    [2]uint32
	v6     bool
	port   layers.TCPPort
	client layers.TCPPort
	// packets makes frames of an IP packet.
	packets func(ip []byte) [][]byte
	// snap is the most of a packet that is captured, 0 for all of it.
	snap int
}

func newDialogue(t *testing.T) *dialogue {
	t.Helper()
	d := linked(t, layers.LinkTypeEthernet)
	d.packets = inEthernet
	return d
}

// linked is a dialogue over another kind of link, without any head.
func linked(t *testing.T, kind layers.LinkType) *dialogue {
	t.Helper()
	d := &dialogue{
		t: t, now: time.Unix(1793534400, 0).UTC(), seq: [2]uint32{100, 900}, port: 8080, client: 40000,
		packets: func(ip []byte) [][]byte { return [][]byte{ip} },
	}
	writer := pcapgo.NewWriter(&d.file)
	if err := writer.WriteFileHeader(65536, kind); err != nil {
		t.Fatal(err)
	}
	d.writer = writer
	return d
}

func inEthernet(ip []byte) [][]byte { return [][]byte{append(ethernetHead(ip), ip...)} }

func ethernetHead(ip []byte) []byte {
	if ip[0]>>4 == 6 {
		return append(make([]byte, 12), 0x86, 0xdd)
	}
	return append(make([]byte, 12), 8, 0)
}

// say has the client (0) or the server (1) send text.
func (d *dialogue) say(from int, text string) { d.at(from, d.seq[from], text) }

// at sends text as the bytes from a sequence number on.
func (d *dialogue) at(from int, seq uint32, text string) {
	d.send(from, seq, text, func(*layers.TCP) {})
}

// flag sends a packet without bytes that has a flag.
func (d *dialogue) flag(from int, change func(*layers.TCP)) { d.send(from, d.seq[from], "", change) }

func syn(tcp *layers.TCP)    { tcp.SYN, tcp.ACK = true, false }
func synAck(tcp *layers.TCP) { tcp.SYN = true }
func fin(tcp *layers.TCP)    { tcp.FIN = true }
func rst(tcp *layers.TCP)    { tcp.RST = true }

// open opens the connection, with the sequence numbers that d has.
func (d *dialogue) open() {
	d.flag(0, syn)
	d.seq[0]++
	d.flag(1, synAck)
	d.seq[1]++
	d.flag(0, func(*layers.TCP) {})
}

func (d *dialogue) send(from int, seq uint32, text string, change func(*layers.TCP)) {
	d.t.Helper()
	ports := [2]layers.TCPPort{d.client, d.port}
	tcp := &layers.TCP{
		SrcPort: ports[from], DstPort: ports[1-from], Seq: seq, Ack: d.seq[1-from], ACK: true, PSH: true, Window: 65535,
	}
	change(tcp)
	if end := seq + uint32(len(text)); int32(end-d.seq[from]) > 0 {
		d.seq[from] = end
	}
	var ip gopacket.SerializableLayer
	if d.v6 {
		hosts := []net.IP{net.ParseIP("2001:db8::1"), net.ParseIP("2001:db8::2")}
		ip6 := &layers.IPv6{Version: 6, NextHeader: layers.IPProtocolTCP, HopLimit: 9}
		ip6.SrcIP, ip6.DstIP = hosts[from], hosts[1-from]
		_ = tcp.SetNetworkLayerForChecksum(ip6)
		ip = ip6
	} else {
		hosts := []net.IP{{10, 0, 0, 1}, {10, 0, 0, 2}}
		ip4 := &layers.IPv4{Version: 4, TTL: 9, Protocol: layers.IPProtocolTCP, SrcIP: hosts[from], DstIP: hosts[1-from]}
		_ = tcp.SetNetworkLayerForChecksum(ip4)
		ip = ip4
	}
	buffer := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buffer, options, ip, tcp, gopacket.Payload(text)); err != nil {
		d.t.Fatal(err)
	}
	for _, frame := range d.packets(buffer.Bytes()) {
		d.write(frame)
	}
}

func (d *dialogue) write(frame []byte) {
	d.t.Helper()
	d.now = d.now.Add(time.Millisecond)
	info := gopacket.CaptureInfo{Timestamp: d.now, CaptureLength: len(frame), Length: len(frame)}
	if d.snap > 0 {
		info.CaptureLength = min(d.snap, len(frame))
	}
	if err := d.writer.WritePacket(info, frame[:info.CaptureLength]); err != nil {
		d.t.Fatal(err)
	}
}

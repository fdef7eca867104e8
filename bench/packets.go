package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/headgate-dev/headgate/traffic"
)

// packets writes what clients and a server at port 8080 send, eight exchanges on each connection.
type packets struct {
	file   *bufio.Writer
	out    *pcapgo.Writer
	number int
	client layers.TCPPort
	next   [2]uint32 // sequence numbers of client and server
	at     time.Time
	buf    gopacket.SerializeBuffer
	err    error
}

func writePackets(w io.Writer) written {
	p := &packets{file: bufio.NewWriterSize(w, 64<<10), buf: gopacket.NewSerializeBuffer()}
	p.out = pcapgo.NewWriter(p.file)
	p.err = p.out.WriteFileHeader(65536, layers.LinkTypeEthernet)
	return written{p.add, func() error {
		p.close()
		if p.err != nil {
			return p.err
		}
		return p.file.Flush()
	}}
}

func (p *packets) add(r *traffic.Record) error {
	p.at = r.Time
	if p.number%8 == 0 {
		p.close()
		p.client = layers.TCPPort(10_000 + p.number/8%50_000)
		p.next = [2]uint32{1000, 2000}
		p.send(0, &layers.TCP{SYN: true}, nil)
		p.send(1, &layers.TCP{SYN: true, ACK: true}, nil)
	}
	p.number++
	for side, message := range messages(r) {
		for len(message) > 0 {
			n := min(1448, len(message))
			p.send(side, &layers.TCP{ACK: true, PSH: n == len(message)}, message[:n])
			message = message[n:]
		}
		p.send(1-side, &layers.TCP{ACK: true}, nil)
	}
	return p.err
}

// close ends the connection.
func (p *packets) close() {
	if p.number > 0 {
		p.send(0, &layers.TCP{FIN: true, ACK: true}, nil)
		p.send(1, &layers.TCP{FIN: true, ACK: true}, nil)
		p.send(0, &layers.TCP{ACK: true}, nil)
	}
}

func (p *packets) send(side int, tcp *layers.TCP, data []byte) {
	if p.err != nil {
		return
	}
	const server = 8080
	ends := [2]net.IP{{10, 0, 0, 1}, {10, 0, 0, 2}}
	tcp.SrcPort, tcp.DstPort = p.client, server
	if side == 1 {
		tcp.SrcPort, tcp.DstPort = server, p.client
	}
	tcp.Seq, tcp.Ack, tcp.Window = p.next[side], p.next[1-side], 65535
	p.next[side] += uint32(len(data))
	if tcp.SYN || tcp.FIN {
		p.next[side]++
	}
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	ethernet := &layers.Ethernet{SrcMAC: mac, DstMAC: mac, EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: ends[side], DstIP: ends[1-side]}
	p.err = gopacket.SerializeLayers(p.buf, gopacket.SerializeOptions{FixLengths: true}, ethernet, ip, tcp,
		gopacket.Payload(data))
	if p.err == nil {
		p.at = p.at.Add(10 * time.Microsecond)
		b := p.buf.Bytes()
		p.err = p.out.WritePacket(gopacket.CaptureInfo{Timestamp: p.at, CaptureLength: len(b), Length: len(b)}, b)
	}
}

// messages are request and response as they are sent.
func messages(r *traffic.Record) [2][]byte {
	request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n", r.Request.Method, r.Request.URL, r.Request.Host)
	return [2][]byte{
		wire(request, r.Request.Header, r.Request.Body),
		wire(fmt.Sprintf("HTTP/1.1 %d OK\r\n", r.Response.Status), r.Response.Header, r.Response.Body),
	}
}

func wire(first string, h http.Header, body []byte) []byte {
	var b bytes.Buffer
	b.WriteString(first)
	_ = h.Write(&b) // a buffer takes everything
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.Bytes()
}

package pcap

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// Sizes of what the generated captures are made of, in bytes.
const (
	segmentSize = 1448
	frameHead   = 14 + 20 + 32 // Ethernet, IPv4, TCP with timestamps
)

// flood writes a capture as a load balancer would see it: many connections at once, each with its
// exchanges one after the other, full segments, acknowledgements, and the end of each connection.
type flood struct {
	out    io.Writer
	random *rand.Rand
	bodies []wireBody
	micros uint64
	frame  []byte
	err    error
	// open are the connections, each at its place; number counts all that there were.
	open   []*talk
	number int
	// exchanges counts those that were written.
	exchanges int
}

type wireBody struct {
	head  string
	bytes []byte
}

// talk is one connection of a flood.
type talk struct {
	port int
	host uint32
	seq  [2]uint32
	left int // exchanges
	// sent is where the next segment of the answer begins.
	answer []byte
}

func newFlood(out io.Writer, connections int) *flood {
	f := &flood{
		out: out, random: rand.New(rand.NewPCG(5, 1)), bodies: jsonBodies(), micros: 1_793_534_400_000_000,
		frame: make([]byte, 16+frameHead+segmentSize), open: make([]*talk, connections),
	}
	head := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0}
	_, f.err = out.Write(head)
	return f
}

// jsonBodies are answers of 1 to 4 KB: plain, some compressed, some in chunks.
func jsonBodies() []wireBody {
	random := rand.New(rand.NewPCG(5, 2))
	list := make([]wireBody, 0, 64)
	for i := range 64 {
		var text strings.Builder
		text.WriteString(`{"items":[`)
		for size := 1000 + random.IntN(3000); text.Len() < size; {
			fmt.Fprintf(&text, `{"id":%d,"name":"item %d","price":%d.50,"in_stock":true},`, random.Uint32(), i, random.IntN(900))
		}
		text.WriteString(`{}]}`)
		body := []byte(text.String())
		switch i % 5 {
		case 0:
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			_, _ = w.Write(body)
			_ = w.Close()
			body = packed.Bytes()
			list = append(list, wireBody{fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n", len(body)), body})
		case 1:
			half := len(body) / 2
			body = fmt.Appendf(nil, "%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", half, body[:half], len(body)-half, body[half:])
			list = append(list, wireBody{"Transfer-Encoding: chunked\r\n", body})
		default:
			list = append(list, wireBody{fmt.Sprintf("Content-Length: %d\r\n", len(body)), body})
		}
	}
	return list
}

// step writes the next packets of one connection.
func (f *flood) step() {
	i := f.random.IntN(len(f.open))
	t := f.open[i]
	switch {
	case t == nil:
		f.number++
		t = &talk{port: 1024 + f.number%60000, host: 0x0a000000 | uint32(f.number/60000), left: 20}
		f.open[i] = t
		f.segment(t, 0, 0x02, nil)
		f.segment(t, 1, 0x12, nil)
		f.segment(t, 0, 0x10, nil)
	case len(t.answer) > 0:
		n := min(len(t.answer), segmentSize)
		f.segment(t, 1, 0x18, t.answer[:n])
		if t.answer = t.answer[n:]; len(t.answer) == 0 || f.random.IntN(2) == 0 {
			f.segment(t, 0, 0x10, nil)
		}
	case t.left == 0:
		f.segment(t, 0, 0x11, nil)
		f.segment(t, 1, 0x11, nil)
		f.segment(t, 0, 0x10, nil)
		f.open[i] = nil
	default:
		f.exchange(t)
	}
}

func (f *flood) exchange(t *talk) {
	t.left--
	f.exchanges++
	request := fmt.Appendf(nil, "GET /orders/%d?page=%d HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: curl/8.5.0\r\n"+
		"Accept: application/json\r\nAuthorization: Bearer %032x\r\nX-Request-Id: %d\r\n\r\n",
		f.exchanges, f.exchanges%9, f.random.Uint64(), f.exchanges)
	b := f.bodies[f.random.IntN(len(f.bodies))]
	f.segment(t, 0, 0x18, request)
	t.answer = fmt.Appendf(t.answer[:0], "HTTP/1.1 200 OK\r\nServer: nginx/1.24.0\r\n"+
		"Date: Sun, 01 Nov 2026 12:00:00 GMT\r\n"+
		"Content-Type: application/json\r\nCache-Control: no-store\r\n%s\r\n", b.head)
	t.answer = append(t.answer, b.bytes...)
}

// segment writes one packet, with the sequence numbers going on.
func (f *flood) segment(t *talk, from int, flags byte, payload []byte) {
	f.micros += 7
	b := f.frame[:16+frameHead+len(payload)]
	binary.LittleEndian.PutUint32(b, uint32(f.micros/1_000_000))
	binary.LittleEndian.PutUint32(b[4:], uint32(f.micros%1_000_000))
	binary.LittleEndian.PutUint32(b[8:], uint32(len(b)-16))
	binary.LittleEndian.PutUint32(b[12:], uint32(len(b)-16))
	b[16+12], b[16+13] = 8, 0
	ip := b[30:]
	ip[0], ip[8], ip[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(ip[2:], uint16(len(b)-30))
	hosts, ports := [2]uint32{t.host, 0xc0a80001}, [2]int{t.port, 8080}
	binary.BigEndian.PutUint32(ip[12:], hosts[from])
	binary.BigEndian.PutUint32(ip[16:], hosts[1-from])
	tcp := ip[20:]
	binary.BigEndian.PutUint16(tcp, uint16(ports[from]))
	binary.BigEndian.PutUint16(tcp[2:], uint16(ports[1-from]))
	binary.BigEndian.PutUint32(tcp[4:], t.seq[from])
	binary.BigEndian.PutUint32(tcp[8:], t.seq[1-from])
	tcp[12], tcp[13] = 0x80, flags
	copy(tcp[32:], payload)
	t.seq[from] += uint32(len(payload)) + uint32(flags&1) + uint32(flags>>1&1)
	if f.err == nil {
		_, f.err = f.out.Write(b)
	}
}

// finish ends all connections in good order.
func (f *flood) finish() {
	for i, t := range f.open {
		for t != nil && len(t.answer) > 0 {
			n := min(len(t.answer), segmentSize)
			f.segment(t, 1, 0x18, t.answer[:n])
			t.answer = t.answer[n:]
		}
		f.open[i] = nil
	}
}

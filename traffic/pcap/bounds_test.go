package pcap

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// TestBounds reads captures that would take much memory, were it not bounded.
func TestBounds(t *testing.T) {
	cases := map[string]struct {
		packets int
		packet  func(d *dialogue, i int)
		kind    string
	}{
		"connections that never end": {
			maxOpen + 50, func(d *dialogue, i int) {
				d.client, d.port, d.seq[0] = layers.TCPPort(i%50000+1024), layers.TCPPort(i/50000+1), 1
				d.say(0, "GET /")
			}, crowded,
		},
		"requests without answers": {
			3 * maxWaiting, func(d *dialogue, i int) { d.say(0, get("/a")) }, "",
		},
		"holes": {
			600, func(d *dialogue, i int) {
				d.seq[0] += 10
				d.say(0, strings.Repeat("x", 60000))
			}, "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			for i := range c.packets {
				c.packet(d, i)
			}
			r := NewReader("x", bytes.NewReader(d.file.Bytes()), Options{}).(*reader)
			most, connections := 0, 0
			for r.ended == nil {
				r.packet()
				most, connections = max(most, r.flows.held), max(connections, r.flows.open.n)
			}
			if most > maxHeld+(1<<20) || connections > maxOpen+1 {
				t.Errorf("%d bytes, %d connections", most, connections)
			}
			if text := fmt.Sprint(r.told); !strings.Contains(text, c.kind) {
				t.Errorf("nothing of %q was told", c.kind)
			}
			if r.flows.held != 0 || len(r.flows.known) > r.flows.over.n {
				t.Errorf("at the end %d bytes of %d connections are kept", r.flows.held, len(r.flows.known))
			}
		})
	}
}

// TestHeld has much in memory beside the bytes that wait: it counts, too.
func TestHeld(t *testing.T) {
	cases := map[string]struct {
		talk  func(d *dialogue)
		least int
	}{
		"the head of a request without its answer": {
			func(d *dialogue) {
				d.say(0, "GET / HTTP/1.1\r\nX: "+strings.Repeat("x", 60000))
				d.say(0, "\r\n\r\n")
			}, 60000,
		},
		"many fields": {
			func(d *dialogue) {
				d.say(0, "GET / HTTP/1.1\r\n")
				for i := range 1000 {
					d.say(0, fmt.Sprintf("X%d:\r\n", i))
				}
				d.say(0, "\r\n")
			}, 1000 * fieldSize,
		},
		"the times of bytes": {
			func(d *dialogue) {
				d.say(0, "POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n")
				for range 5000 {
					d.say(0, "x")
				}
			}, 5000 * markSize,
		},
		"small pieces behind a hole": {
			func(d *dialogue) {
				d.open()
				for range 1000 {
					d.seq[0]++
					d.say(0, "x")
				}
			}, 1000 * pieceSize,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			c.talk(d)
			r := NewReader("x", bytes.NewReader(d.file.Bytes()), Options{}).(*reader)
			most := 0
			for r.ended == nil {
				r.packet()
				most = max(most, r.flows.held)
			}
			if most < c.least || r.flows.held != 0 {
				t.Errorf("%d bytes are counted, want %d; at the end %d", most, c.least, r.flows.held)
			}
		})
	}
}

// TestBlankLines keeps none of the line ends between messages.
func TestBlankLines(t *testing.T) {
	d := newDialogue(t)
	d.open()
	d.exchange("/a", "one")
	for range 100 {
		d.say(0, strings.Repeat("\r\n", 10_000)+"\r")
		d.say(0, "\n")
	}
	d.exchange("/b", "two")
	r := NewReader("x", bytes.NewReader(d.file.Bytes()), Options{}).(*reader)
	most := 0
	for r.ended == nil {
		r.packet()
		most = max(most, r.flows.held)
	}
	if most > 100_000 || len(r.out) != 2 || len(r.told) != 0 {
		t.Errorf("%d bytes, %d records, told %v", most, len(r.out), r.told)
	}
}

// TestIdle gives nothing up that is finished.
func TestIdle(t *testing.T) {
	d := newDialogue(t)
	for i := range maxOpen + 50 {
		d.client, d.port, d.seq = layers.TCPPort(i%50000+1024), layers.TCPPort(i/50000+8080), [2]uint32{1, 1}
		d.exchange("/a", "one")
	}
	for _, line := range outcome(d.file.Bytes(), Options{}) {
		if strings.Contains(line, "left out") {
			t.Fatal(line)
		}
	}
}

// TestFragmentsBounded sends the beginnings of very many packets, and then one in parts.
func TestFragmentsBounded(t *testing.T) {
	var f fragments
	d := datagram{proto: protoTCP, more: true, fragment: true}
	for d.id = range uint32(200_000) {
		f.add(&d, time.Unix(0, 0))
	}
	if f.bytes > maxFragmentBytes+1000 || len(f.open) > maxFragmentOrder+1 {
		t.Errorf("%d packets of %d bytes wait", len(f.open), f.bytes)
	}
	if told := f.end(); told != 200_000 {
		t.Errorf("%d lost packets are told", told)
	}
	d = datagram{proto: protoTCP, more: true, fragment: true, id: 1 << 20, payload: make([]byte, 8)}
	f.add(&d, time.Unix(0, 0))
	d.offset, d.more = 8, false
	if whole, _ := f.add(&d, time.Unix(0, 0)); !whole || len(d.payload) != 16 {
		t.Errorf("whole: %t, %d bytes", whole, len(d.payload))
	}
}

// TestLargeBody does not keep bodies that would not go into memory; what follows is read.
func TestLargeBody(t *testing.T) {
	for name, head := range map[string]string{
		"length":  fmt.Sprintf("Content-Length: %d\r\n\r\n", 20<<20),
		"chunked": "Transfer-Encoding: chunked\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			d.open()
			d.say(0, get("/a"))
			d.say(1, "HTTP/1.1 200 OK\r\n"+head)
			piece := strings.Repeat("x", 32<<10)
			for range (20 << 20) / len(piece) {
				if name == "chunked" {
					d.say(1, fmt.Sprintf("%x\r\n", len(piece)))
					d.say(1, piece+"\r\n")
				} else {
					d.say(1, piece)
				}
			}
			if name == "chunked" {
				d.say(1, "0\r\n\r\n")
			}
			d.exchange("/b", "two")
			got := outcome(d.file.Bytes(), Options{})
			if len(got) != 3 || got[0] != left(large) || !strings.HasPrefix(got[1], `x#1 GET /a "" 200 "" `) ||
				got[2] != `x#2 GET /b "" 200 "two" 1ms` {
				t.Errorf("got %.200q", got)
			}
		})
	}
}

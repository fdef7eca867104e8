package pcap

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// Kinds of what is left out.
const (
	orphans   = "responses without their request"
	lost      = "messages with lost segments"
	cutOff    = "messages without their end"
	encrypted = "encrypted connections (TLS)"
	framed    = "HTTP/2 connections"
	foreign   = "connections that are no HTTP/1"
)

// conn is a TCP connection, both ways.
type conn struct {
	*reader
	ports  [2]int // of the first packet: source, destination
	halves [2]half
	// waiting are the requests without a response yet, oldest first.
	waiting []*request
	// gapped tells that segments were lost: requests and responses no longer match by their order alone.
	gapped bool
	// passed tells that the connection is no HTTP/1, or is none any more.
	passed bool
}

type request struct {
	record *traffic.Record
	port   int
}

// half is one direction of a connection.
type half struct {
	buf []byte
	// marks tell when the bytes came: from each offset on, oldest first.
	marks []mark
	// responses tells what this direction carries, once it is known.
	known, responses bool
	// broken tells that what comes next may begin within a message.
	broken bool
}

type mark struct {
	offset int
	at     time.Time
}

// Accept implements [reassembly.Stream]: captures begin within connections, too.
func (c *conn) Accept(
	_ *layers.TCP, _ gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, _ reassembly.Sequence, start *bool,
	_ reassembly.AssemblerContext,
) bool {
	*start = true
	return true
}

// ReassembledSG implements [reassembly.Stream].
func (c *conn) ReassembledSG(sg reassembly.ScatterGather, ac reassembly.AssemblerContext) {
	direction, _, _, skip := sg.Info()
	h := &c.halves[index(direction)]
	if skip > 0 {
		c.gap(h)
	}
	length, _ := sg.Lengths()
	if length == 0 || c.passed {
		return
	}
	data := sg.Fetch(length)
	if h.broken {
		if !begins(data) {
			return
		}
		h.broken = false
	}
	at := ac.GetCaptureInfo().Timestamp // what was missing came just now
	if skip > 0 {
		at = sg.CaptureInfo(0).Timestamp
	}
	h.marks = append(h.marks, mark{len(h.buf), at})
	h.buf = append(h.buf, data...)
	c.parse(false)
}

// ReassemblyComplete implements [reassembly.Stream].
func (c *conn) ReassemblyComplete(reassembly.AssemblerContext) bool {
	c.parse(true)
	c.giveUp(len(c.waiting))
	return true
}

func index(d reassembly.TCPFlowDirection) int {
	if d == reassembly.TCPDirServerToClient {
		return 1
	}
	return 0
}

// gap is called where segments are missing: the message they belong to cannot be read.
func (c *conn) gap(h *half) {
	if len(h.buf) > 0 && !c.passed {
		c.leftOut(lost)
	}
	h.buf, h.marks, h.broken, c.gapped = nil, nil, true, true
}

// giveUp hands on so many of the oldest requests, without a response.
func (c *conn) giveUp(n int) {
	for _, q := range c.waiting[:n] {
		c.hand(q.record, q.port)
	}
	c.waiting = c.waiting[n:]
}

// parse reads what is there: requests first, so that responses find theirs.
func (c *conn) parse(final bool) {
	for _, responses := range []bool{false, true} {
		for i := range c.halves {
			h := &c.halves[i]
			if !h.known && len(h.buf) > 0 && !c.recognise(h, final) {
				continue
			}
			for h.known && h.responses == responses && len(h.buf) > 0 && !c.passed {
				if !c.message(i, final) {
					break
				}
			}
		}
	}
}

// longestMethod is the length of the longest method that is looked for.
const longestMethod = 20

// recognise finds out what a direction carries; it is false while too little is there.
func (c *conn) recognise(h *half, final bool) bool {
	switch {
	case len(h.buf) < longestMethod && !final && bytes.IndexByte(h.buf, '\n') < 0:
		return false
	case bytes.HasPrefix(h.buf, []byte("HTTP/1.")):
		h.known, h.responses = true, true
	case bytes.HasPrefix(h.buf, []byte("PRI * HTTP/2")):
		c.pass(framed)
	case begins(h.buf):
		h.known = true
	case len(h.buf) > 2 && h.buf[0] == 0x16 && h.buf[1] == 3:
		c.pass(encrypted)
	default:
		c.pass(foreign)
	}
	return h.known
}

// pass gives the connection up: it is told once.
func (c *conn) pass(kind string) {
	c.passed = true
	c.leftOut(kind)
	c.halves = [2]half{}
}

// begins tells whether a message could begin here.
func begins(b []byte) bool {
	if bytes.HasPrefix(b, []byte("HTTP/1.")) {
		return true
	}
	method, rest, ok := bytes.Cut(b[:min(len(b), longestMethod)], []byte(" "))
	if !ok || len(method) < 3 || len(rest) == 0 {
		return false
	}
	for _, c := range method {
		if (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return rest[0] == '/' || rest[0] == '*' || bytes.HasPrefix(rest, []byte("http")) ||
		string(method) == "CONNECT"
}

// message reads one message; it is false where there is none yet.
func (c *conn) message(i int, final bool) bool {
	h := &c.halves[i]
	if h.responses {
		return c.response(h, final)
	}
	q, rest, err := http1.Request(h.buf, final)
	if !c.usable(h, rest, err, final) {
		return false
	}
	port := c.ports[1-i]
	began, _ := h.consume(len(rest))
	c.waiting = append(c.waiting, &request{port: port, record: &traffic.Record{
		Time: began.UTC(), Protocol: traffic.HTTP, Request: q,
	}})
	return true
}

// usable tells whether a message came out of reading one; what is wrong is told.
func (c *conn) usable(h *half, rest []byte, err error, final bool) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, http1.ErrCoding):
		c.malformed(err)
		return len(rest) < len(h.buf)
	case errors.Is(err, http1.ErrIncomplete) && !final:
		return false
	case errors.Is(err, http1.ErrIncomplete):
		c.leftOut(cutOff)
	default:
		c.malformed(fmt.Errorf("%w", err))
		c.gapped = true
	}
	h.buf, h.marks, h.broken = nil, nil, true
	return false
}

func (c *conn) response(h *half, final bool) bool {
	method := ""
	if len(c.waiting) > 0 {
		method = c.waiting[0].record.Request.Method
	} else if c.underWay() && !final { // an answer before the end of its request
		return false
	}
	a, rest, err := http1.Response(h.buf, method, final)
	if !c.usable(h, rest, err, final) {
		return false
	}
	began, ended := h.consume(len(rest))
	q := c.match(began)
	if q == nil {
		c.leftOut(orphans)
		return true
	}
	q.record.Response, q.record.Duration = a, max(0, ended.Sub(q.record.Time))
	c.hand(q.record, q.port)
	if a.Status == 101 || method == "CONNECT" && a.Status/100 == 2 {
		c.passed, c.halves = true, [2]half{}
	}
	return true
}

// match takes the request that a response belongs to: the oldest, or where segments were lost the latest
// that was there before it.
func (c *conn) match(began time.Time) *request {
	if c.gapped {
		before := 0
		for before < len(c.waiting) && !c.waiting[before].record.Time.After(began) {
			before++
		}
		c.giveUp(max(0, before-1))
		if before == 0 {
			return nil
		}
	}
	if len(c.waiting) == 0 {
		return nil
	}
	q := c.waiting[0]
	c.waiting = c.waiting[1:]
	return q
}

// underWay tells whether a part of a request is there.
func (c *conn) underWay() bool {
	for _, h := range c.halves {
		if h.known && !h.responses && len(h.buf) > 0 {
			return true
		}
	}
	return false
}

// consume drops everything but the last rest bytes and tells when what is dropped began and ended.
func (h *half) consume(rest int) (began, ended time.Time) {
	used := len(h.buf) - rest
	began, ended = h.at(0), h.at(used-1)
	kept := h.marks[:0]
	for i, m := range h.marks {
		if i+1 < len(h.marks) && h.marks[i+1].offset <= used {
			continue
		}
		kept = append(kept, mark{max(0, m.offset-used), m.at})
	}
	h.marks = kept
	h.buf = append([]byte(nil), h.buf[used:]...)
	return began, ended
}

// at tells when a byte came.
func (h *half) at(offset int) time.Time {
	var at time.Time
	for _, m := range h.marks {
		if m.offset > offset {
			break
		}
		at = m.at
	}
	return at
}

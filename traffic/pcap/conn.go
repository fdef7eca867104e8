package pcap

import (
	"strconv"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/postgres"
)

// Kinds of what is left out.
const (
	orphans       = "responses without their request"
	lost          = "messages with lost segments"
	midMessage    = "messages that began before the capture"
	cutOff        = "messages without their end"
	encrypted     = "encrypted connections (TLS)"
	framed        = "HTTP/2 connections"
	foreign       = "connections that are no HTTP/1"
	large         = "bodies too large to keep, whose messages are kept"
	contradicting = "segments sent again with other content, of which the first counts"
	farOff        = "segments far from the others of their connection"
	crowded       = "connections given up unfinished, as too many were open"
)

// conn is what goes over a TCP connection, both ways.
type conn struct {
	*reader
	ends   *[2]endpoint
	number int
	// midway tells that the beginning of the connection is not there.
	midway bool
	halves [2]half
	// waiting are the requests without a response yet, oldest first; waitingBytes is what they take.
	waiting      []*request
	waitingBytes int
	// pipelined tells that requests were sent ahead of the answers to others, mute that it is not known any
	// more which answer belongs to which of them.
	pipelined, mute bool
	// passed tells that the connection is nothing that is read, or is none any more.
	passed bool
	closed bool
	// queries is set where the connection is one to a Postgres server, client is its other end.
	queries *postgres.Conn
	client  int
}

// request waits for its response.
type request struct {
	record *traffic.Record
	client int
	size   int
}

// data takes the next bytes of a direction.
func (c *conn) data(i int, at time.Time, b []byte) {
	h := &c.halves[i]
	switch {
	case c.passed:
		return
	case c.queries != nil:
		c.query(i, at, b)
		return
	case h.broken && h.known && !h.begins(b):
		if h.responses { // whose answer it was is unknown
			c.forget()
		}
		return
	}
	if !h.known && c.midway && len(h.unread()) > 0 && speaks(b) { // what came before it is the end of another one
		h.drop()
		h.skipped = true
	}
	h.broken = false
	if h.buf == nil {
		h.buf = c.buffer()
	}
	h.add(at, b)
	c.parse()
	if len(h.unread()) == 0 && h.buf != nil {
		c.free(h.buf)
		h.buf, h.off, h.marks = nil, 0, h.marks[:0]
	}
}

// early is told of bytes that came before what one end has sent was followed.
func (c *conn) early(i int) {
	if h := &c.halves[i]; !h.known && !c.passed {
		h.skipped, c.midway = true, true
	}
}

// gap is called where n bytes are missing: the message they belong to cannot be read.
func (c *conn) gap(i, n int) {
	h := &c.halves[i]
	switch {
	case c.passed:
		return
	case c.queries != nil:
		if i == c.client {
			c.queries.ClientGap(n)
		} else {
			c.queries.ServerGap(n)
		}
		return
	}
	c.midway = c.midway || !h.known
	c.leftOut(lost)
	c.abandon(h)
}

// abandon gives up the message that is being read, and waits for the beginning of another one.
func (c *conn) abandon(h *half) {
	if m := h.message; m != nil && m.to != nil {
		c.exchanged(m.to.record, m.to.client)
	}
	c.forget()
	h.drop()
	h.broken = true
}

// forget is called where it is unknown how many messages are missing: no request that was sent before gets an
// answer that comes later, and with pipelining none at all.
func (c *conn) forget() {
	c.giveUp(len(c.waiting))
	c.mute = c.mute || c.pipelined
}

// ended is told that a direction has no more bytes.
func (c *conn) ended(i int) {
	if h := &c.halves[i]; !h.over {
		h.over = true
		c.parse()
	}
}

// close is told that the connection is over.
func (c *conn) close() {
	if c.queries != nil {
		c.queries.Close()
		return
	}
	c.closed = true
	c.parse()
	c.giveUp(len(c.waiting))
	if c.passed {
		return
	}
	known := c.halves[0].known || c.halves[1].known
	for i := range c.halves {
		switch h := &c.halves[i]; {
		case h.skipped && !known:
			c.leftOut(foreign)
			return
		case h.skipped && !h.known:
			c.leftOut(midMessage)
		}
	}
}

// parse reads what is there: requests first, so that responses find theirs.
func (c *conn) parse() {
	for _, responses := range []bool{false, true} {
		for i := range c.halves {
			h := &c.halves[i]
			if c.passed || c.queries != nil {
				return
			}
			if !h.known && len(h.unread()) > 0 && !c.recognise(i) {
				continue
			}
			for h.known && h.responses == responses && !c.passed && c.next(i) {
			}
		}
	}
}

// agrees tells whether what is sent again, back bytes before the next ones, is what came first, as far
// as that is still there.
func (c *conn) agrees(i, back int, b []byte) bool {
	had := c.halves[i].buf
	if back > len(had) {
		b, back = b[min(len(b), back-len(had)):], len(had)
	}
	return agree(had[len(had)-back:], b)
}

// name tells the connection from all others of the capture.
func (c *conn) name(client int) string {
	return c.ends[client].String() + "-" + c.ends[1-client].String() + "#" + strconv.Itoa(c.number)
}

// size is how many bytes are kept.
func (c *conn) size() int {
	n := c.halves[0].size() + c.halves[1].size() + c.waitingBytes
	if c.queries != nil {
		n += c.queries.Held()
	}
	return n
}

// pending tells whether something is unfinished.
func (c *conn) pending() bool { return c.size() > 0 }

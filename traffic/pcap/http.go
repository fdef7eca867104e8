package pcap

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// maxWaiting bounds the requests of a connection that wait for their responses.
const maxWaiting = 1000

// next goes on with one message; it is false where more bytes are needed.
func (c *conn) next(i int) bool {
	h := &c.halves[i]
	final := c.closed || h.over
	if h.message == nil {
		if len(h.unread()) == 0 || !c.head(i, final) {
			return false
		}
	}
	return c.body(i, final)
}

// head reads the head of a message.
func (c *conn) head(i int, final bool) bool {
	h := &c.halves[i]
	b := h.unread()
	if !final && !h.headed() && len(b) <= http1.MaxHead {
		return false
	}
	if h.responses && len(c.waiting) == 0 && c.underWay() && !c.closed { // an answer before the end of its request
		h.searched = 0
		return false
	}
	m := &message{began: h.at(h.total - len(b))}
	var rest []byte
	var err error
	if h.responses {
		m.to = c.asked()
		m.response, m.framing, rest, err = http1.ResponseHead(b, m.to.method())
	} else {
		m.request, m.framing, rest, err = http1.RequestHead(b)
	}
	m.head = len(b) - len(rest)
	m.read = m.head
	if err == nil {
		m.weigh(m.head)
		h.message = m
		if m.to != nil {
			c.shift()
		}
		return true
	}
	c.unreadable(h, err, final)
	return false
}

// unreadable is called where no message can be read.
func (c *conn) unreadable(h *half, err error, final bool) {
	switch {
	case blank(h.unread()):
		h.consume(len(h.unread()))
		return
	case errors.Is(err, http1.ErrIncomplete) && !final:
		return
	case errors.Is(err, http1.ErrIncomplete):
		c.leftOut(cutOff)
	default:
		c.malformed(fmt.Errorf("%w", err))
	}
	c.abandon(h)
}

// body reads the body of a message, as far as it is there.
func (c *conn) body(i int, final bool) bool {
	h := &c.halves[i]
	m := h.message
	n, done, err := m.framing.Advance(h.unread()[m.read:])
	if m.read += n; err != nil {
		c.unreadable(h, err, final)
		return false
	}
	switch {
	case done || final && m.framing.ToEnd():
		c.finish(i)
	case final:
		c.shed(h, len(h.unread()))
		http1.LeaveOut(m.header(), m.dropped)
		c.complete(i)
	case m.dropped > 0, m.read > maxMessage, m.read > crowdedMessage && c.flows.held > maxHeld/2:
		c.shed(h, m.read)
		return false
	default:
		return false
	}
	return true
}

// shed does not keep the first bytes of the body that is being read.
func (c *conn) shed(h *half, upTo int) {
	m := h.message
	m.dropped += upTo - m.head
	if upTo > 0 {
		m.ended = h.consume(upTo)
	}
	m.head, m.read = 0, 0
}

// finish decodes a body that is whole.
func (c *conn) finish(i int) {
	h := &c.halves[i]
	m := h.message
	if m.dropped > 0 {
		c.shed(h, m.read)
		http1.LeaveOut(m.header(), m.dropped)
		c.leftOut(large)
		c.complete(i)
		return
	}
	body, err := http1.Body(m.header(), h.unread()[m.head:m.read], m.framing)
	if err != nil {
		c.malformed(err)
	}
	if m.request != nil {
		m.request.Body = body
	} else {
		m.response.Body = body
	}
	m.ended = h.consume(m.read)
	c.complete(i)
}

// complete goes on with a message that has been read.
func (c *conn) complete(i int) {
	m := c.halves[i].message
	c.halves[i].message = nil
	if m.request != nil {
		c.wait(&request{client: i, size: len(m.request.Body) + m.weight, record: &traffic.Record{
			Time: m.began.UTC(), Protocol: traffic.HTTP, Request: m.request,
		}})
		return
	}
	if m.to == nil {
		c.leftOut(orphans)
		return
	}
	r := m.to.record
	r.Response, r.Duration = m.response, max(0, m.ended.Sub(r.Time))
	c.exchanged(r, m.to.client)
	if m.response.Status == http.StatusSwitchingProtocols ||
		r.Request.Method == http.MethodConnect && m.response.Status/100 == 2 {
		c.giveUp(len(c.waiting))
		c.passed, c.halves = true, [2]half{}
	}
}

// method is "" where the request is not there.
func (q *request) method() string {
	if q == nil {
		return ""
	}
	return q.record.Request.Method
}

func (c *conn) wait(q *request) {
	c.pipelined = c.pipelined || len(c.waiting) > 0
	c.waiting = append(c.waiting, q)
	c.waitingBytes += q.size
	if len(c.waiting) > maxWaiting {
		c.giveUp(1)
		c.mute = true
	}
}

// asked is the request that the next response belongs to, nil where it is not there.
func (c *conn) asked() *request {
	if len(c.waiting) == 0 || c.mute {
		return nil
	}
	return c.waiting[0]
}

// giveUp hands on so many of the oldest requests, without a response.
func (c *conn) giveUp(n int) {
	for range n {
		q := c.waiting[0]
		c.shift()
		c.exchanged(q.record, q.client)
	}
}

// shift takes the oldest request away.
func (c *conn) shift() {
	c.waitingBytes -= c.waiting[0].size
	c.waiting[0] = nil
	if c.waiting = c.waiting[1:]; len(c.waiting) == 0 {
		c.waiting = nil
	}
}

// underWay tells whether a part of a request is there.
func (c *conn) underWay() bool {
	for i := range c.halves {
		h := &c.halves[i]
		if h.known && !h.responses && (len(h.unread()) > 0 || h.message != nil) {
			return true
		}
	}
	return false
}

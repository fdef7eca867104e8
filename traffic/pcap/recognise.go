package pcap

import (
	"bytes"
	"net/http"
)

// recognise finds out what a direction carries; it is false where that is no HTTP, or too little is there.
func (c *conn) recognise(i int) bool {
	h := &c.halves[i]
	b := h.unread()
	switch final := c.closed || h.over; {
	case bytes.HasPrefix(b, []byte(answerStart)):
		h.responses = true
	case requested(b):
	case len(b) < longestMethod && !final && bytes.IndexByte(b, '\n') < 0:
		if c.midway {
			c.forget() // it may be the rest of an answer to any of them
		}
		return false
	default:
		c.other(i, b)
		return false
	}
	if h.known = true; h.skipped {
		c.leftOut(midMessage)
	}
	return true
}

// other goes on with what is no message of HTTP/1.
func (c *conn) other(i int, b []byte) {
	client, queries := c.queried(i, b)
	switch {
	case bytes.HasPrefix(b, []byte(framedStart)):
		c.pass(framed)
	case len(b) > 2 && b[0] >= 0x14 && b[0] <= 0x17 && b[1] == 3 && b[2] <= 4:
		c.pass(encrypted)
	case queries:
		c.ask(client)
	case c.midway:
		c.forget() // it may be the rest of an answer to any of them
		c.halves[i].drop()
		c.halves[i].skipped, c.halves[i].broken = true, true
	default:
		c.pass(foreign)
	}
}

// pass gives the connection up: it is told once.
func (c *conn) pass(kind string) {
	c.leftOut(kind)
	c.giveUp(len(c.waiting))
	c.passed, c.halves = true, [2]half{}
}

// speaks tells whether a message of either direction could begin here.
func speaks(b []byte) bool { return bytes.HasPrefix(b, []byte(answerStart)) || requested(b) }

// answerStart begins every response, framedStart every connection of HTTP/2.
const (
	answerStart = "HTTP/1."
	framedStart = "PRI * HTTP/2"
)

// longestMethod is the length of the longest method that is looked for.
const longestMethod = 20

// requested tells whether a request could begin here.
func requested(b []byte) bool {
	if bytes.HasPrefix(b, []byte(framedStart)) {
		return false
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
		string(method) == http.MethodConnect
}

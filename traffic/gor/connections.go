package gor

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"net"
	"strconv"

	"github.com/headgate-dev/headgate/traffic"
)

// Since 1.3 an id of GoReplay is 12 bytes in hex: the client's port, the server's port, the last four bytes
// of the client's address, and a number of the exchange. Other ids of that length are random: the port of
// the server tells them apart, which is mostly the same in a whole capture.
const (
	idDigits         = 24
	connectionDigits = 16
)

// enough is of how many requests the ids are looked at before the first record is handed on.
const enough = 16

// idle is how many seconds a connection is quiet before the same address and port stand for a new one.
const idle = 120

// connections names the client connections of requests.
type connections struct {
	seen    int
	size    int // of the bodies of records that could be handed on
	port    int // of the server, in all ids so far
	changed bool
	// known are the connections that were used of late, by ports and address, and limit is how many may be
	// known before those that were not are forgotten.
	known map[uint64]span
	limit int
}

// span is when a connection was used first and last, in Unix seconds.
type span struct{ first, last int64 }

// look takes note of the id of one more request.
func (c *connections) look(id string) {
	known, ok := parseID(id)
	port := known.port()
	switch {
	case !ok:
		c.changed = true
	case c.seen == 0:
		c.port = port
	case port != c.port:
		c.changed = true
	}
	c.seen++
}

// decided tells whether enough is known to name connections, or too much waits for it.
func (c *connections) decided() bool { return c.changed || c.seen >= enough || c.size > windowBytes }

// label sets the connection of a record, where its id tells it.
func (c *connections) label(r *traffic.Record) {
	id, ok := parseID(r.ID)
	steady := !c.changed && c.seen > 1
	if !ok || !steady && id.port() != hostPort(r.Request.Host) {
		return
	}
	now := r.Time.Unix()
	used, again := c.known[id.connection]
	if !again || now-used.last > idle {
		used = span{first: now, last: now}
		c.forget(now)
	}
	used.last = max(used.last, now)
	c.known[id.connection] = used
	r.Connection = r.ID[:connectionDigits] + "-" + strconv.FormatInt(used.first, 10)
}

// forget makes place for one more connection.
func (c *connections) forget(now int64) {
	if c.known == nil {
		c.known, c.limit = map[uint64]span{}, 1024
	}
	if len(c.known) < c.limit {
		return
	}
	maps.DeleteFunc(c.known, func(_ uint64, old span) bool { return now-old.last > idle })
	c.limit = max(c.limit, 2*len(c.known))
}

// identifier is an id that was taken apart.
type identifier struct{ connection uint64 }

// parseID reads an id of twelve bytes. Numbers that were filled up with zeros have no port.
func parseID(id string) (identifier, bool) {
	if len(id) != idDigits {
		return identifier{}, false
	}
	var raw [idDigits / 2]byte
	_, err := hex.Decode(raw[:], []byte(id))
	read := identifier{binary.BigEndian.Uint64(raw[:])}
	return read, err == nil && read.port() != 0
}

// port is that of the server.
func (i identifier) port() int { return int(uint16(i.connection >> 32)) }

// hostPort is the port of a Host header.
func hostPort(host string) int {
	const usual = 80
	_, text, err := net.SplitHostPort(host)
	if err != nil {
		return usual
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return usual
	}
	return port
}

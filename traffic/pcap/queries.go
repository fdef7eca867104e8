package pcap

import (
	"encoding/binary"
	"time"

	"github.com/headgate-dev/headgate/traffic/postgres"
)

// postgresPort is where Postgres servers listen unless they are told otherwise.
const postgresPort = 5432

// maxStatement is more than a message has by which a connection to a Postgres server is recognised.
const maxStatement = 1 << 20

// maxResult bounds the bytes of a statement and of its result that are kept.
const maxResult = maxHeld / 4

// queried tells whether what one end has sent belongs to a connection to a Postgres server, and which
// end is the client.
func (c *conn) queried(i int, b []byte) (client int, ok bool) {
	if c.halves[1-i].known {
		return 0, false
	}
	for end := range c.ends {
		if c.ends[end].port == postgresPort {
			return 1 - end, true
		}
	}
	if postgres.Starts(b) {
		return i, true
	}
	if !c.midway || len(b) < 5 || binary.BigEndian.Uint32(b[1:]) > maxStatement {
		return 0, false
	}
	asks, answers := postgres.Continues(b, true), postgres.Continues(b, false)
	switch {
	case asks && answers: // the ports of clients are the higher ones
		if c.ends[0].port < c.ends[1].port {
			return 1, true
		}
		return 0, true
	case asks:
		return i, true
	}
	return 1 - i, answers
}

// ask takes the connection as one to a Postgres server.
func (c *conn) ask(client int) {
	server := c.ends[1-client].String()
	c.client = client
	c.queries = postgres.NewConn(postgres.Options{
		Service: server, Host: server, Connection: c.name(client), MaxMessage: maxResult,
		Record: c.hand, LeftOut: c.leftOut,
	})
	first, halves := client, c.halves
	if marks := halves[1-client].marks; len(marks) > 0 && len(halves[client].marks) > 0 &&
		marks[0].at.Before(halves[client].marks[0].at) {
		first = 1 - client
	}
	c.halves = [2]half{}
	for _, i := range []int{first, 1 - first} {
		if h := &halves[i]; len(h.unread()) > 0 {
			c.query(i, h.marks[0].at, h.unread())
		}
	}
}

// query takes the next bytes of a direction.
func (c *conn) query(i int, at time.Time, b []byte) {
	if i == c.client {
		c.queries.Client(at, b)
	} else {
		c.queries.Server(at, b)
	}
}

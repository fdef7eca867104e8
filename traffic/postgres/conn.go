package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// DefaultMaxMessage is how many bytes of one statement or result are kept: 16 MiB.
const DefaultMaxMessage = 16 << 20

// Options say what a [Conn] is part of and where its records go.
type Options struct {
	// Service names the database, Host is its address, Connection names the connection: they stand in
	// the records.
	Service, Host, Connection string
	// MaxMessage is how many bytes of one statement with its parameters, and of one result, are kept; what
	// is longer is left out. 0 means DefaultMaxMessage. All that a connection holds is bounded by
	// four times as much.
	MaxMessage int
	// Begin gives the ID and the Parent of the record of a statement whose first byte came at that time.
	// It may be nil.
	Begin func(at time.Time) (id, parent string)
	// Record takes the finished records, in the order in which they were answered.
	Record func(*traffic.Record)
	// LeftOut is told the kind of each thing that is left out, in the words of [traffic.LeftOutError].
	LeftOut func(kind string)
}

// stage is how far a connection is.
type stage int

const (
	// fresh: nothing was seen.
	fresh stage = iota
	// greeting: the client asks for encryption or sends its startup message.
	greeting
	// running: all messages are followed.
	running
	// lost: messages are missing; the server's next ReadyForQuery is looked for.
	lost
	// over: nothing can be read any more.
	over
)

// Conn follows one connection between a client and a Postgres server. It is fed with the bytes of both,
// in the order in which they were seen, from the beginning of the connection or from within. It
// is not safe for concurrent use; the callbacks of its options run within its methods.
type Conn struct {
	Options
	stage          stage
	client, server frames
	// tail are the last bytes of the server, while lost.
	tail []byte
	// asked counts the requests for encryption without an answer.
	asked int
	// joined tells that the connection was taken up within it, ahead that the client sends on before it is
	// answered: with both it cannot be followed.
	joined, ahead bool

	steps      steps
	statements map[string]*statement
	portals    map[string]*portal
	// last is the latest execution that was answered: an error may follow with the end of its transaction.
	last *query
	// skipping tells that the server skips all messages up to the next Sync, after an error.
	skipping bool
	// syncs counts the ends of pipelines that the client has sent.
	syncs int
	// size is the number of bytes in statements and queries.
	size int
	// foreign tells that the client's encoding is not UTF-8: only ASCII can be recorded.
	foreign bool
	row     row
}

// NewConn returns a Conn for a connection of which nothing was seen yet.
func NewConn(o Options) *Conn {
	if o.MaxMessage <= 0 {
		o.MaxMessage = DefaultMaxMessage
	}
	return &Conn{
		Options:    o,
		client:     frames{client: true, limit: o.MaxMessage},
		server:     frames{limit: o.MaxMessage},
		statements: map[string]*statement{},
		portals:    map[string]*portal{},
	}
}

// Client takes what the client has sent next. It does not keep b.
func (c *Conn) Client(at time.Time, b []byte) {
	if len(b) == 0 {
		return
	}
	if c.stage == fresh {
		c.meet(b)
	}
	for len(b) > 0 && (c.stage == greeting || c.stage == running) {
		m, rest, err := c.client.next(b, at)
		switch {
		case err == nil:
			c.ask(m)
		case isFrameError(err):
			c.lose()
		}
		b = rest
	}
	c.limit()
}

// Server takes what the server has sent next. It does not keep b.
func (c *Conn) Server(at time.Time, b []byte) {
	if len(b) > 0 && c.stage == fresh {
		c.lose()
	}
	for len(b) > 0 && c.asked > 0 && (c.stage == greeting || c.stage == running) {
		c.refuse(b[0])
		b = b[1:]
	}
	for len(b) > 0 && (c.stage == greeting || c.stage == running) {
		m, rest, err := c.server.next(b, at)
		switch {
		case err == nil:
			c.answer(m)
		case isFrameError(err):
			c.lose()
		}
		b = rest
	}
	if c.stage == lost {
		c.search(b)
	}
	c.limit()
}

func isFrameError(err error) bool { return errors.Is(err, errFrame) }

// Held is how many bytes the connection keeps, about.
func (c *Conn) Held() int {
	return c.size + cap(c.client.buf) + cap(c.server.buf) + len(c.steps.all)*stepSize
}

// limit gives up what a connection holds where it is too much.
func (c *Conn) limit() {
	if c.Held() > 4*c.MaxMessage+8*prefix {
		c.lose()
	}
}

// Close ends the connection. A statement without any answer becomes a record without a response.
func (c *Conn) Close() {
	if len(c.client.buf) > 0 {
		c.LeftOut(kindLost)
	}
	c.settle()
	for _, name := range slices.Sorted(maps.Keys(c.portals)) {
		c.shut(name)
	}
	for s := c.steps.head(); s != nil; s = c.steps.head() {
		if q := s.running(); q != nil {
			if q.answered && q.left == "" {
				q.left = kindHalf
			}
			c.hand(q)
		}
		c.steps.pop()
	}
	for name := range c.statements {
		c.forget(name)
	}
	c.stage = over
}

// meet decides by a client's first byte whether the connection begins here.
func (c *Conn) meet(b []byte) {
	const handshake = 0x16 // of TLS
	switch {
	case b[0] == 0:
		c.stage, c.client.untyped = greeting, true
	case b[0] == handshake:
		c.end(kindEncrypted)
	case Continues(b, true):
		c.stage, c.joined = running, true
	default:
		c.lose()
	}
}

// greet takes a client's message of a connection that begins.
func (c *Conn) greet(m message) {
	code := binary.BigEndian.Uint32(m.body)
	switch {
	case code == codeSSL || code == codeGSS:
		c.asked++
	case code == codeCancel:
		c.end(kindCancel)
	case code>>16 == version3:
		c.client.untyped, c.stage = false, running
		if bytes.Contains(m.body, []byte("\x00replication\x00")) {
			c.end(kindReplication)
			return
		}
		c.steps.push(step{kind: startup})
	default:
		c.end(kindUnrecognised)
	}
}

// refuse takes the server's answer to a request for encryption.
func (c *Conn) refuse(answer byte) {
	c.asked--
	switch answer {
	case 'N':
	case 'S', 'G':
		c.end(kindEncrypted)
	case 'E':
		c.end(kindRefused)
	default:
		c.lose()
	}
}

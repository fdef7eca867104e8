// Package pcap finds HTTP/1 exchanges and Postgres queries in packet captures (pcap and pcapng).
package pcap

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/headgate-dev/headgate/traffic"
)

// Options say what the packets cannot tell.
type Options struct {
	// InboundPorts are the server ports of the service under test: exchanges with them are inbound, all
	// others outbound, to the service that the Host header names. Without any, all are inbound.
	InboundPorts []int
}

// NewReader reassembles the TCP connections of a capture and reads their HTTP/1 exchanges, pipelined
// ones as well, and the queries to Postgres servers, which are outbound whatever the ports. Ids are
// "file#number" in the order in which exchanges ended. Connections that carry something else, responses
// without their request and messages with lost segments are [traffic.LeftOutError]s; a request whose
// response was lost is a record without a response. What is kept in memory is bounded, and does not
// depend on the size of the capture. name stands in errors.
func NewReader(name string, in io.Reader, o Options) traffic.Reader {
	r := &reader{name: name, base: filepath.Base(name) + "#", options: o}
	r.flows = flows{reader: r, known: make(map[pair]*flow)}
	if err := r.file.open(in); err != nil {
		r.ended = fmt.Errorf("%s: %w", name, err)
	}
	return r
}

type reader struct {
	name, base string
	options    Options
	file       file
	flows      flows
	fragments  fragments
	segments   int  // of TCP
	payload    bool // one of them carries data
	number     int  // of records
	out        []*traffic.Record
	told       []error
	// buffers are free ones.
	buffers [][]byte
	ended   error
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for {
		switch {
		case len(r.told) > 0:
			err := r.told[0]
			r.told = r.told[1:]
			return nil, err
		case len(r.out) > 0:
			record := r.out[0]
			r.out = r.out[1:]
			return record, nil
		case r.ended != nil:
			return nil, r.ended
		}
		r.packet()
	}
}

// end ends what is unfinished.
func (r *reader) end(err error) {
	r.flows.end()
	for range r.fragments.end() {
		r.leftOut(lostFragments)
	}
	switch {
	case r.file.frames > 0 && r.segments == 0:
		r.leftOut(noTCP)
	case r.segments > 0 && !r.payload:
		r.leftOut(noData)
	}
	if !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s: %w", r.name, err)
	}
	r.ended = err
}

func (r *reader) leftOut(kind string) {
	r.told = append(r.told, &traffic.LeftOutError{Source: r.name, Kind: kind})
}

func (r *reader) malformed(err error) {
	r.told = append(r.told, &traffic.MalformedError{Source: r.name, Reason: err})
}

// exchanged hands on the record of an exchange with a client.
func (c *conn) exchanged(record *traffic.Record, client int) {
	record.Connection = c.name(client)
	record.Direction = traffic.Inbound
	ports := c.options.InboundPorts
	if len(ports) > 0 && !slices.Contains(ports, int(c.ends[1-client].port)) {
		record.Direction = traffic.Outbound
		record.Service = record.Request.Host
	}
	c.hand(record)
}

// hand gives a record its place and hands it on.
func (r *reader) hand(record *traffic.Record) {
	r.number++
	record.ID = r.base + strconv.Itoa(r.number)
	r.out = append(r.out, record)
}

// Sizes of buffers, in bytes: of new ones, and of the largest that is used again.
const (
	newBuffer  = 4 << 10
	keptBuffer = 64 << 10
	maxBuffers = 256
)

// buffer is an empty one.
func (r *reader) buffer() []byte {
	n := len(r.buffers)
	if n == 0 {
		return make([]byte, 0, newBuffer)
	}
	b := r.buffers[n-1]
	r.buffers = r.buffers[:n-1]
	return b
}

// free takes a buffer back.
func (r *reader) free(b []byte) {
	if cap(b) <= keptBuffer && len(r.buffers) < maxBuffers {
		r.buffers = append(r.buffers, b[:0])
	}
}

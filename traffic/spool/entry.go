package spool

import "encoding/binary"

// Entry is what is known of one record without reading it.
type Entry struct {
	// At is the recorded time and Took the duration, in nanoseconds.
	At, Took int64
	// ID and Session are hashes.
	ID, Session uint64
	// Start and Pos are places in an order: of the session's first record and of the record.
	Start, Pos uint64
	// Record is where the record stands, Links where what was found out about it stands.
	Record, Links Place
	// Digest is part of the fingerprint of the traffic.
	Digest [16]byte
	// Endpoint is a number given by the user of the spool, as are Flags.
	Endpoint uint32
	Flags    uint32
}

// Place is a piece of a [Spool].
type Place struct {
	Offset uint64
	Size   uint32
}

// entrySize is the size of an entry on disk.
const entrySize = 6*8 + 2*12 + 16 + 2*4

func (e *Entry) put(b []byte) {
	le := binary.LittleEndian
	b = b[:entrySize]
	le.PutUint64(b[0:], uint64(e.At))
	le.PutUint64(b[8:], uint64(e.Took))
	le.PutUint64(b[16:], e.ID)
	le.PutUint64(b[24:], e.Session)
	le.PutUint64(b[32:], e.Start)
	le.PutUint64(b[40:], e.Pos)
	le.PutUint64(b[48:], e.Record.Offset)
	le.PutUint32(b[56:], e.Record.Size)
	le.PutUint64(b[60:], e.Links.Offset)
	le.PutUint32(b[68:], e.Links.Size)
	copy(b[72:88], e.Digest[:])
	le.PutUint32(b[88:], e.Endpoint)
	le.PutUint32(b[92:], e.Flags)
}

func (e *Entry) get(b []byte) {
	le := binary.LittleEndian
	b = b[:entrySize]
	e.At, e.Took = int64(le.Uint64(b[0:])), int64(le.Uint64(b[8:]))
	e.ID, e.Session = le.Uint64(b[16:]), le.Uint64(b[24:])
	e.Start, e.Pos = le.Uint64(b[32:]), le.Uint64(b[40:])
	e.Record = Place{le.Uint64(b[48:]), le.Uint32(b[56:])}
	e.Links = Place{le.Uint64(b[60:]), le.Uint32(b[68:])}
	copy(e.Digest[:], b[72:88])
	e.Endpoint, e.Flags = le.Uint32(b[88:]), le.Uint32(b[92:])
}

package traffic

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

// Digest is a fingerprint of requests: of id, method, URL and body, or id and query, of each, in whatever
// order they come and whatever sessions they are grouped into. It is the SHA-256 of the number of requests
// and of the sum of what [DigestOf] gives for them, in hex.
type Digest struct{ n, high, low uint64 }

// DigestOf is the part of one record: the first half of a SHA-256.
func DigestOf(r *Record) (part [16]byte) {
	var known [1024]byte
	b := known[:0]
	field := func(text string) {
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(text))), text...) // no two lists give the same bytes
	}
	field(r.ID)
	field(r.Request.Method)
	field(r.Request.URL)
	if r.Request.Query != nil {
		field(r.Request.Query.Key())
	}
	sum := sha256.Sum256(append(b, r.Request.Body...))
	copy(part[:], sum[:])
	return part
}

// Add takes in one request.
func (d *Digest) Add(part [16]byte) {
	var carry uint64
	d.low, carry = bits.Add64(d.low, binary.BigEndian.Uint64(part[8:]), 0)
	d.high, _ = bits.Add64(d.high, binary.BigEndian.Uint64(part[:8]), carry)
	d.n++
}

// String is the fingerprint in hex.
func (d *Digest) String() string {
	var b []byte
	for _, n := range []uint64{d.n, d.high, d.low} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

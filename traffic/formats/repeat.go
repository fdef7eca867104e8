package formats

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/spool"
)

// Content is a fingerprint of an exchange: of all that two recordings of it have in common, whatever they call
// it. These are direction, time, method, URL, host, query and body of the request, and the answer without its
// headers. At a time in whole milliseconds several servers may well have answered the same request: then the
// headers of the request, the client and the duration count, too.
//
// ok is false where too little is known to tell a copy from a repetition: there is no time, or it is in whole
// milliseconds and there are neither bodies nor headers, or in whole seconds and there are no bodies.
func Content(r *traffic.Record) (sum uint64, ok bool) {
	bodies := len(r.Request.Body)
	if r.Response != nil {
		bodies += len(r.Response.Body)
	}
	coarse := r.Time.Nanosecond()%int(time.Millisecond) == 0
	ok = !r.Time.IsZero() && r.Time.Unix() != 0 &&
		(!coarse || bodies > 0 || len(r.Request.Header) > 0 && r.Time.Nanosecond() != 0)
	var known [2 << 10]byte
	b := binary.BigEndian.AppendUint64(known[:0], uint64(r.Time.UnixNano()))
	field := func(text string) {
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(text))), text...) // no two lists give the same bytes
	}
	field(string(r.Direction))
	field(r.Request.Method)
	field(r.Request.URL)
	field(r.Request.Host)
	if r.Request.Query != nil {
		field(r.Request.Query.Key())
	}
	b = binary.BigEndian.AppendUint64(b, uint64(len(r.Request.Body)))
	b = append(b, r.Request.Body...)
	if a := r.Response; a != nil {
		b = binary.BigEndian.AppendUint64(b, uint64(a.Status))
		if a.Result != nil {
			field(a.Result.Tag)
			b = binary.BigEndian.AppendUint64(b, uint64(len(a.Result.Rows)))
		}
		b = append(b, a.Body...)
	}
	if coarse {
		b = appendClient(b, r)
	}
	all := sha256.Sum256(b)
	return binary.BigEndian.Uint64(all[:]), ok
}

// appendClient adds what tells the clients of a request apart.
func appendClient(b []byte, r *traffic.Record) []byte {
	for _, name := range slices.Sorted(maps.Keys(r.Request.Header)) {
		b = fmt.Appendf(b, "%q%q", name, r.Request.Header[name])
	}
	return fmt.Appendf(b, "%q%q%d", r.Session, r.Connection, r.Duration)
}

// Repeats finds copies of exchanges in several files. What comes up again within one file is a repetition of
// its own: a file that holds it twice and another that holds it three times hold it three times.
type Repeats struct {
	seen spool.Seen
	// next is how often contents came up in this file, as far as remembered: where to begin to count.
	next map[uint64]uint64
	file uint64
}

// mostCounted bounds how many contents of a file are remembered in memory.
const mostCounted = 1 << 16

// File begins the next file.
func (p *Repeats) File() {
	p.file++
	p.next = make(map[uint64]uint64)
}

// Copied tells whether the content of the next record of the file is a copy of one in another file.
func (p *Repeats) Copied(content uint64) (bool, error) {
	n := p.next[content]
	for ; ; n++ {
		// Each number belongs to the nth of a content in all files, or in this one.
		_, mine, err := p.seen.Add(mixed(content, n, p.file), 0)
		if err != nil {
			return false, err
		}
		if !mine {
			break
		}
	}
	if len(p.next) >= mostCounted {
		clear(p.next)
	}
	p.next[content] = n + 1
	_, copied, err := p.seen.Add(mixed(content, n, 0), 0)
	return copied, err
}

// Close frees the disk space. It may be called again.
func (p *Repeats) Close() error { return p.seen.Close() }

// mixed spreads numbers evenly, as hashes are (the finishing step of MurmurHash3, each number in turn).
func mixed(numbers ...uint64) uint64 {
	var h uint64
	for _, n := range numbers {
		h ^= n + 0x9e3779b97f4a7c15
		h = (h ^ h>>33) * 0xff51afd7ed558ccd
		h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
		h ^= h >> 33
	}
	return h
}

package pcap

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// Bounds of what waits for missing fragments.
const (
	maxFragmented    = 65535   // bytes of one packet
	maxFragmentBytes = 8 << 20 // of all packets
	maxFragmentOrder = 32 << 10
	fragmentTimeout  = time.Minute
	fragmentSize     = 64 // about what a part takes beside its bytes, and half of what a packet does
)

// fragments puts IP packets together that were sent in parts.
type fragments struct {
	open map[fragmentKey]*fragmented
	// order are those in open, and those that were, oldest first.
	order []*fragmented
	// bytes is about what those in open take.
	bytes int
	// lost counts packets that were given up.
	lost int
}

type fragmentKey struct {
	src, dst [16]byte
	id       uint32
}

type fragmented struct {
	key   fragmentKey
	parts []fragmentPart
	// size is 0 until the last part is there.
	size, bytes int
	proto       byte
	began       time.Time
	over        bool
}

type fragmentPart struct {
	offset int
	data   []byte
}

// add takes a fragment; the datagram is whole afterwards where that was the last one missing. A packet
// whose fragments contradict each other is given up: bad.
func (f *fragments) add(d *datagram, at time.Time) (whole, bad bool) {
	f.expire(at)
	key := fragmentKey{d.src, d.dst, d.id}
	p := f.open[key]
	if p == nil {
		p = &fragmented{key: key, began: at}
		if f.open == nil {
			f.open = make(map[fragmentKey]*fragmented)
		}
		f.open[key] = p
		f.order = append(f.order, p)
		f.bytes += p.held()
	}
	before := p.held()
	ok := p.add(d)
	f.bytes += p.held() - before
	if !ok {
		f.drop(p)
		return false, true
	}
	payload := p.joined()
	if payload == nil {
		return false, false
	}
	f.drop(p)
	d.payload, d.proto, d.fragment = payload, p.proto, false
	return true, false
}

// add is false where the part cannot belong to the packet, along with the others.
func (p *fragmented) add(d *datagram) bool {
	end := d.offset + len(d.payload)
	if end > maxFragmented || d.missing > 0 || d.more && len(d.payload)%8 != 0 {
		return false
	}
	if d.offset == 0 {
		p.proto = d.proto
	}
	if !d.more {
		if p.size > 0 && p.size != end {
			return false
		}
		p.size = end
	}
	at, found := slices.BinarySearchFunc(p.parts, d.offset, func(part fragmentPart, offset int) int {
		return cmp.Compare(part.offset, offset)
	})
	if found { // sent again
		return bytes.Equal(p.parts[at].data, d.payload)
	}
	overlaps := at > 0 && p.parts[at-1].offset+len(p.parts[at-1].data) > d.offset ||
		at < len(p.parts) && end > p.parts[at].offset
	if overlaps {
		return false
	}
	p.parts = slices.Insert(p.parts, at, fragmentPart{d.offset, bytes.Clone(d.payload)})
	p.bytes += len(d.payload)
	return true
}

// joined is nil while parts are missing.
func (p *fragmented) joined() []byte {
	if p.size == 0 || p.bytes != p.size {
		return nil
	}
	payload := make([]byte, 0, p.size)
	for _, part := range p.parts {
		payload = append(payload, part.data...)
	}
	return payload
}

// held is about how many bytes are kept.
func (p *fragmented) held() int { return p.bytes + fragmentSize*(len(p.parts)+2) }

func (f *fragments) drop(p *fragmented) {
	p.over = true
	f.bytes -= p.held()
	p.parts = nil
	delete(f.open, p.key)
}

// expire gives up what waits for too long, and the oldest where too much waits.
func (f *fragments) expire(at time.Time) {
	for len(f.order) > 0 {
		p := f.order[0]
		if !p.over {
			if at.Sub(p.began) < fragmentTimeout && f.bytes <= maxFragmentBytes && len(f.order) <= maxFragmentOrder {
				return
			}
			f.drop(p)
			f.lost++
		}
		f.order[0] = nil
		f.order = f.order[1:]
	}
}

// end gives up everything and returns how many packets were given up in all.
func (f *fragments) end() int {
	return f.lost + len(f.open)
}

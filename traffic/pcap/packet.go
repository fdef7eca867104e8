package pcap

import "time"

// Kinds of packets that are left out.
const (
	badFragments  = "IP fragments that contradict each other"
	lostFragments = "IP packets of which fragments are missing"
	unknownLink   = "packets of an unknown kind of link, or malformed ones"
	short         = "packets that were captured in part only"
	timeless      = "packets without a time"
	noTCP         = "captures without any TCP connection"
	noData        = "captures without any data in their TCP connections"
)

// maxTunnels bounds how many tunnels may be in each other.
const maxTunnels = 3

// packet takes the next packet.
func (r *reader) packet() {
	f, err := r.file.next()
	if err != nil {
		r.end(err)
		return
	}
	if f.at.IsZero() {
		r.leftOut(timeless)
		return
	}
	r.flows.tick(f.at)
	content, known := unlinked(f.link, f.data)
	if !known {
		r.leftOut(unknownLink)
	}
	if len(content) > 0 {
		r.take(content, f, 0)
	}
}

// take goes on with an IP packet of a frame.
func (r *reader) take(packet []byte, f frame, tunnels int) {
	var d datagram
	if !ip(packet, &d) {
		r.damaged(f)
		return
	}
	if d.fragment && !r.joined(&d, f.at) {
		return
	}
	if d.proto != protoTCP {
		if inner := d.inner(); len(inner) > 0 && tunnels < maxTunnels {
			r.take(inner, f, tunnels+1)
		}
		return
	}
	var s segment
	if !d.tcp(&s) {
		r.damaged(f)
		return
	}
	if s.missing > 0 {
		r.leftOut(short)
	}
	r.segments++
	r.payload = r.payload || len(s.payload)+s.missing > 0
	s.at = f.at
	r.flows.take(&s)
}

// damaged tells of a frame whose heads cannot be read.
func (r *reader) damaged(f frame) {
	if f.cut {
		r.leftOut(short)
	} else {
		r.leftOut(unknownLink)
	}
}

// joined is false while other fragments of a packet are missing.
func (r *reader) joined(d *datagram, at time.Time) bool {
	if d.proto == protoUDP || d.proto == protoICMPv6 {
		return false
	}
	whole, bad := r.fragments.add(d, at)
	if bad {
		r.leftOut(badFragments)
	}
	return whole && d.unextended()
}

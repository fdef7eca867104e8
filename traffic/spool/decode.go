package spool

import (
	"encoding/binary"
	"errors"
	"net/http"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// errDamaged means that the temporary file does not hold what was written to it.
var errDamaged = errors.New("the temporary file of the traffic is damaged")

// headers are the last header blocks that were read. Captures have few different ones, so that most
// records share theirs.
type headers map[string]http.Header

// maxHeaders bounds what is kept.
const maxHeaders = 256

// decode reads a record that [scratch.record] has written. Its texts share one piece of memory and its
// bodies another; its headers may be those of another record.
func (h headers) decode(b []byte) (*traffic.Record, error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, errDamaged
	}
	d := decoder{text: string(b[n : n+int(size)]), headers: h}
	bodies := append([]byte{}, b[n+int(size):]...)
	all := new(struct {
		record   traffic.Record
		request  traffic.Request
		response traffic.Response
	})
	r := &all.record
	d.common(r)
	if d.number() == 1 {
		r.Request = &all.request
		r.Request.Method, r.Request.URL, r.Request.Host = d.next(), d.next(), d.next()
		r.Request.Header = d.header()
		r.Request.Body, bodies = d.body(bodies)
		r.Request.Query = d.query()
	}
	if d.number() == 1 {
		r.Response = &all.response
		r.Response.Status = int(d.number())
		r.Response.Header = d.header()
		r.Response.Body, bodies = d.body(bodies)
		r.Response.Result = d.results()
	}
	if d.damaged || len(bodies) > 0 {
		return nil, errDamaged
	}
	return r, nil
}

// decoder takes the head of a record apart.
type decoder struct {
	text    string
	headers headers
	damaged bool
}

func (d *decoder) common(r *traffic.Record) {
	r.ID = d.next()
	second, nano, zone := d.signed(), d.number(), d.signed()
	r.Time = time.Unix(second, int64(nano)).UTC()
	if zone != 0 {
		r.Time = r.Time.In(time.FixedZone("", int(zone)))
	}
	r.Direction = traffic.Direction(d.next())
	r.Service, r.Session, r.Connection, r.Parent = d.next(), d.next(), d.next(), d.next()
	r.Protocol = traffic.Protocol(d.next())
	r.Duration = time.Duration(d.signed())
}

func (d *decoder) number() uint64 {
	var value uint64
	for i := 0; i < len(d.text) && i < binary.MaxVarintLen64; i++ {
		c := d.text[i]
		value |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.text = d.text[i+1:]
			return value
		}
	}
	d.damaged, d.text = true, ""
	return 0
}

// signed undoes the zigzag coding of binary.AppendVarint.
func (d *decoder) signed() int64 {
	u := d.number()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) next() string {
	n := d.number()
	if n > uint64(len(d.text)) {
		d.damaged, d.text = true, ""
		return ""
	}
	text := d.text[:n]
	d.text = d.text[n:]
	return text
}

func (d *decoder) body(from []byte) (body, rest []byte) {
	n := d.number()
	if n == 0 {
		return nil, from
	}
	if n--; n > uint64(len(from)) {
		d.damaged = true
		return nil, nil
	}
	return from[:n:n], from[n:]
}

// header finds a block among the known ones, or takes it apart.
func (d *decoder) header() http.Header {
	block := d.next()
	if block == "" {
		return nil
	}
	if h, ok := d.headers[block]; ok {
		return h
	}
	in := decoder{text: block}
	h := make(http.Header)
	for in.text != "" {
		name := in.next()
		n := in.number()
		if n > uint64(len(in.text)) {
			d.damaged = true
			return nil
		}
		values := make([]string, n)
		for i := range values {
			values[i] = in.next()
		}
		h[name] = values
	}
	d.damaged = d.damaged || in.damaged
	if len(d.headers) >= maxHeaders {
		clear(d.headers)
	}
	d.headers[block] = h
	return h
}

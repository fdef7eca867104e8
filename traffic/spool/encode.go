package spool

import (
	"encoding/binary"
	"maps"
	"net/http"
	"slices"

	"github.com/headgate-dev/headgate/traffic"
)

// A record is written as the length of its head, the head, and the two bodies. The head holds everything
// else as unsigned varints and as texts with their lengths. Header blocks are texts within it, so that
// equal ones are known by their bytes.

// scratch is memory for writing records, reused.
type scratch struct{ head, block, all []byte }

// record is the binary form of r, valid until the next call.
func (s *scratch) record(r *traffic.Record) []byte {
	b := s.head[:0]
	b = appendText(b, r.ID)
	b = binary.AppendVarint(b, r.Time.Unix())
	b = binary.AppendUvarint(b, uint64(r.Time.Nanosecond()))
	_, zone := r.Time.Zone()
	b = binary.AppendVarint(b, int64(zone))
	for _, text := range []string{string(r.Direction), r.Service, r.Session, r.Connection, r.Parent} {
		b = appendText(b, text)
	}
	b = appendText(b, string(r.Protocol))
	b = binary.AppendVarint(b, int64(r.Duration))
	var request, response []byte
	if q := r.Request; q == nil {
		b = append(b, 0)
	} else {
		b = appendText(appendText(appendText(append(b, 1), q.Method), q.URL), q.Host)
		b = s.appendHeader(b, q.Header)
		request = q.Body
		b = appendQuery(appendSize(b, request), q.Query)
	}
	if a := r.Response; a == nil {
		b = append(b, 0)
	} else {
		b = binary.AppendUvarint(append(b, 1), uint64(a.Status))
		b = s.appendHeader(b, a.Header)
		response = a.Body
		b = appendResults(appendSize(b, response), a.Result)
	}
	s.head = b
	s.all = binary.AppendUvarint(s.all[:0], uint64(len(b)))
	s.all = append(append(append(s.all, b...), request...), response...)
	return s.all
}

// appendSize writes how long a body is, and one more, so that no body is not taken for an empty one.
func appendSize(b, body []byte) []byte {
	if body == nil {
		return append(b, 0)
	}
	return binary.AppendUvarint(b, uint64(len(body))+1)
}

func appendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// appendHeader writes the block of a header, its names in their order.
func (s *scratch) appendHeader(b []byte, h http.Header) []byte {
	var known [32]string
	names := slices.AppendSeq(known[:0], maps.Keys(h))
	slices.Sort(names)
	block := s.block[:0]
	for _, name := range names {
		block = appendText(block, name)
		block = binary.AppendUvarint(block, uint64(len(h[name])))
		for _, value := range h[name] {
			block = appendText(block, value)
		}
	}
	s.block = block
	return appendText(b, block)
}

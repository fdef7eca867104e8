// Package mappings reads the stub mappings of WireMock as recorded outbound calls.
package mappings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonarray"
)

// Kinds of what is left out; a matcher that names no single request has one of its own.
const (
	anyCall   = "stub mappings for any method or path"
	stateful  = "stub mappings that depend on a scenario"
	templated = "stub mappings with a templated response"
	elsewhere = "stub mappings whose body is in a file"
	noAnswer  = "stub mappings that fail, forward or call a service"
	several   = "stub mappings with several body patterns"
)

// NewReader reads mappings, one or {"mappings": [...]}, as outbound records with WireMock's ids, or
// "file#number". A mapping holds matchers: only those that name one request (a method, url or urlPath, and
// otherwise equalTo, equalToJson, equalToXml, binaryEqualTo, absent) are records, all others are
// [traffic.LeftOutError]s. Mappings have no time: all stand at the Unix epoch. Body files are not
// followed. name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	head, err := io.ReadAll(io.LimitReader(r, sniffed))
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	in := io.MultiReader(bytes.NewReader(head), r)
	if err != nil {
		in = io.MultiReader(bytes.NewReader(head), failed{err})
	}
	out := &reader{base: filepath.Base(name)}
	if listed(head) {
		out.source = jsonarray.New(jsonarray.Document{
			Name: name, Kind: "stub mappings of WireMock", Element: "mapping", Path: []string{"mappings"},
		}, in)
	} else {
		out.source = &single{name: name, in: json.NewDecoder(in)}
	}
	return out
}

// listed tells whether a document that begins so has its mappings in a list.
func listed(head []byte) bool {
	in := json.NewDecoder(bytes.NewReader(head))
	if begin, err := in.Token(); err != nil || begin != json.Delim('{') {
		return false
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return false
		}
		if name == "mappings" {
			begin, err := in.Token()
			return err == nil && begin == json.Delim('[')
		}
		var passed json.RawMessage
		if in.Decode(&passed) != nil {
			return false
		}
	}
	return false
}

// sniffed is how much of a file tells a list from a single mapping.
const sniffed = 64 << 10

// failed is a file that could not be read on.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// source hands out mappings one after the other.
type source interface {
	Next(into any) error
	Number() int
	Malformed(reason error) error
	LeftOut(kind string) error
}

type reader struct {
	base   string
	source source
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	var m mapping
	if err := r.source.Next(&m); err != nil {
		return nil, err
	}
	if kind := m.leftOut(); kind != "" {
		return nil, r.source.LeftOut(kind)
	}
	record, err := m.record()
	if err != nil {
		return nil, r.source.Malformed(err)
	}
	if record.ID == "" {
		record.ID = fmt.Sprintf("%s#%d", r.base, r.source.Number())
	}
	record.Time = time.Unix(0, 0).UTC()
	return record, nil
}

// single is a file that holds one mapping.
type single struct {
	name  string
	in    *json.Decoder
	read  bool
	ended error
}

func (s *single) Number() int { return 1 }

func (s *single) Malformed(reason error) error {
	return &traffic.MalformedError{Source: s.name, Reason: fmt.Errorf("mapping: %w", reason)}
}

func (s *single) LeftOut(kind string) error { return &traffic.LeftOutError{Source: s.name, Kind: kind} }

// Next reads the mapping, then what stands behind it, which must be nothing.
func (s *single) Next(into any) error {
	if s.ended != nil {
		return s.ended
	}
	if s.read {
		s.ended = s.rest()
		return s.ended
	}
	s.read = true
	err := s.in.Decode(into)
	_, unfit := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case err == nil:
		return nil
	case unfit:
		return s.Malformed(err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		s.ended = fmt.Errorf("%s: the mapping is %w at byte %d", s.name, traffic.ErrTruncated, s.in.InputOffset())
	default:
		s.ended = fmt.Errorf("%s, at byte %d: %w", s.name, s.in.InputOffset(), err)
	}
	return s.ended
}

func (s *single) rest() error {
	_, err := s.in.Token()
	switch {
	case errors.Is(err, traffic.ErrTruncated):
		return fmt.Errorf("%s, at byte %d: %w", s.name, s.in.InputOffset(), err)
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return fmt.Errorf("%s: more stands behind the mapping at byte %d: expected one mapping, or several in "+
		`{"mappings": [...]}`, s.name, s.in.InputOffset())
}

var (
	list   = regexp.MustCompile(`^\{\s*("meta"\s*:\s*\{[^{}]*\}\s*,\s*)?"mappings"\s*:\s*\[`)
	target = regexp.MustCompile(`"(url|urlPath|urlPattern|urlPathPattern|urlPathTemplate|method)"\s*:`)
	sides  = regexp.MustCompile(`(?s)"request"\s*:\s*\{.*"response"\s*:\s*\{|"response"\s*:\s*\{.*"request"\s*:\s*\{`)
)

// Sniff tells whether a file begins like mappings.
func Sniff(head []byte) bool {
	if !bytes.HasPrefix(head, []byte("{")) {
		return false
	}
	return list.Match(head) || sides.Match(head) && target.Match(head)
}

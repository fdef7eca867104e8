// Package rrpair reads the request and response pairs that proxymock and Speedscale store, as markdown
// and as JSON.
package rrpair

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
	"github.com/headgate-dev/headgate/traffic/jsonarray"
)

// maxFile is the largest markdown file that is read, in bytes: both bodies as text and in base64.
const maxFile = 4 * http1.MaxBody

// NewReader reads the pair of a markdown file, or the pairs of a file of JSON objects. Direction IN is
// inbound, OUT outbound to the service that the host names. In markdown, what was changed in the readable
// sections counts for more than the JSON behind them. Pairs of other protocols than HTTP are
// [traffic.LeftOutError]s. Ids are the uuids, else "file#number". name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	return &reader{name: name, in: r}
}

type reader struct {
	name   string
	in     io.Reader
	begun  bool
	pairs  *jsonarray.Stream // nil for markdown
	number int
	ended  error
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	if r.ended != nil {
		return nil, r.ended
	}
	if !r.begun {
		return r.begin()
	}
	return r.next()
}

// begin tells the two forms apart.
func (r *reader) begin() (*traffic.Record, error) {
	r.begun = true
	in, markdown, err := form(r.in)
	if err != nil {
		r.ended = r.broken(err)
		return nil, r.ended
	}
	if !markdown {
		r.pairs = jsonarray.NewStream(in)
		return r.next()
	}
	r.ended = io.EOF
	r.number = 1
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	switch {
	case err != nil:
		r.ended = r.broken(err)
		return nil, r.ended
	case len(text) > maxFile:
		return nil, r.malformed(fmt.Errorf("the file is larger than %d bytes", maxFile))
	}
	p, err := fromMarkdown(text)
	if err != nil {
		return nil, r.malformed(err)
	}
	return r.record(p)
}

// form tells whether a file is markdown by its first byte that is not white space.
func form(in io.Reader) (all io.Reader, markdown bool, err error) {
	var head [1]byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return nil, false, err
		}
		if strings.IndexByte(" \t\r\n\xef\xbb\xbf", head[0]) < 0 { // white space, or a byte order mark
			return io.MultiReader(bytes.NewReader(head[:]), in), head[0] != '{', nil
		}
	}
}

// next reads the next pair in JSON.
func (r *reader) next() (*traffic.Record, error) {
	if _, err := r.pairs.Next(); errors.Is(err, io.EOF) {
		r.ended = io.EOF
		return nil, io.EOF
	}
	raw, err := r.pairs.Value(jsonarray.MaxElement)
	if err != nil && !errors.Is(err, jsonarray.ErrLong) {
		r.ended = r.broken(err)
		return nil, r.ended
	}
	r.number++
	p := &pair{}
	if err == nil {
		err = json.Unmarshal(raw, p)
	}
	if err != nil {
		return nil, r.malformed(err)
	}
	return r.record(p)
}

func (r *reader) record(p *pair) (*traffic.Record, error) {
	if p.Protocol != "" && p.HTTP == nil {
		return nil, &traffic.LeftOutError{
			Source: r.name, Line: r.number, Kind: "pairs of the protocol " + p.Protocol,
		}
	}
	record, err := p.record()
	if err != nil {
		return nil, r.malformed(err)
	}
	if record.ID == "" {
		record.ID = fmt.Sprintf("%s#%d", filepath.Base(r.name), r.number)
	}
	return record, nil
}

func (r *reader) malformed(err error) error {
	return &traffic.MalformedError{Source: r.name, Line: r.number, Reason: fmt.Errorf("pair: %w", err)}
}

// broken is the error of a file that cannot be read on; it is final.
func (r *reader) broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: after pair %d: %w", r.name, r.number, traffic.ErrTruncated)
	}
	return fmt.Errorf("%s: after pair %d: %w", r.name, r.number, err)
}

var (
	section = regexp.MustCompile(`(?m)^### (REQUEST|RESPONSE)\b[^\n]*###\s*$`)
	object  = regexp.MustCompile(`"msgType"\s*:\s*"rrpair"`)
)

// Sniff tells whether a file begins with a pair.
func Sniff(head []byte) bool {
	if bytes.HasPrefix(head, []byte("{")) {
		return object.Match(head)
	}
	return bytes.HasPrefix(head, []byte("### ")) && section.Match(head)
}

// Package journal reads the request journal of WireMock, as its admin API gives it
// (GET /__admin/requests).
package journal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonarray"
)

// NewReader reads the requests of a journal as inbound records of what WireMock stood in for, with
// WireMock's ids. Requests that matched no stub have no answer worth a comparison: they are records
// without a response. A journal lists the newest request first, and is read as a whole to turn it round.
// name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	document := jsonarray.Document{
		Name: name, Kind: "request journal of WireMock", Element: "request", Path: []string{"requests"},
	}
	return &reader{base: filepath.Base(name), events: jsonarray.New(document, r)}
}

type reader struct {
	base    string
	events  *jsonarray.Reader
	records []*traffic.Record // the oldest is the last
	ended   error
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for r.ended == nil {
		var e event
		err := r.events.Next(&e)
		switch _, malformed := errors.AsType[*traffic.MalformedError](err); {
		case malformed:
			return nil, err
		case err != nil:
			r.end(err)
			continue
		}
		record, err := e.record()
		if err != nil {
			return nil, r.events.Malformed(err)
		}
		if record.ID == "" {
			record.ID = fmt.Sprintf("%s#%d", r.base, r.events.Number())
		}
		r.records = append(r.records, record)
	}
	if n := len(r.records); n > 0 {
		record := r.records[n-1]
		r.records = r.records[:n-1]
		return record, nil
	}
	return nil, r.ended
}

// end brings the requests into order: newest first, those of one time as they came.
func (r *reader) end(err error) {
	r.ended = err
	slices.SortStableFunc(r.records, func(a, b *traffic.Record) int { return b.Time.Compare(a.Time) })
}

var (
	opening = regexp.MustCompile(`^\{\s*"(requests|meta|requestJournalDisabled)"\s*:`)
	served  = regexp.MustCompile(`"requests"\s*:\s*\[\s*(\]|\{)`)
)

// Sniff tells whether a file begins like a request journal.
func Sniff(head []byte) bool { return opening.Match(head) && served.Match(head) }

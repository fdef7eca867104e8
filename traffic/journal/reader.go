// Package journal reads the request journal of WireMock, as its admin API gives it
// (GET /__admin/requests).
package journal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonarray"
)

// NewReader reads the requests of a journal as inbound records of what WireMock stood in for, with
// WireMock's ids. Requests that matched no stub have no answer worth a comparison: they are records
// without a response. A journal lists the newest request first: it is read to its end into temporary files
// to turn it round. name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	document := jsonarray.Document{
		Name: name, Kind: "request journal of WireMock", Element: "request", Path: []string{"requests"},
	}
	return &reader{base: filepath.Base(name), events: jsonarray.New(document, r)}
}

type reader struct {
	base    string
	events  *jsonarray.Reader
	backlog backlog
	ended   error // how the document has ended, once it has
	failed  error // after which nothing more is read
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for r.ended == nil {
		record, err := r.event()
		switch {
		case err == nil:
			err = r.backlog.add(record)
		case r.ended == nil:
			return nil, err
		default:
			err = r.backlog.sort()
		}
		if err != nil {
			r.fail(err)
		}
	}
	if r.failed != nil {
		return nil, r.failed
	}
	record, err := r.backlog.next()
	if errors.Is(err, io.EOF) {
		err = r.ended
	}
	if err != nil {
		r.fail(err)
	}
	return record, err
}

// fail ends the reading.
func (r *reader) fail(err error) {
	r.ended, r.failed = err, err
	r.backlog.close()
}

// event reads the next record of the document.
func (r *reader) event() (*traffic.Record, error) {
	var e event
	err := r.events.Next(&e)
	if _, malformed := errors.AsType[*traffic.MalformedError](err); err != nil && !malformed {
		r.ended = err
	}
	if err != nil {
		return nil, err
	}
	record, err := e.record()
	if err != nil {
		return nil, r.events.Malformed(err)
	}
	if record.ID == "" {
		record.ID = fmt.Sprintf("%s#%d", r.base, r.events.Number())
	}
	return record, nil
}

var (
	opening = regexp.MustCompile(`^\{\s*"(requests|meta|requestJournalDisabled)"\s*:`)
	served  = regexp.MustCompile(`"requests"\s*:\s*\[\s*(\]|\{)`)
)

// Sniff tells whether a file begins like a request journal.
func Sniff(head []byte) bool { return opening.Match(head) && served.Match(head) }

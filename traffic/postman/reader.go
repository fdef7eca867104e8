// Package postman reads collections of Postman (format 2.0 and 2.1): their requests and saved examples.
package postman

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
)

// Kinds of what is left out.
const (
	unset   = "requests with a variable that the collection does not set"
	neither = "items that are neither a folder nor a request"
)

// NewReader reads each saved example of a collection as an inbound record, and each request without
// examples as one without a response, with ids "file#number" in the order of the collection. Each folder
// is a session, named by its path. Variables of the collection are filled in; where an address begins
// with one that is not set ({{baseUrl}}/path), the record has no host. Authorization is inherited from
// folders (bearer, basic, API key). Scripts are not run. Requests have no time: all stand at the Unix
// epoch. As variables may stand behind the requests, a collection is read to its end into temporary files
// before the first record; what is read of one that is cut off is not used. name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader { return &reader{name: name, in: r} }

type reader struct {
	name       string
	in         io.Reader
	collection *collection // nil before it is read
	todo       []example   // of one request
	number     int
	ended      error
}

// example is one request, and the answer that was saved with it.
type example struct {
	request  *request
	response *response
	scope    scope
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	if r.collection == nil {
		r.collection = &collection{}
		if err := r.collection.load(r.in); err != nil {
			r.end(err)
		}
	}
	for r.ended == nil && len(r.todo) == 0 {
		if err := r.next(); err != nil {
			return nil, err
		}
	}
	if r.ended != nil {
		return nil, r.ended
	}
	next := r.todo[0]
	r.todo = r.todo[1:]
	r.number++
	record, err := next.record()
	switch {
	case errors.Is(err, errUnset):
		return nil, &traffic.LeftOutError{Source: r.name, Line: r.number, Kind: unset}
	case err != nil:
		return nil, r.malformed(next.scope.name, err)
	}
	record.ID = fmt.Sprintf("%s#%d", filepath.Base(r.name), r.number)
	record.Time = time.Unix(0, 0).UTC()
	return record, nil
}

// next takes the examples of the next request. Its error concerns this request only.
func (r *reader) next() error {
	raw, scope, err := r.collection.next()
	if err != nil {
		r.end(err)
		return nil
	}
	var it item
	if err := json.Unmarshal(raw, &it); err != nil {
		r.number++
		return r.malformed(it.Name, err)
	}
	if it.Request == nil {
		return &traffic.LeftOutError{Source: r.name, Kind: neither}
	}
	scope = scope.with(it.Variables)
	scope.name = it.Name
	if it.Auth != nil {
		scope.auth = it.Auth
	}
	r.todo = it.examples(scope)
	return nil
}

// end keeps the error after which nothing more is read.
func (r *reader) end(err error) {
	r.collection.close()
	if r.ended = err; !errors.Is(err, io.EOF) {
		r.ended = fmt.Errorf("%s: %w", r.name, err)
	}
}

func (r *reader) malformed(name string, err error) error {
	return &traffic.MalformedError{
		Source: r.name, Line: r.number, Reason: fmt.Errorf("request %q: %w", name, err),
	}
}

// item is a request with its examples.
type item struct {
	Name      string     `json:"name"`
	Variables []variable `json:"variable"`
	Auth      *auth      `json:"auth"`
	Request   *request   `json:"request"`
	Responses []response `json:"response"`
}

func (it *item) examples(s scope) (list []example) {
	for i := range it.Responses {
		e := example{request: it.Request, response: &it.Responses[i], scope: s}
		if original := it.Responses[i].Request; original != nil {
			e.request = original
			if original.Auth == nil {
				e.request.Auth = it.Request.Auth
			}
		}
		list = append(list, e)
	}
	if len(list) == 0 {
		list = []example{{request: it.Request, scope: s}}
	}
	return list
}

var schema = regexp.MustCompile(`"schema"\s*:\s*"https?:\\?/\\?/schema\.(get)?postman\.com\\?/`)

// Sniff tells whether a file begins like a collection.
func Sniff(head []byte) bool { return bytes.HasPrefix(head, []byte("{")) && schema.Match(head) }

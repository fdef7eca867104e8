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
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// maxFile is the largest collection that is read, in bytes.
const maxFile = 256 << 20

// unset is the kind of requests that are left out.
const unset = "requests with a variable that the collection does not set"

// NewReader reads each saved example of a collection as an inbound record, and each request without
// examples as one without a response, with ids "file#number" in the order of the collection. Each folder
// is a session, named by its path. Variables of the collection are filled in; where an address begins
// with one that is not set ({{baseUrl}}/path), the record has no host. Authorization is inherited from
// folders (bearer, basic, API key). Scripts are not run. Requests have no time: all stand at the Unix
// epoch. A collection is read as a whole. name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader { return &reader{name: name, in: r} }

type reader struct {
	name   string
	in     io.Reader
	begun  bool
	todo   []example
	number int
	ended  error
}

// example is one request, and the answer that was saved with it.
type example struct {
	request  *request
	response *response
	scope    scope
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	if !r.begun {
		r.begun = true
		r.ended = r.load()
	}
	if len(r.todo) == 0 {
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
		return nil, &traffic.MalformedError{
			Source: r.name, Line: r.number, Reason: fmt.Errorf("request %q: %w", next.scope.name, err),
		}
	}
	record.ID = fmt.Sprintf("%s#%d", filepath.Base(r.name), r.number)
	record.Time = time.Unix(0, 0).UTC()
	return record, nil
}

// load reads the collection; it ends with io.EOF.
func (r *reader) load() error {
	text, err := io.ReadAll(io.LimitReader(r.in, maxFile+1))
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", r.name, err)
	case len(text) > maxFile:
		return fmt.Errorf("%s: the collection is larger than %d bytes", r.name, maxFile)
	}
	var file struct {
		collection
		// Collection is what the API of Postman wraps it in.
		Collection *collection `json:"collection"`
	}
	err = json.NewDecoder(bytes.NewReader(text)).Decode(&file)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%s: the collection is %w", r.name, traffic.ErrTruncated)
	case err != nil:
		return fmt.Errorf("%s: %w", r.name, err)
	}
	c := &file.collection
	if file.Collection != nil {
		c = file.Collection
	}
	r.todo = c.examples()
	return io.EOF
}

// collection is the whole file.
type collection struct {
	Items     []item     `json:"item"`
	Variables []variable `json:"variable"`
	Auth      *auth      `json:"auth"`
}

// item is a folder, or a request.
type item struct {
	Name      string     `json:"name"`
	Items     []item     `json:"item"`
	Variables []variable `json:"variable"`
	Auth      *auth      `json:"auth"`
	Request   *request   `json:"request"`
	Responses []response `json:"response"`
}

type variable struct {
	Key      string `json:"key"`
	ID       string `json:"id"`
	Value    any    `json:"value"`
	Disabled bool   `json:"disabled"`
}

// scope is what folders hand down to their requests.
type scope struct {
	name, session string
	values        map[string]string
	auth          *auth
}

// deepest bounds how far folders are nested.
const deepest = 100

func (c *collection) examples() (list []example) {
	top := scope{auth: c.Auth}.with(c.Variables)
	var walk func(items []item, s scope, depth int)
	walk = func(items []item, s scope, depth int) {
		for i := range items {
			it := &items[i]
			inner := s.with(it.Variables)
			inner.name = it.Name
			if it.Auth != nil {
				inner.auth = it.Auth
			}
			if it.Request != nil {
				list = append(list, it.examples(inner)...)
				continue
			}
			inner.session = strings.TrimPrefix(s.session+"/"+it.Name, "/")
			if depth < deepest {
				walk(it.Items, inner, depth+1)
			}
		}
	}
	walk(c.Items, top, 0)
	return list
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

// with adds variables, which count for more than those of the folders above.
func (s scope) with(list []variable) scope {
	values := make(map[string]string, len(s.values)+len(list))
	for key, value := range s.values {
		values[key] = value
	}
	for _, v := range list {
		key := v.Key
		if key == "" {
			key = v.ID
		}
		if text := plain(v.Value); !v.Disabled && text != "" {
			values[key] = text
		}
	}
	s.values = values
	return s
}

// plain is a value as text, empty where it is null.
func plain(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

var schema = regexp.MustCompile(`"schema"\s*:\s*"https?:\\?/\\?/schema\.(get)?postman\.com\\?/`)

// Sniff tells whether a file begins like a collection.
func Sniff(head []byte) bool { return bytes.HasPrefix(head, []byte("{")) && schema.Match(head) }

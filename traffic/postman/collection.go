package postman

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/headgate-dev/headgate/traffic/jsonarray"
	"github.com/headgate-dev/headgate/traffic/spool"
)

// collection is the whole file: its folders in memory, its requests on disk.
type collection struct {
	in      *jsonarray.Stream
	folders []folder
	// requests are items as they stand in the file, in order; the endpoint of an entry is the folder.
	requests *spool.Spool
	order    *spool.List
	cursor   *spool.Cursor
	reader   *spool.Reader
	// current is the scope of the folder whose requests were read last.
	current scope
	of      uint32
}

// load reads the file to its end.
func (c *collection) load(r io.Reader) (err error) {
	if c.requests, err = spool.New(); err != nil {
		return err
	}
	if c.order, err = spool.NewList(); err != nil {
		return err
	}
	c.in = jsonarray.NewStream(r)
	c.folders = []folder{{parent: -1}}
	p, err := c.object(0, 0)
	if err == nil && !p.folder {
		err = errors.New(`no collection of Postman: it has no "item"`)
	}
	if err == nil {
		err = c.folders[0].set(p)
	}
	if err != nil {
		return err
	}
	if b, err := c.in.Next(); err == nil {
		return fmt.Errorf("found %q at byte %d, expected nothing behind the collection", b, c.in.Offset())
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	if err := errors.Join(c.requests.Done(), c.order.Done()); err != nil {
		return err
	}
	c.cursor, c.reader = c.order.Cursor(0, c.order.Len()), c.requests.Reader()
	c.current = c.scope(0)
	return nil
}

// next returns the next request as it stands in the file, valid until the next call, and what it gets from
// its folders. io.EOF comes behind the last one.
func (c *collection) next() (raw []byte, s scope, err error) {
	e, err := c.cursor.Next()
	if err != nil {
		return nil, s, err
	}
	if e.Endpoint != c.of {
		c.current, c.of = c.scope(int(e.Endpoint)), e.Endpoint
	}
	raw, err = c.reader.Raw(e.Record)
	return raw, c.current, err
}

// close frees the disk space. That it cannot be freed is of no matter to what was read.
func (c *collection) close() {
	_ = c.requests.Close()
	_ = c.order.Close()
}

// deepest bounds how far folders are nested.
const deepest = 100

// parts are the members of an object that are of use, but for the items within.
type parts struct {
	raw             []byte // as JSON
	folder, request bool
}

// items reads the items of a folder.
func (c *collection) items(number, depth int) error {
	if depth > deepest {
		return fmt.Errorf("more than %d folders within one another, at byte %d", deepest, c.in.Offset())
	}
	if err := c.in.Enter('['); err != nil {
		return err
	}
	for {
		if more, err := c.in.More(); err != nil || !more {
			return err
		}
		if err := c.item(number, depth); err != nil {
			return err
		}
	}
}

// item reads a folder, or a request, which is stored.
func (c *collection) item(parent, depth int) error {
	number := len(c.folders)
	c.folders = append(c.folders, folder{parent: parent})
	p, err := c.object(number, depth)
	if err != nil {
		return err
	}
	if !p.folder {
		c.folders = c.folders[:number]
	} else if err := c.folders[number].set(p); err != nil {
		return err
	}
	if p.folder && !p.request {
		return nil
	}
	place, err := c.requests.Note(p.raw)
	if err != nil {
		return err
	}
	return c.order.Add(&spool.Entry{Record: place, Endpoint: uint32(parent)})
}

// object reads the members of a folder or a request, and the items within it.
func (c *collection) object(number, depth int) (p parts, err error) {
	if err := c.in.Enter('{'); err != nil {
		return p, err
	}
	p.raw = append(p.raw, '{')
	for {
		more, err := c.in.More()
		if err != nil || !more {
			p.raw = append(bytes.TrimSuffix(p.raw, []byte(",")), '}')
			return p, err
		}
		key, err := c.in.Key()
		if err != nil {
			return p, err
		}
		if err := c.member(&p, key, number, depth); err != nil {
			return p, err
		}
	}
}

func (c *collection) member(p *parts, key string, number, depth int) error {
	if none, err := c.none(); none || err != nil {
		return err
	}
	switch key {
	case "item":
		p.folder = true
		return c.items(number, depth+1)
	case "collection": // what the API of Postman wraps it in
		if depth > 0 {
			return c.in.Skip()
		}
		inner, err := c.object(0, 1)
		p.raw, p.folder = append(bytes.TrimSuffix(inner.raw, []byte("}")), ','), inner.folder
		return err
	case "request":
		p.request = true
	case "name", "variable", "auth", "response":
	default:
		return c.in.Skip()
	}
	raw, err := c.in.Value(jsonarray.MaxElement - len(p.raw))
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	p.raw = append(append(append(append(p.raw, '"'), key...), `":`...), raw...)
	p.raw = append(p.raw, ',')
	return nil
}

// none takes a null, which stands for what is not there.
func (c *collection) none() (bool, error) {
	if b, err := c.in.Next(); err != nil || b != 'n' {
		return false, err
	}
	at := c.in.Offset()
	raw, err := c.in.Value(jsonarray.MaxElement)
	if err == nil && string(raw) != "null" {
		err = fmt.Errorf("found %.20q at byte %d, expected null", raw, at)
	}
	return true, err
}

// set takes over what a folder hands down.
func (f *folder) set(p parts) error {
	var read struct {
		Name      string     `json:"name"`
		Variables []variable `json:"variable"`
		Auth      *auth      `json:"auth"`
	}
	err := json.Unmarshal(p.raw, &read)
	f.name, f.variables, f.auth = read.Name, read.Variables, read.Auth
	return err
}

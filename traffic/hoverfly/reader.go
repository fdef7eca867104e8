// Package hoverfly reads the simulations of Hoverfly (schema version 5) as recorded outbound calls.
package hoverfly

import (
	"bytes"
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
	templated = "simulation pairs with a templated response"
	stateful  = "simulation pairs that depend on a state"
	anyCall   = "simulation pairs for any method or path"
	elsewhere = "simulation pairs whose body is in a file or that call a service"
)

// NewReader reads the pairs of a simulation as outbound records, with ids "file#number" and the
// destination as host and service. A simulation holds matchers: only pairs whose matchers name one
// request (exact, json, array) are records, all others are [traffic.LeftOutError]s. Pairs of a sequence
// come in its order, as they stand in the file. Pairs have no time: all stand at the Unix epoch. name
// stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	document := jsonarray.Document{
		Name: name, Kind: "simulation of Hoverfly", Element: "pair", Path: []string{"data", "pairs"},
	}
	return &reader{base: filepath.Base(name), pairs: jsonarray.New(document, r)}
}

type reader struct {
	base  string
	pairs *jsonarray.Reader
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	var p pair
	if err := r.pairs.Next(&p); err != nil {
		return nil, err
	}
	if kind := p.leftOut(); kind != "" {
		return nil, r.pairs.LeftOut(kind)
	}
	record, err := p.record()
	if err != nil {
		return nil, r.pairs.Malformed(err)
	}
	record.ID = fmt.Sprintf("%s#%d", r.base, r.pairs.Number())
	record.Time = time.Unix(0, 0).UTC()
	return record, nil
}

var opening = regexp.MustCompile(`^\{\s*"(data|meta)"\s*:\s*\{`)

// Sniff tells whether a file begins like a simulation.
func Sniff(head []byte) bool {
	return opening.Match(head) && bytes.Contains(head, []byte(`"pairs"`))
}

// Package keploy reads the test sets of Keploy: tests become inbound records, HTTP mocks outbound ones.
package keploy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
	"github.com/headgate-dev/headgate/traffic/lines"
)

// maxDocument is the largest document that is read, in bytes.
const maxDocument = 2*http1.MaxBody + http1.MaxHead

// NewReader reads one record from each YAML document of a test or mock file, with ids "folder/file#number"
// (the folder tells test sets apart). A test of kind Http is inbound, a mock of that kind outbound. Other
// kinds are [traffic.LeftOutError]s. A mock names its dependency by the Host header, if it was recorded.
// name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	base := filepath.Join(filepath.Base(filepath.Dir(name)), filepath.Base(name))
	if filepath.Base(filepath.Dir(name)) == "tests" {
		base = filepath.Join(filepath.Base(filepath.Dir(filepath.Dir(name))), base)
	}
	return &reader{name: name, base: filepath.ToSlash(base), lines: lines.New(r, maxDocument)}
}

type reader struct {
	name, base string
	lines      *lines.Reader
	text       []byte
	begin      int // line of the document
	number     int
	ended      error
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for r.ended == nil {
		text, err := r.document()
		if errors.Is(err, lines.ErrLong) {
			return nil, r.malformed(err)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			r.ended = fmt.Errorf("%s: %w", r.name, err)
			break
		}
		r.ended = err
		if len(bytes.TrimSpace(text)) > 0 {
			r.number++
			return r.record(text)
		}
	}
	return nil, r.ended
}

// document returns the lines up to the next one that separates documents: nothing within a document
// begins with it, since all that follows a key is indented. The last one comes with io.EOF.
func (r *reader) document() ([]byte, error) {
	r.text, r.begin = r.text[:0], r.lines.Number()+1
	for {
		line, err := r.lines.Next()
		if err != nil {
			return r.text, err
		}
		if bytes.HasPrefix(line, []byte("---")) {
			return r.text, nil
		}
		r.text = append(append(r.text, line...), '\n')
		if len(r.text) > maxDocument {
			return nil, fmt.Errorf("%w: a document of more than %d bytes", lines.ErrLong, maxDocument)
		}
	}
}

func (r *reader) record(text []byte) (*traffic.Record, error) {
	var head struct {
		Kind string    `yaml:"kind"`
		Name string    `yaml:"name"`
		Spec yaml.Node `yaml:"spec"`
	}
	if r.ended != nil && !r.lines.Whole() {
		return nil, r.malformed(lines.ErrCut)
	}
	if err := yaml.Unmarshal(text, &head); err != nil {
		return nil, r.malformed(r.cut(fmt.Errorf("no YAML: %w", err)))
	}
	if head.Kind == "" {
		return nil, r.malformed(r.cut(errors.New("no kind: expected a test or mock of Keploy, such as kind: Http")))
	}
	if head.Kind != "Http" {
		return nil, &traffic.LeftOutError{Source: r.name, Line: r.begin, Kind: "Keploy mocks of kind " + head.Kind}
	}
	var e exchange
	if err := head.Spec.Decode(&e); err != nil {
		return nil, r.malformed(r.cut(err))
	}
	if !e.whole() && r.ended != nil {
		return nil, r.malformed(r.cut(errors.New("its time of creation, with which Keploy ends a record, is not there")))
	}
	record, err := e.record()
	if err != nil {
		return nil, r.malformed(err)
	}
	record.ID = r.base + "#" + strconv.Itoa(r.number)
	return record, nil
}

// cut says that the file ends within the document, where it is the last one.
func (r *reader) cut(err error) error {
	if r.ended != nil {
		return fmt.Errorf("last document is %w: %w", traffic.ErrTruncated, err)
	}
	return err
}

func (r *reader) malformed(err error) error {
	return &traffic.MalformedError{Source: r.name, Line: r.begin, Reason: err}
}

var (
	version = regexp.MustCompile(`(?m)^version:\s*['"]?api\.keploy\.io/`)
	kind    = regexp.MustCompile(`(?m)^kind:\s*\S`)
)

// Sniff tells whether a file begins with a test or a mock of Keploy. Its reports have no kind.
func Sniff(head []byte) bool {
	first, _, _ := bytes.Cut(head, []byte("\nspec:"))
	return version.Match(first) && kind.Match(first)
}

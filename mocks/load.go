package mocks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// fileReader reads a file of a WireMock folder's __files by its relative name.
type fileReader = func(name string) ([]byte, error)

// ParseStubs reads one WireMock mapping or {"mappings": [...]}. name is how errors call the source.
// All that is wrong or not supported yet is reported at once, by its field; nothing is ignored. A
// mapping without an ID gets one that depends on its text and place. A mapping with bodyFileName needs
// [LoadStubs].
func ParseStubs(name string, data []byte) ([]*Stub, error) { return Options{}.Parse(name, data) }

// Options say how mappings are read.
type Options struct {
	// Files reads a file of the __files folder by its relative name; nil where there is none. See
	// [FilesUnder].
	Files func(name string) ([]byte, error)
	// Templating takes every answer for a template, as WireMock's --global-response-templating does.
	Templating bool
	// Lenient loads what WireMock loads without being able to serve it: a body file that is missing (read
	// when it is asked for), transformers that are extensions in Java (left out), and custom matchers
	// (they never match).
	Lenient bool
	// Java loads regular expressions that only Java can judge, because WireMock itself is to serve them; here
	// they match nothing.
	Java bool
	// Now is the clock of dates relative to now; nil is time.Now.
	Now func() time.Time

	keywords map[string]keyword // see keywordsByName
}

func (o Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// FilesUnder reads files inside a folder and refuses every way out of it.
func FilesUnder(dir string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) { return readUnder(dir, name) }
}

// Parse is [ParseStubs] with options.
func (o Options) Parse(name string, data []byte) ([]*Stub, error) {
	raws, err := mappings(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var stubs []*Stub
	var errs []error
	if o.keywords == nil {
		o.keywords = keywordsByName()
	}
	for i, raw := range raws {
		d := &decoder{options: o}
		s := d.stub(raw)
		s.File = name
		label := fmt.Sprintf("mapping %d", i+1)
		if s.Label() != "" {
			label = fmt.Sprintf("mapping %q", s.Label())
		}
		for _, p := range d.problems {
			errs = append(errs, fmt.Errorf("%s: %s: %s", name, label, p))
		}
		if s.ID == "" {
			seed := fmt.Sprintf("headgate stub\x00%s\x00%d\x00%s", filepath.Base(name), i, raw)
			s.ID = uuid.NewSHA1(uuid.NameSpaceURL, []byte(seed)).String()
		}
		stubs = append(stubs, s)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return stubs, nil
}

func mappings(data []byte) ([]json.RawMessage, error) {
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	if len(data) == 0 {
		return nil, errors.New("empty; expected a WireMock mapping")
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return nil, fmt.Errorf("expected a WireMock mapping: %w", err)
	}
	list, many := top["mappings"]
	if !many {
		if top["request"] == nil && top["response"] == nil {
			return nil, errors.New("expected a WireMock mapping with request and response, or {\"mappings\": [...]}")
		}
		return []json.RawMessage{data}, nil
	}
	for name := range top {
		if name != "mappings" && name != "meta" && name != "importOptions" {
			return nil, fmt.Errorf("%s beside mappings is not a field of WireMock", name)
		}
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(list, &raws); err != nil {
		return nil, errors.New("mappings: expected a list")
	}
	return raws, nil
}

// LoadStubs reads a file of mappings, a WireMock folder (mappings with __files beside it), or any
// folder of .json mappings, in the order of their names. What is wrong in all files is reported at
// once.
func LoadStubs(path string) ([]*Stub, error) { return Options{}.Load(path) }

// Load is [LoadStubs] with options. Where Files is nil it reads __files beside the mappings.
func (o Options) Load(path string) ([]*Stub, error) {
	names, base, err := stubFiles(path)
	if err != nil {
		return nil, err
	}
	if o.Files == nil {
		o.Files = FilesUnder(filepath.Join(base, "__files"))
	}
	o.keywords = keywordsByName()
	var stubs []*Stub
	var errs []error
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading stubs: %w", err)
		}
		more, err := o.Parse(name, data)
		if err != nil {
			errs = append(errs, err)
		}
		stubs = append(stubs, more...)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return stubs, nil
}

// stubFiles lists the mapping files and the folder that __files stands in.
func stubFiles(path string) (names []string, base string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", fmt.Errorf("reading stubs: %w", err)
	}
	if !info.IsDir() {
		base = filepath.Dir(path)
		if filepath.Base(base) == "mappings" {
			base = filepath.Dir(base)
		}
		return []string{path}, base, nil
	}
	dir := path
	if info, err := os.Stat(filepath.Join(path, "mappings")); err == nil && info.IsDir() {
		dir = filepath.Join(path, "mappings")
	}
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == "__files":
			return filepath.SkipDir
		case !e.IsDir() && strings.HasSuffix(name, ".json"):
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("reading stubs: %w", err)
	}
	if len(names) == 0 {
		return nil, "", fmt.Errorf("reading stubs: no .json mapping in %s", dir)
	}
	slices.Sort(names)
	return names, path, nil
}

// readUnder reads a file inside a folder and refuses every way out of it.
func readUnder(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // only read from
	return root.ReadFile(strings.TrimPrefix(name, "/"))
}

// file reads the body's file now, so that a missing one is known before anything is served. The name of a
// templated answer can be a template; then the file is read when it is known.
func (d *decoder) file(path string, r *Response) {
	r.files = d.options.Files
	switch {
	case strings.Contains(r.BodyFileName, "{{") && r.files != nil:
		if r.templates == nil && !d.options.Lenient {
			d.problem(path, "is a template; add \"response-template\" to transformers")
		}
	case r.files == nil:
		d.problem(path, "needs a WireMock folder with __files")
	default:
		data, err := r.files(r.BodyFileName)
		if err != nil && !d.options.Lenient {
			d.problem(path, "reading %s from __files: %v", r.BodyFileName, err)
		}
		r.file = data
	}
}

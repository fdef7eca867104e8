package noise

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/theory/jsonpath"
	jsonpathspec "github.com/theory/jsonpath/spec"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/compare"
)

// File is learned noise as it was reviewed. The nil File holds none.
type File struct {
	Path    string
	Entries []Entry
}

// form is the written form of a File.
type form struct {
	// Version of the form; 1 is the only one.
	Version int `yaml:"version" jsonschema:"required,minimum=1,maximum=1"`
	// The fields by endpoint and path.
	Noise *spec.Node `yaml:"noise" jsonschema:"required"`
}

// field is the written form of an Entry.
type field struct {
	// In what way the field differs between two runs.
	Kind string `yaml:"kind" jsonschema:"required,enum=uuid,enum=datetime,enum=counter,enum=order,enum=value"`
	// In how many answers it differed when it was learned.
	Count int64 `yaml:"count" jsonschema:"minimum=1"`
	// How many answers there were.
	Of int64 `yaml:"of" jsonschema:"minimum=1"`
}

// Parse reads a file strictly. The findings hold every mistake in it, with its place.
func Parse(path string, src []byte) (*File, spec.Diagnostics) {
	out := &File{Path: path}
	doc, ds := spec.Parse(path, src, spec.Options{})
	if doc == nil || doc.Root == nil || ds.Err() != nil {
		return out, ds
	}
	var f form
	ds.Add(spec.Decode(doc.Root, &f))
	if k := f.Noise.Kind(); k != spec.Map && k != spec.Null {
		ds.Errorf(f.Noise.Pos(), "write endpoints with paths below", "noise is a mapping, not %s", k)
	}
	for _, endpoint := range f.Noise.Entries() {
		out.read(endpoint, &ds)
	}
	return out, ds
}

// read reads the fields of one endpoint.
func (f *File) read(endpoint spec.Entry, ds *spec.Diagnostics) {
	method, path, ok := strings.Cut(endpoint.Key, " ")
	if !ok || method != strings.ToUpper(method) || !strings.HasPrefix(path, "/") {
		ds.Errorf(endpoint.Pos, `write for example "GET /orders/{id}"`, "%q is no endpoint", endpoint.Key)
	}
	if endpoint.Value.Kind() != spec.Map {
		ds.Errorf(endpoint.Pos, `write for example {"$.id": {kind: uuid}}`, "the endpoint has no paths")
	}
	for _, at := range endpoint.Value.Entries() {
		var written field
		found := spec.Decode(at.Value, &written)
		e := Entry{
			Endpoint: endpoint.Key, Path: at.Key, Kind: Kind(written.Kind),
			Count: written.Count, Of: written.Of, Pos: at.Pos,
		}
		if found.Err() == nil {
			found.Add(e.check())
		}
		ds.Add(found)
		if found.Err() == nil {
			f.Entries = append(f.Entries, e)
		}
	}
}

// header is the name of the response header that the entry is about.
func (e Entry) header() (string, bool) {
	name, ok := strings.CutPrefix(e.Path, "header.")
	return http.CanonicalHeaderKey(name), ok && name != ""
}

// check refuses paths that select more than the fields that they name.
func (e Entry) check() (ds spec.Diagnostics) {
	const hint = "name each field: $.items[*].price, or header.NAME"
	if _, ok := e.header(); ok {
		if e.Kind != Value {
			ds.Errorf(e.Pos, "write kind: value", "a header is compared as a text, it cannot be of kind %s", e.Kind)
		}
		return ds
	}
	if err := narrow(e.Path); err != nil {
		ds.Errorf(e.Pos, hint, "%s: %v", e.Path, err)
	}
	return ds
}

// narrow tells what keeps a path from being one of names and [*] only.
func narrow(path string) error {
	_, names, err := parsePath(path)
	if err == nil && names == 0 {
		err = errors.New("this would silence a whole body")
	}
	return err
}

// parsePath reads a path of names and [*]; names counts the names.
func parsePath(path string) (steps []jsonpathspec.Selector, names int, err error) {
	parsed, err := jsonpath.Parse(path)
	if err != nil {
		return nil, 0, err
	}
	for _, segment := range parsed.Query().Segments() {
		selectors := segment.Selectors()
		if segment.IsDescendant() || len(selectors) != 1 {
			return nil, 0, errWide
		}
		switch selectors[0].(type) {
		case jsonpathspec.Name:
			names++
		case jsonpathspec.WildcardSelector:
		default:
			return nil, 0, errWide
		}
		steps = append(steps, selectors[0])
	}
	return steps, names, nil
}

var errWide = errors.New("a path of noise has only names and [*]")

// Apply adds a rule for each entry to those of its endpoint.
func (f *File) Apply(c *compare.Config) {
	if f == nil {
		return
	}
	endpoints := map[string]compare.Rules{}
	for name, rules := range c.Endpoints {
		endpoints[name] = clone(rules)
	}
	for _, e := range f.Entries {
		rules, ok := endpoints[e.Endpoint]
		if !ok {
			rules = clone(compare.Rules{})
		}
		e.add(&rules)
		endpoints[e.Endpoint] = rules
	}
	c.Endpoints = endpoints
}

// clone is a copy of rules that can be added to.
func clone(r compare.Rules) compare.Rules {
	r.Match, r.Unordered = maps.Clone(r.Match), maps.Clone(r.Unordered)
	if r.Match == nil {
		r.Match = map[string]compare.Matcher{}
	}
	if r.Unordered == nil {
		r.Unordered = map[string]compare.Unordered{}
	}
	r.Ignore.JSON, r.Ignore.Headers = slices.Clone(r.Ignore.JSON), slices.Clone(r.Ignore.Headers)
	return r
}

// Name tells where a rule of comparison comes from: rules that were learned get the place of their entry.
// The key is that of [compare.RuleUse].
func (f *File) Name(key string) string {
	if f == nil {
		return key
	}
	for _, e := range f.Entries {
		if e.key() == key {
			return f.place(e)
		}
	}
	return key
}

// Explain is Name for each key within a text.
func (f *File) Explain(text string) string {
	if f == nil {
		return text
	}
	longest := slices.SortedFunc(slices.Values(f.Entries), func(a, b Entry) int {
		return cmp.Compare(len(b.key()), len(a.key())) // a key may begin another one
	})
	for _, e := range longest {
		text = strings.ReplaceAll(text, e.key(), f.place(e))
	}
	return text
}

func (f *File) place(e Entry) string {
	return filepath.Base(f.Path) + ":" + strconv.Itoa(e.Pos.Line) + " (" + e.Endpoint + " " + e.Path + ")"
}

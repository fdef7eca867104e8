package correlate

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/theory/jsonpath"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Place is where values stand in recorded answers.
type Place struct {
	// Path is a JSONPath (RFC 9535) into JSON bodies, or header.NAME, cookie.NAME, form.FIELD or html.NAME:
	// the name of an input, a meta element or an attribute such as data-token, href or action.
	Path string
	// Endpoint is that of the request, such as "POST /tickets"; * stands for any characters. Empty means all.
	Endpoint string
}

const placeHint = "write a JSONPath such as $.status, or header.NAME, cookie.NAME, form.FIELD or html.NAME"

func (p *Place) unmarshal(n *spec.Node) (ds spec.Diagnostics) {
	at := n
	switch n.Kind() {
	case spec.Scalar:
		p.Path = n.Text()
	case spec.Map:
		for _, e := range n.Entries() {
			switch e.Key {
			case "path":
				p.Path, at = e.Value.Text(), e.Value
			case "endpoint":
				p.Endpoint = e.Value.Text()
			default:
				ds.Errorf(e.Pos, "", "unknown key %q, expected path or endpoint", e.Key)
			}
		}
	default:
		ds.Errorf(n.Pos(), placeHint, "found %s, expected a place in answers", n.Kind())
		return ds
	}
	if _, err := p.compile(); err != nil {
		ds.Errorf(at.Pos(), placeHint, "%v", err)
	}
	return ds
}

// rule is a compiled place.
type rule struct {
	json     *jsonpath.Path // nil for other places
	place    string         // empty for JSONPaths
	endpoint *regexp.Regexp // nil for all
}

func (p *Place) compile() (rule, error) {
	var r rule
	if p.Endpoint != "" {
		glob := strings.ReplaceAll(regexp.QuoteMeta(p.Endpoint), `\*`, `.*`)
		r.endpoint = regexp.MustCompile("^" + glob + "$") // quoted text is an expression
	}
	if strings.HasPrefix(p.Path, "$") {
		path, err := jsonpath.Parse(p.Path)
		if err != nil {
			return r, fmt.Errorf("%s: %w", p.Path, err)
		}
		r.json = path
		return r, nil
	}
	kind, name, _ := strings.Cut(p.Path, ".")
	if name == "" || !slices.Contains([]string{inHeader, inCookie, inForm, inHTML}, kind) {
		return r, fmt.Errorf("found %q, expected a place in answers", p.Path)
	}
	r.place = placeName(kind, name)
	return r, nil
}

// Kinds of places in answers and in requests.
const (
	inPath   = "path"
	inQuery  = "query"
	inHeader = "header"
	inCookie = "cookie"
	inForm   = "form"
	inHTML   = "html"
	inJSON   = "json"
	inText   = "body"
)

// list is a number of places.
type list struct {
	paths  []*jsonpath.Path
	places map[string]bool
	scoped []rule
}

func (l *list) add(r rule) {
	if r.json != nil {
		l.paths = append(l.paths, r.json)
		return
	}
	if l.places == nil {
		l.places = make(map[string]bool)
	}
	l.places[r.place] = true
}

func compileList(places []Place, what string) (l list, _ error) {
	var errs []error
	for _, p := range places {
		r, err := p.compile()
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("correlate.%s: %w", what, err))
		case r.endpoint != nil:
			l.scoped = append(l.scoped, r)
		default:
			l.add(r)
		}
	}
	return l, errors.Join(errs...)
}

// at is the list with the places that hold at one endpoint only.
func (l *list) at(endpoint string) list {
	if len(l.scoped) == 0 {
		return *l
	}
	out := list{paths: slices.Clone(l.paths), places: make(map[string]bool)}
	for place := range l.places {
		out.places[place] = true
	}
	for _, r := range l.scoped {
		if r.endpoint.MatchString(endpoint) {
			out.add(r)
		}
	}
	return out
}

func (l *list) empty() bool { return len(l.paths)+len(l.places)+len(l.scoped) == 0 }

// in finds the values of a recorded body that the list names, by their normalized paths; nil for none.
func (l *list) in(body any) map[string]bool {
	var found map[string]bool
	for _, path := range l.paths {
		for at := range selectLocated(path, body).Paths() {
			if found == nil {
				found = make(map[string]bool)
			}
			found[at.String()] = true
		}
	}
	return found
}

// selectLocated applies a path. The library's functions panic on members that are not there: such a path
// selects nothing.
func selectLocated(path *jsonpath.Path, body any) (found jsonpath.LocatedNodeList) {
	defer func() {
		if recover() != nil {
			found = nil
		}
	}()
	return path.SelectLocated(body)
}

// placeName is how rules and reports write a place that is none of JSON.
func placeName(kind, name string) string {
	if kind == inHeader {
		name = http.CanonicalHeaderKey(name)
	}
	return kind + "." + name
}

// place is [placeName] where somebody wants to know.
func (l *lesson) place(kind, name string) string {
	if l.linker != nil && len(l.except.places) == 0 {
		return ""
	}
	return placeName(kind, name)
}

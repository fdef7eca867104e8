package noise

import (
	"encoding/json"
	"iter"

	jsonpathspec "github.com/theory/jsonpath/spec"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
)

// surveyed is how many answers of one endpoint a survey looks at.
const surveyed = 100

// Survey looks at recorded answers, given with their endpoints, for entries that are wider than one field
// and for endpoints without an answer.
func (f *File) Survey(answers iter.Seq2[string, *traffic.Response]) (ds spec.Diagnostics) {
	if f == nil || len(f.Entries) == 0 {
		return nil
	}
	byEndpoint := map[string][]Entry{}
	for _, e := range f.Entries {
		byEndpoint[e.Endpoint] = append(byEndpoint[e.Endpoint], e)
	}
	seen, wide := map[string]int{}, map[string]bool{}
	for endpoint, answer := range answers {
		entries, ok := byEndpoint[endpoint]
		if seen[endpoint]++; !ok || seen[endpoint] > surveyed {
			continue
		}
		for _, e := range wideIn(entries, answer.Body) {
			if !wide[e.key()] {
				wide[e.key()] = true
				ds.Errorf(e.Pos, "name the fields that differ", "%s is wider than one field in a recorded answer of %s",
					e.Path, e.Endpoint)
			}
		}
	}
	for _, e := range f.Entries {
		if seen[e.Endpoint] == 0 {
			seen[e.Endpoint]++ // told once
			ds.Warnf(e.Pos, "remove it, or learn the noise again", "no recorded answer of %s is replayed", e.Endpoint)
		}
	}
	return ds
}

// Has tells whether the file has entries for an endpoint.
func (f *File) Has(endpoint string) bool {
	if f == nil {
		return false
	}
	for _, e := range f.Entries {
		if e.Endpoint == endpoint {
			return true
		}
	}
	return false
}

// wideIn lists the entries that select more in a body than single fields. An array whose order is noise is
// selected as a whole, and still compared.
func wideIn(entries []Entry, body []byte) (list []Entry) {
	var root any
	if json.Unmarshal(body, &root) != nil {
		return nil
	}
	for _, e := range entries {
		steps, _, err := parsePath(e.Path)
		if err == nil && e.Kind != Order && wide(steps, root) {
			list = append(list, e)
		}
	}
	return list
}

// wide tells whether the steps lead to an object or array with content, or to all members of an object.
func wide(steps []jsonpathspec.Selector, v any) bool {
	object, isObject := v.(map[string]any)
	array, isArray := v.([]any)
	if len(steps) == 0 {
		return len(object)+len(array) > 0
	}
	if name, ok := steps[0].(jsonpathspec.Name); ok {
		kid, there := object[string(name)]
		return there && wide(steps[1:], kid)
	}
	if isObject && len(object) > 0 {
		return true
	}
	for _, kid := range array {
		if isArray && wide(steps[1:], kid) {
			return true
		}
	}
	return false
}

package mocks

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// methodSet is a method pattern of several methods: {"oneOf": [...]} or {"noneOf": [...]}.
type methodSet struct {
	names []string
	none  bool
}

func (s *methodSet) has(method string) bool {
	return s == nil || slices.Contains(s.names, method) != s.none
}

func (s *methodSet) form() map[string][]string {
	if s.none {
		return map[string][]string{"noneOf": s.names}
	}
	return map[string][]string{"oneOf": s.names}
}

func (d *decoder) method(path string, raw json.RawMessage, r *RequestPattern) {
	if !strings.HasPrefix(string(raw), "{") {
		into(d, &r.Method, "a method, or an object with oneOf or noneOf")(path, raw)
		r.Method = strings.ToUpper(r.Method)
		return
	}
	f := d.fields(path, raw)
	r.methods = &methodSet{none: f["noneOf"] != nil}
	list := into(d, &r.methods.names, "a list of methods")
	d.object(path, raw, map[string]take{"oneOf": list, "noneOf": list}, nil)
	if len(f) != 1 {
		d.problem(path, "expected one of oneOf and noneOf")
	}
	for i, name := range r.methods.names {
		r.methods.names[i] = strings.ToUpper(name)
	}
}

// acceptsMethod judges a request's method.
func (p *RequestPattern) acceptsMethod(method string) bool {
	return (p.AnyMethod() || p.Method == method) && p.methods.has(method)
}

// methodText is what is shown as the expected method.
func (p *RequestPattern) methodText() string {
	if p.methods != nil {
		return string(marshal(p.methods.form()))
	}
	return p.Method
}

// MarshalJSON writes the pattern in WireMock's form.
func (p *RequestPattern) MarshalJSON() ([]byte, error) {
	type plain RequestPattern
	if p.methods == nil {
		return marshal((*plain)(p)), nil
	}
	return marshal(struct {
		Method map[string][]string `json:"method"`
		*plain
	}{p.methods.form(), (*plain)(p)}), nil
}

func numbers(where string, want, got int) Difference {
	return Difference{where, strconv.Itoa(want), strconv.Itoa(got)}
}

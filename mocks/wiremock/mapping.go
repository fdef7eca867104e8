package wiremock

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/headgate-dev/headgate/mocks"
)

// load is what WireMock is given for one mock.
type load struct {
	// mappings are in the order of an import, the newest first; the last one catches what no other matches.
	mappings []json.RawMessage
	// files are bodies that are kept out of the mappings, by name.
	files map[string][]byte
	// stubs are those of the plan by the ID that WireMock knows them under.
	stubs map[string]*mocks.Stub
	// miss is the ID of the last mapping.
	miss string
	// scenarios are the names that WireMock knows the scenarios of the plan under.
	scenarios []string
}

// newLoad translates the stubs of a plan. Where host is not empty the WireMock is shared: only requests
// whose Host header it matches, as a regular expression, are those of the plan.
func newLoad(plan *mocks.Plan, host string) (*load, error) {
	l := &load{files: map[string][]byte{}, stubs: map[string]*mocks.Stub{}, miss: identity("miss", plan.Name)}
	var errs []error
	for _, s := range plan.Stubs {
		t := translation{load: l, stub: s, mock: plan.Name, host: host}
		errs = append(errs, t.add())
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	slices.Reverse(l.mappings)
	last, err := missMapping(l.miss, plan.Miss, host)
	l.mappings = append(l.mappings, last)
	return l, err
}

// identity is an ID that depends on nothing but the words.
func identity(words ...string) string {
	seed := "headgate wiremock\x00" + strings.Join(words, "\x00")
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(seed)).String()
}

// tree is a JSON object that is taken apart one level deep, so that all else stays as it was written.
type tree map[string]json.RawMessage

func (t tree) set(name string, v any) error {
	data, err := json.Marshal(v)
	t[name] = data
	return err
}

// translation writes one stub in WireMock's own terms.
type translation struct {
	load *load
	stub *mocks.Stub
	mock string
	host string
}

func (t translation) add() error {
	err := t.refuse()
	var mapping tree
	if err == nil {
		mapping, err = t.mapping()
	}
	if err != nil {
		return fmt.Errorf("stub %q: %w", t.stub.Label(), err)
	}
	data, err := json.Marshal(mapping)
	t.load.mappings = append(t.load.mappings, data)
	return err
}

// refuse names what the mock of a run does not do, and what WireMock cannot be told.
func (t translation) refuse() error {
	s := t.stub
	_, exact := s.Request.ExactQuery()
	switch {
	case s.Response.BaseURL != "":
		return errors.New("proxyBaseUrl calls a live service, which the mock of a run never does; record the answers")
	case exact && s.Request.URLPathTemplate != "":
		return errors.New("exactQuery beside urlPathTemplate is known to engine: embedded only")
	case s.Response.BodyFileName != "" && s.Response.Payload() == nil && strings.Contains(s.Response.BodyFileName, "{{"):
		return errors.New("a bodyFileName that is a template is known to engine: embedded only")
	}
	if _, err := uuid.Parse(s.ID); err != nil {
		return fmt.Errorf("WireMock wants a UUID for its id, found %q; engine: embedded takes any", s.ID)
	}
	if t.load.stubs[t.id()] != nil {
		return fmt.Errorf("two stubs have the ID %q", s.ID)
	}
	return nil
}

// id is the stub's own, but where several mocks share a WireMock.
func (t translation) id() string {
	if t.host == "" {
		return strings.ToLower(t.stub.ID)
	}
	return identity("stub", t.mock, t.stub.ID)
}

func (t translation) mapping() (tree, error) {
	mapping, err := object(t.stub)
	if err != nil {
		return nil, err
	}
	request, err := object(t.stub.Request)
	if err != nil {
		return nil, err
	}
	response, err := object(t.stub.Response)
	if err != nil {
		return nil, err
	}
	t.load.stubs[t.id()] = t.stub
	delete(mapping, "persistent") // it would outlive nothing
	if t.host != "" {
		if err := t.own(mapping); err != nil {
			return nil, err
		}
	}
	err = errors.Join(t.query(request), t.origin(request), t.scenario(mapping), t.body(response))
	return mapping, errors.Join(err,
		mapping.set("id", t.id()), mapping.set("request", request), mapping.set("response", response))
}

// mockKey is the member of the metadata that names the mock where several share a WireMock.
const mockKey = "headgateMock"

// own notes whose mapping it is.
func (t translation) own(mapping tree) error {
	metadata := map[string]any{mockKey: t.mock}
	for name, v := range t.stub.Metadata {
		metadata[name] = v
	}
	return mapping.set("metadata", metadata)
}

func object(v any) (tree, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	t := tree{}
	return t, json.Unmarshal(data, &t)
}

// query says in WireMock's terms that the query has no parameters but those named, each with no values but
// those named: WireMock itself lets others pass.
func (t translation) query(request tree) error {
	p := t.stub.Request
	ignored, exact := p.ExactQuery()
	if !exact || p.URL != "" || p.URLPattern != "" {
		return nil
	}
	path := "[^?]*"
	switch {
	case p.URLPath != "":
		path = quoted(p.URLPath)
	case p.URLPathPattern != "":
		path = "(?:" + p.URLPathPattern + ")"
	}
	delete(request, "urlPath")
	delete(request, "urlPathPattern")
	parameters := tree{}
	for name, want := range p.QueryParameters {
		if err := parameters.set(name, want); err != nil {
			return err
		}
		if texts, ok := want.ExactValues(); ok && len(texts) == 1 && !slices.Contains(ignored, name) {
			if err := parameters.set(name, map[string]any{"hasExactly": []any{want}}); err != nil {
				return err
			}
		}
	}
	if len(parameters) > 0 {
		if err := request.set("queryParameters", parameters); err != nil {
			return err
		}
	}
	names := slices.Concat(slices.Collect(maps.Keys(p.QueryParameters)), ignored)
	return request.set("urlPattern", path+onlyParameters(names))
}

// origin tells the requests of one mock from those of others that share the WireMock.
func (t translation) origin(request tree) error {
	if t.host == "" {
		return nil
	}
	headers := tree{}
	mine := any(map[string]string{"matches": t.host})
	for name, want := range t.stub.Request.Headers {
		if strings.EqualFold(name, "Host") {
			mine = map[string]any{"and": []any{mine, want}}
			continue
		}
		if err := headers.set(name, want); err != nil {
			return err
		}
	}
	return errors.Join(headers.set("Host", mine), request.set("headers", headers))
}

// scenario gives the scenarios of each mock that shares a WireMock names of their own, which can be part of
// a path of the admin API.
func (t translation) scenario(mapping tree) error {
	name := t.stub.Scenario
	if name == "" {
		return nil
	}
	if t.host != "" {
		name = identity("scenario", t.mock, name)
	}
	if !slices.Contains(t.load.scenarios, name) {
		t.load.scenarios = append(t.load.scenarios, name)
	}
	return mapping.set("scenarioName", name)
}

// mostInline is the size of a body, in bytes, from which on it is kept in a file of WireMock: the journal
// repeats the mapping with every request.
const mostInline = 8 << 10

// body hands over the bodies of files, and large ones as files.
func (t translation) body(response tree) error {
	r := t.stub.Response
	payload := r.Payload()
	switch {
	case r.BodyFileName == "" && (len(payload) < mostInline || r.Templated()):
		return nil
	case r.BodyFileName != "" && r.Templated():
		delete(response, "bodyFileName")
		return response.set("body", string(payload))
	}
	for _, name := range []string{"body", "jsonBody", "base64Body"} {
		delete(response, name)
	}
	file := "headgate-" + t.id()
	t.load.files[file] = payload
	return response.set("bodyFileName", file)
}

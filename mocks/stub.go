package mocks

import (
	"encoding/json"
)

// DefaultPriority is the priority of a stub that names none. Lower ones are tried first; on a tie
// the stub that was added last wins.
const DefaultPriority = 5

// Started is the state that every scenario begins in.
const Started = "Started"

// Stub is one mapping of WireMock 3: what it matches and what it answers. Its JSON form is WireMock's.
// A Stub comes from [ParseStubs], [LoadStubs], [FromTraffic] or [Candidate] and is not changed afterwards.
type Stub struct {
	ID       string          `json:"id,omitempty"`
	Name     string          `json:"name,omitempty"`
	Priority int             `json:"priority,omitempty"` // 0 means DefaultPriority
	Request  *RequestPattern `json:"request"`
	Response *Response       `json:"response"`
	// A stub of a scenario is only looked at in RequiredState (any state if empty), and serving it
	// puts the scenario into NewState (no change if empty).
	Scenario      string         `json:"scenarioName,omitempty"`
	RequiredState string         `json:"requiredScenarioState,omitempty"`
	NewState      string         `json:"newScenarioState,omitempty"`
	Metadata      map[string]any `json:"metadata,omitempty"`
	Persistent    bool           `json:"persistent,omitempty"`
	// Listeners are what happens after the answer; see [Stub.Webhooks].
	Listeners []Listener `json:"serveEventListeners,omitempty"`
	// File is where the stub was read, or empty.
	File string `json:"-"`
}

// Label names the stub for people: its name, else its ID.
func (s *Stub) Label() string {
	if s.Name != "" {
		return s.Name
	}
	return s.ID
}

// Rank is the priority with the default filled in.
func (s *Stub) Rank() int {
	if s.Priority == 0 {
		return DefaultPriority
	}
	return s.Priority
}

// metadataKey is the member of a stub's metadata that belongs to Headgate.
const metadataKey = "headgate"

// extras is what WireMock's language cannot say, kept in the metadata.
type extras struct {
	// ExactQuery refuses query parameters that the stub does not name, except those in IgnoreQuery.
	ExactQuery  bool     `json:"exactQuery,omitempty"`
	IgnoreQuery []string `json:"ignoreQuery,omitempty"`
}

func (d *decoder) stub(raw json.RawMessage) *Stub {
	s := &Stub{Request: &RequestPattern{}, Response: &Response{}}
	d.object("", raw, map[string]take{
		"id":       into(d, &s.ID, "a string"),
		"uuid":     into(d, &s.ID, "a string"),
		"name":     into(d, &s.Name, "a string"),
		"priority": into(d, &s.Priority, "a whole number"),
		"request": func(path string, raw json.RawMessage) {
			d.request(path, raw, s.Request)
		},
		"response": func(path string, raw json.RawMessage) {
			d.response(path, raw, s.Response)
		},
		"scenarioName":          into(d, &s.Scenario, "a string"),
		"requiredScenarioState": into(d, &s.RequiredState, "a string"),
		"newScenarioState":      into(d, &s.NewState, "a string"),
		"persistent":            into(d, &s.Persistent, "true or false"),
		"metadata": func(path string, raw json.RawMessage) {
			into(d, &s.Metadata, "an object")(path, raw)
			d.extras(path, raw, s.Request)
		},
		"postServeActions":    func(path string, raw json.RawMessage) { d.listeners(path, raw, s) },
		"serveEventListeners": func(path string, raw json.RawMessage) { d.listeners(path, raw, s) },
		"insertionIndex":      into(d, new(int64), "a whole number"),
	}, nil)
	if s.Scenario == "" && s.RequiredState+s.NewState != "" {
		d.problem("scenarioName", "is missing beside a scenario state")
	}
	return s
}

func (d *decoder) extras(path string, raw json.RawMessage, r *RequestPattern) {
	var m struct {
		Headgate extras `json:"headgate"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		d.problem(path+"."+metadataKey, "expected exactQuery and ignoreQuery: %v", err)
		return
	}
	r.extras = m.Headgate
}

package embedded

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/mocks"
)

// Settings hold for all answers.
type Settings struct {
	// FixedDelay, in milliseconds, and Distribution delay the answers of stubs that name no such delay.
	FixedDelay   int64
	Distribution *mocks.Delay
}

// undelayed tells whether no delay is added to that of the stubs.
func (s *Settings) undelayed() bool { return s.FixedDelay == 0 && s.Distribution == nil }

// wait is how long an answer of r is delayed.
func (s *Settings) wait(r *mocks.Response, random mocks.Random) time.Duration {
	if s.undelayed() {
		return r.Wait(random)
	}
	d := mocks.Response{FixedDelay: r.FixedDelay, DelayDistribution: r.DelayDistribution}
	if d.FixedDelay == 0 {
		d.FixedDelay = s.FixedDelay
	}
	if d.DelayDistribution == nil {
		d.DelayDistribution = s.Distribution
	}
	return d.Wait(random)
}

// Settings are those that hold now.
func (s *Server) Settings() Settings { return *s.settings.Load() }

// SetSettings changes the settings for the requests that come from now on.
func (s *Server) SetSettings(v Settings) { s.settings.Store(&v) }

// Stubs are the stubs served now, in the order in which they are tried.
func (s *Server) Stubs() []*mocks.Stub {
	entries := s.stubs.snapshot().entries
	out := make([]*mocks.Stub, len(entries))
	for i, e := range entries {
		out[i] = e.stub
	}
	return out
}

// Stub is the stub of an ID, or nil.
func (s *Server) Stub(id string) *mocks.Stub { return s.stubs.find(id) }

// Add serves more stubs, or none of them if one is refused. The last one is the newest; a stub with a
// known ID takes the place of the old one.
func (s *Server) Add(stubs ...*mocks.Stub) error { return s.stubs.add(stubs) }

// Edit replaces the stub of the same ID, at its place among the others; known is false where there is
// none.
func (s *Server) Edit(stub *mocks.Stub) (known bool, err error) { return s.stubs.edit(stub) }

// Remove stops serving the stub of an ID and tells whether there was one.
func (s *Server) Remove(id string) bool {
	known := s.stubs.removeByID(id)
	if known {
		s.forgetStates()
	}
	return known
}

// RemoveWhere stops serving the stubs that drop tells and returns them.
func (s *Server) RemoveWhere(drop func(*mocks.Stub) bool) []*mocks.Stub {
	gone := s.stubs.remove(drop)
	if len(gone) > 0 {
		s.forgetStates()
	}
	return gone
}

// Reset goes back to the stubs of the plan, with scenarios at their start and an empty journal.
func (s *Server) Reset() error {
	if err := s.stubs.reset(); err != nil {
		return err
	}
	s.attempt.Store(newAttempt())
	s.events.clear()
	return nil
}

// Events are the newest requests, oldest first, and how many older ones are forgotten.
func (s *Server) Events() (events []*Event, dropped int64) { return s.events.all() }

// RemoveEvents forgets the requests that drop tells and returns them. The counters stay.
func (s *Server) RemoveEvents(drop func(*Event) bool) []*Event { return s.events.remove(drop) }

// ClearEvents forgets all requests. The counters stay.
func (s *Server) ClearEvents() { s.events.clear() }

// Nearest are up to three stubs that come closest to a request, the closest first.
func (s *Server) Nearest(r *mocks.Request) []mocks.Near { return s.stubs.snapshot().near().nearest(r) }

// Scenario is one state machine of the stubs.
type Scenario struct {
	Name, State string
	// States are all that the stubs name, sorted.
	States []string
	Stubs  []*mocks.Stub
}

// Scenarios are those of the present stubs, by name.
func (s *Server) Scenarios() []Scenario {
	found := map[string]*Scenario{}
	a := s.attempt.Load()
	for _, stub := range s.Stubs() {
		if stub.Scenario == "" {
			continue
		}
		c := found[stub.Scenario]
		if c == nil {
			c = &Scenario{Name: stub.Scenario, State: a.state(stub.Scenario), States: []string{mocks.Started}}
			found[stub.Scenario] = c
		}
		c.Stubs = append(c.Stubs, stub)
		for _, state := range []string{stub.RequiredState, stub.NewState} {
			if state != "" && !slices.Contains(c.States, state) {
				c.States = append(c.States, state)
			}
		}
	}
	var out []Scenario
	for _, name := range slices.Sorted(maps.Keys(found)) {
		slices.Sort(found[name].States)
		out = append(out, *found[name])
	}
	return out
}

// ErrUnknownScenario is returned for the name of a scenario that no stub has.
var ErrUnknownScenario = errors.New("no stub is part of this scenario")

// SetState puts a scenario into a state that one of its stubs names.
func (s *Server) SetState(scenario, state string) error {
	all := s.Scenarios()
	i := slices.IndexFunc(all, func(c Scenario) bool { return c.Name == scenario })
	if i < 0 {
		return fmt.Errorf("scenario %q: %w", scenario, ErrUnknownScenario)
	}
	if !slices.Contains(all[i].States, state) {
		return fmt.Errorf("scenario %q has no state %q; it has %q", scenario, state, all[i].States)
	}
	a := s.attempt.Load()
	a.stateMu.Lock()
	defer a.stateMu.Unlock()
	a.states[scenario] = state
	return nil
}

// ResetScenarios puts all scenarios back to their start.
func (s *Server) ResetScenarios() {
	a := s.attempt.Load()
	a.stateMu.Lock()
	defer a.stateMu.Unlock()
	clear(a.states)
}

func (a *attempt) state(scenario string) string {
	a.stateMu.Lock()
	defer a.stateMu.Unlock()
	if state, moved := a.states[scenario]; moved {
		return state
	}
	return mocks.Started
}

// forgetStates drops the states of scenarios that no stub has any more.
func (s *Server) forgetStates() {
	a := s.attempt.Load()
	a.stateMu.Lock()
	moved := len(a.states)
	a.stateMu.Unlock()
	if moved == 0 {
		return
	}
	left := map[string]bool{}
	for _, stub := range s.Stubs() {
		left[stub.Scenario] = true
	}
	a.stateMu.Lock()
	defer a.stateMu.Unlock()
	maps.DeleteFunc(a.states, func(name, _ string) bool { return !left[name] })
}

// ErrProxyRefused is returned where a service would be called and the server may not call any.
var ErrProxyRefused = errors.New("this mock never calls a live service")

// Record passes all requests from now on to the service at a base URL, until [Server.StopRecording].
func (s *Server) Record(target *url.URL) error {
	if !s.stubs.proxies {
		return ErrProxyRefused
	}
	s.recording.Store(&upstream{base: target, header: http.Header{}})
	return nil
}

// StopRecording answers from the stubs again.
func (s *Server) StopRecording() { s.recording.Store(nil) }

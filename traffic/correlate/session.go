// Package correlate carries values that a replayed response issues, such as identifiers, tokens, cursors
// and cookies, into the later requests of its session, in the place of those that were recorded.
package correlate

import (
	"cmp"
	"slices"

	"github.com/headgate-dev/headgate/traffic"
)

// Binding is a recorded value that another one stands for in this replay.
type Binding struct {
	Recorded, Actual string
	// Where tells where it was issued, such as "response 1 $.id"; responses count from 1.
	Where string
	// Site is the same for all answers of the endpoint.
	Site Site
	// Uses is how often it was put into a request.
	Uses int
}

// Unbound is a recorded value that was issued and used later, but for which the replay gave nothing to
// put in its place. The requests that use it were sent with the recorded value.
type Unbound struct {
	Recorded string
	Where    string
	Site     Site
	// UsedBy is the index in the session of the last request that uses it.
	UsedBy int
	Reason string
}

// Session follows one session through its replay. It is used by one goroutine at a time, request after
// request: Apply, send, Learn, then compare. It remembers every value that a request still to come uses,
// and some thousand others.
type Session struct {
	*Correlator
	bindings map[string]*binding
	// targets tells which recorded value an actual one stands for.
	targets map[string]string
	unbound map[string]Unbound
	active  int // bindings that change something
	uses    int // values put into requests
	bound   int // bindings made
	// rehearsal is true for a session that is played against its own recording.
	rehearsal bool

	counts counts
}

type binding struct {
	Binding
	order int
	// last is the last request that uses the value, as far as the recording was looked through.
	last int
	// at is the answer that issued the value.
	at int
	// needs is where the value must stand to be replaced.
	needs standing
}

// settled is a value that the replay issued exactly as recorded.
func (b *binding) settled() bool { return b.Recorded == b.Actual }

// NewSession starts a session with the default configuration.
func NewSession() *Session { return (&Correlator{}).NewSession() }

// NewSession starts a session.
func (c *Correlator) NewSession() *Session { return &Session{Correlator: c} }

// NewRehearsal starts a session that is played against its own recording, for its report: it tells what a
// replay would carry, if its answers had other values.
func (c *Correlator) NewRehearsal() *Session { return &Session{Correlator: c, rehearsal: true} }

// Apply returns the request to send: r with every recorded value replaced for which another one is known.
// r itself is not changed and is returned if there is nothing to replace. Content-Length is left as it is.
// endpoint is that of r.
func (s *Session) Apply(endpoint string, r *traffic.Request) *traffic.Request {
	if s.active == 0 && !s.rehearsal {
		return r
	}
	var at spot
	return rewriter{at: &at, find: func(token string, how standing) (string, bool) {
		b := s.lookup(token, how)
		if b == nil {
			return s.settledTag(token, how)
		}
		b.Uses++
		s.uses++
		s.counts.carried.add(flow{from: b.Site, endpoint: endpoint, to: at}, 1)
		return b.Actual, true
	}}.request(r)
}

// Uses is how often a value was put into a request.
func (s *Session) Uses() int { return s.uses }

// lookup finds the binding that replaces a value, nil if there is none.
func (s *Session) lookup(token string, how standing) *binding {
	b := s.bindings[token]
	if b == nil || b.settled() && !s.rehearsal || b.needs&how != b.needs {
		return nil
	}
	return b
}

// Same tells whether actual is what the recorded text has become: the bound value, or the text with
// every bound value in it replaced.
func (s *Session) Same(recorded, actual string) bool { return s.SameMember("", recorded, actual) }

// settledTag finds the validator of a resource that is as recorded, so that no other resource's is taken.
func (s *Session) settledTag(token string, how standing) (string, bool) {
	if how&asTag == 0 || s.bindings[token] == nil {
		return "", false
	}
	return token, true
}

// SameMember is Same for the value of an object member of that name. Small numbers count only where the
// name is that of an identifier.
func (s *Session) SameMember(name, recorded, actual string) bool {
	if recorded == actual {
		return true
	}
	if s.active == 0 {
		return false
	}
	text, changed := rewriter{at: new(spot), find: func(token string, how standing) (string, bool) {
		if b := s.lookup(token, how); b != nil {
			return b.Actual, true
		}
		return "", false
	}}.text(recorded, idName(name))
	return changed && text == actual
}

// Bindings lists the values that are replaced, in the order in which they were issued.
func (s *Session) Bindings() []Binding {
	var list []*binding
	for _, b := range s.bindings {
		if !b.settled() {
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b *binding) int { return a.order - b.order })
	out := make([]Binding, 0, len(list))
	for _, b := range list {
		out = append(out, b.Binding)
	}
	return out
}

// Unbound lists the values that later requests use and the replay did not give, in their order.
func (s *Session) Unbound() []Unbound {
	out := make([]Unbound, 0, len(s.unbound))
	for _, u := range s.unbound {
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b Unbound) int {
		return cmp.Or(cmp.Compare(a.UsedBy, b.UsedBy), cmp.Compare(a.Recorded, b.Recorded))
	})
	return out
}

// remembered is how many bindings a session keeps at least, where later requests do not use them any more:
// answers may still show them.
const remembered = 2000

// forget drops the oldest bindings that no later request uses.
func (s *Session) forget(i int) {
	if len(s.bindings) < 2*remembered || s.bound%remembered != 0 {
		return
	}
	for value, b := range s.bindings {
		if b.last > i || b.order > s.bound-remembered {
			continue
		}
		delete(s.bindings, value)
		if s.targets[b.Actual] == value {
			delete(s.targets, b.Actual)
		}
		if !b.settled() {
			s.active--
		}
	}
}

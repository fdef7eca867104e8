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
	// Uses is how often it was put into a request.
	Uses int
}

// Unbound is a recorded value that was issued and used later, but for which the replay gave nothing to
// put in its place. The requests that use it were sent with the recorded value.
type Unbound struct {
	Recorded string
	Where    string
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
}

type binding struct {
	Binding
	order int
	// last is the last request that uses the value, as far as the recording was looked through.
	last int
	// weak values are numbers too small to be told from others: they are replaced only where
	// identifiers stand.
	weak bool
}

// settled is a value that the replay issued exactly as recorded.
func (b *binding) settled() bool { return b.Recorded == b.Actual }

// NewSession starts a session with the default configuration.
func NewSession() *Session { return (&Correlator{}).NewSession() }

// NewSession starts a session.
func (c *Correlator) NewSession() *Session { return &Session{Correlator: c} }

// Apply returns the request to send: r with every recorded value replaced for which another one is known.
// r itself is not changed and is returned if there is nothing to replace. Content-Length is left as it is.
func (s *Session) Apply(r *traffic.Request) *traffic.Request {
	if s.active == 0 {
		return r
	}
	return rewriter{find: func(token string, id bool) (string, bool) {
		b := s.lookup(token, id)
		if b == nil {
			return "", false
		}
		b.Uses++
		s.uses++
		return b.Actual, true
	}}.request(r)
}

// Uses is how often a value was put into a request.
func (s *Session) Uses() int { return s.uses }

// lookup finds the binding that replaces a value, nil if there is none.
func (s *Session) lookup(token string, id bool) *binding {
	b := s.bindings[token]
	if b == nil || b.settled() || b.weak && !id {
		return nil
	}
	return b
}

// Same tells whether actual is what the recorded text has become: the bound value, or the text with
// every bound value in it replaced.
func (s *Session) Same(recorded, actual string) bool { return s.SameMember("", recorded, actual) }

// SameMember is Same for the value of an object member of that name. Small numbers count only where the
// name is that of an identifier.
func (s *Session) SameMember(name, recorded, actual string) bool {
	if recorded == actual {
		return true
	}
	if s.active == 0 {
		return false
	}
	text, changed := rewriter{find: func(token string, id bool) (string, bool) {
		if b := s.lookup(token, id); b != nil {
			return b.Actual, true
		}
		return "", false
	}}.text(recorded, isIDName(name))
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

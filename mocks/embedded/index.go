package embedded

import (
	"slices"
	"sync"

	"github.com/headgate-dev/headgate/mocks"
)

// index finds the stub for a request at a cost that does not grow with the number of stubs: by method
// and literal path, then by what else the stubs there pin. Only stubs without a literal path are tried
// one by one. It is immutable.
type index struct {
	entries []*entry // in the order of trying
	single  map[nodeKey]*entry
	nodes   map[nodeKey]*node
	loose   bucket
	// anyMethod tells whether there are keys without a method.
	anyMethod bool
	near      func() near
}

// nodeKey is a method (empty for any) and a literal path. One stub alone at a key stands in the index as it
// is, several in a node.
type nodeKey struct{ method, path string }

// node holds the stubs of one method and path, by shape.
type node struct{ shapes []*shape }

// bucket holds the stubs of one key in the order of trying, those of scenarios by state.
type bucket struct {
	plain  []*entry
	states map[state][]*entry
	names  []string // of the scenarios in states
}

// state is one state of one scenario; an empty name of the state is any state.
type state struct{ scenario, name string }

// newIndex indexes entries that stand in the order of trying.
func newIndex(ordered []*entry) *index {
	x := &index{entries: ordered, single: map[nodeKey]*entry{}, nodes: map[nodeKey]*node{}}
	for _, e := range ordered {
		x.add(e)
	}
	x.near = sync.OnceValue(func() near { return newNear(ordered) })
	return x
}

func (x *index) add(e *entry) {
	p := e.stub.Request
	path, _, _, literal := p.Literal()
	if !literal {
		x.loose.add(e)
		return
	}
	key := nodeKey{p.Method, path}
	if p.AnyMethod() {
		key.method, x.anyMethod = "", true
	}
	n, alone := x.nodes[key], x.single[key]
	switch {
	case n != nil:
		n.add(e)
	case alone == nil && !e.scenario:
		x.single[key] = e
	default:
		n = &node{}
		x.nodes[key] = n
		if alone != nil {
			delete(x.single, key)
			n.add(alone)
		}
		n.add(e)
	}
}

func (n *node) add(e *entry) {
	for _, known := range n.shapes {
		if known.name == e.shape.name {
			known.add(e.key, e)
			return
		}
	}
	s := *e.shape
	s.buckets = map[uint64]*bucket{}
	if s.body != nil && parsed(s.body) {
		s.memo = &memo{}
	}
	s.add(e.key, e)
	n.shapes = append(n.shapes, &s)
}

func (s *shape) add(key uint64, e *entry) {
	b := s.buckets[key]
	if b == nil {
		b = &bucket{}
		s.buckets[key] = b
	}
	b.add(e)
}

func (b *bucket) add(e *entry) {
	s := e.stub
	if s.Scenario == "" {
		b.plain = append(b.plain, e)
		return
	}
	if b.states == nil {
		b.states = map[state][]*entry{}
	}
	if !slices.Contains(b.names, s.Scenario) {
		b.names = append(b.names, s.Scenario)
	}
	at := state{s.Scenario, s.RequiredState}
	b.states[at] = append(b.states[at], e)
}

// candidates are the buckets that may hold a stub for the request, beside those of [index.alone].
func (x *index) candidates(r *mocks.Request) (found []*bucket) {
	if len(x.nodes) > 0 {
		for _, key := range [...]nodeKey{{r.Method, r.Path}, {"", r.Path}} {
			if n := x.nodes[key]; n != nil {
				for _, s := range n.shapes {
					found = s.find(found, r)
				}
			}
		}
	}
	if len(x.loose.plain) > 0 || len(x.loose.names) > 0 {
		found = append(found, &x.loose)
	}
	return found
}

// alone is the best of the stubs that match and are the only ones of their key.
func (x *index) alone(r *mocks.Request) *entry {
	top := x.single[nodeKey{r.Method, r.Path}]
	if top != nil && !top.matches(r) {
		top = nil
	}
	if x.anyMethod {
		e := x.single[nodeKey{"", r.Path}]
		if e != nil && (top == nil || inOrder(e, top) < 0) && e.matches(r) {
			top = e
		}
	}
	return top
}

// lookup finds the stub that answers the request, or nil, and moves its scenario on. Checking the
// state, matching and moving on are one step.
func (x *index) lookup(r *mocks.Request, a *attempt) *entry {
	top, found := x.alone(r), x.candidates(r)
	if !slices.ContainsFunc(found, func(b *bucket) bool { return len(b.names) > 0 }) {
		return best(found, r, top, nil)
	}
	a.stateMu.Lock()
	defer a.stateMu.Unlock()
	e := best(found, r, top, a.states)
	if e != nil && e.scenario && e.stub.NewState != "" {
		a.states[e.stub.Scenario] = e.stub.NewState
	}
	return e
}

// best is the first in the order of trying of top, which may be nil, and of those in the buckets that match.
func best(found []*bucket, r *mocks.Request, top *entry, states map[string]string) *entry {
	for _, b := range found {
		top = first(b.plain, r, top)
		for _, name := range b.names {
			current, moved := states[name]
			if !moved {
				current = mocks.Started
			}
			top = first(b.states[state{name, current}], r, top)
			top = first(b.states[state{name, ""}], r, top)
		}
	}
	return top
}

// first is the first of the list that matches, unless top comes before it.
func first(list []*entry, r *mocks.Request, top *entry) *entry {
	for _, e := range list {
		if top != nil && inOrder(top, e) < 0 {
			return top
		}
		if e.matches(r) {
			return e
		}
	}
	return top
}

// Package metric holds the numbers that gates judge: a registry of declared metrics that a run fills,
// and immutable snapshots of it.
package metric

import (
	"maps"
	"slices"
	"sync"
)

// Registry collects the metrics of a run. It is safe for concurrent use. Recording into a metric that
// was not declared, or in the wrong way for its kind, is a programming error and panics with its name.
type Registry struct {
	mu       sync.Mutex
	catalog  *catalog
	subjects map[string]map[string]bool // scope, subject
	cells    map[Ref]*cell              // by declared name
}

// New makes a registry with the declared metrics.
func New(descs ...Desc) (*Registry, error) {
	r := &Registry{subjects: map[string]map[string]bool{}, cells: map[Ref]*cell{}}
	if err := r.Declare(descs...); err != nil {
		return nil, err
	}
	return r, nil
}

// Declare adds metrics, all or none. Declaring the same again is fine; declaring a taken name
// otherwise is an error.
func (r *Registry) Declare(descs ...Desc) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, err := r.catalog.with(descs)
	if err != nil {
		return err
	}
	r.catalog = next
	return nil
}

// Descs lists the declarations of a scope by name, or all of them for an empty scope.
func (r *Registry) Descs(scope string) []Desc {
	return r.declared().list(scope)
}

func (c *catalog) list(scope string) []Desc {
	var out []Desc
	for _, d := range c.sorted() {
		if scope == "" || d.Scope == scope {
			out = append(out, *d)
		}
	}
	return out
}

// Lookup finds a metric by any of its names, an alias or a quantile's name included. quantile is
// above 0 and at most 1 where the name is a quantile of a Distribution (1 is the maximum), else 0.
func (r *Registry) Lookup(scope, name string) (d Desc, quantile float64, ok bool) {
	return r.declared().lookup(scope, name)
}

func (c *catalog) lookup(scope, name string) (Desc, float64, bool) {
	found, ok := c.names[Ref{Scope: scope, Name: name}]
	if !ok {
		return Desc{}, 0, false
	}
	return *found.desc, found.stat.quantile, true
}

// Canonical replaces an alias by the declared name; false where the name is not declared.
func (r *Registry) Canonical(ref Ref) (Ref, bool) {
	found, ok := r.declared().names[Ref{Scope: ref.Scope, Name: ref.Name}]
	if !ok {
		return ref, false
	}
	ref.Name = found.name
	return ref, true
}

// Subject declares a subject of a scope. Recording a value for a subject declares it as well.
func (r *Registry) Subject(scope, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subject(scope, name)
}

func (r *Registry) subject(scope, name string) {
	if r.subjects[scope] == nil {
		r.subjects[scope] = map[string]bool{}
	}
	r.subjects[scope][name] = true
}

// Subjects lists the subjects of a scope in order of their names.
func (r *Registry) Subjects(scope string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.subjects[scope]))
}

// Add adds n to a Counter. Adding 0 makes a zero evidence.
func (r *Registry) Add(ref Ref, n float64) { r.Handle(ref).Add(n) }

// Set sets a Gauge.
func (r *Registry) Set(ref Ref, v float64) { r.Handle(ref).set(Gauge, v) }

// SetFlag sets a Flag.
func (r *Registry) SetFlag(ref Ref, v bool) {
	value := 0.0
	if v {
		value = 1
	}
	r.Handle(ref).set(Flag, value)
}

// Hit adds hits out of total to a Rate.
func (r *Registry) Hit(ref Ref, hits, total int64) { r.Handle(ref).Hit(hits, total) }

// Observe adds one observation, in seconds, to a Distribution. id is the recorded request that it
// belongs to, so that it can be paired with the same request in another run; "" if there is none.
// Observations beyond [SampleLimit] with an id count in the quantiles but are not all kept as samples.
func (r *Registry) Observe(ref Ref, id string, seconds float64) { r.Handle(ref).Observe(id, seconds) }

// Drop forgets all values of the named subjects; they stay declared.
func (r *Registry) Drop(scope string, subjects ...string) {
	r.forget(func(ref Ref) bool { return ref.Scope == scope && slices.Contains(subjects, ref.Subject) })
}

// Reset forgets all values of the scopes, or of all scopes if none is named, for a new attempt.
// Declarations and subjects stay.
func (r *Registry) Reset(scopes ...string) {
	r.forget(func(ref Ref) bool { return len(scopes) == 0 || slices.Contains(scopes, ref.Scope) })
}

func (r *Registry) forget(which func(Ref) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.cells {
		if which(c.ref) {
			c.tally = tally{} // emptied, not removed: handles lead to it
		}
	}
}

func (r *Registry) declared() *catalog {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.catalog
}

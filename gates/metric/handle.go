package metric

import "fmt"

// Handle records into one metric of one subject, for those who record often: the metric is looked up
// once. It has the promises of [Registry] and stays good when values are forgotten.
type Handle struct {
	registry *Registry
	cell     *cell
}

// Handle finds the metric. Nothing is recorded yet.
func (r *Registry) Handle(ref Ref) Handle {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.cells[ref]
	if c == nil {
		c = &cell{ref: ref, kind: r.kind(ref)}
		r.cells[ref] = c
	}
	return Handle{r, c}
}

// kind checks a reference. The caller holds the lock.
func (r *Registry) kind(ref Ref) Kind {
	d := r.catalog.descs[Ref{Scope: ref.Scope, Name: ref.Name}]
	switch {
	case d == nil:
		panic(fmt.Sprintf("metric %s is not declared", ref))
	case HasSubjects(ref.Scope) != (ref.Subject != ""):
		panic(fmt.Sprintf("metric %s: scope %s and subject %q do not go together", ref, ref.Scope, ref.Subject))
	}
	return d.Kind
}

// Add is [Registry.Add].
func (h Handle) Add(n float64) {
	c := h.open(Counter)
	c.value += n
	h.registry.mu.Unlock()
}

// Hit is [Registry.Hit].
func (h Handle) Hit(hits, total int64) {
	c := h.open(Rate)
	c.hits += hits
	c.total += total
	h.registry.mu.Unlock()
}

// Observe is [Registry.Observe].
func (h Handle) Observe(id string, seconds float64) {
	c := h.open(Distribution)
	c.observe(id, seconds)
	h.registry.mu.Unlock()
}

func (h Handle) set(kind Kind, v float64) {
	c := h.open(kind)
	c.value = v
	h.registry.mu.Unlock()
}

// open counts an update and leaves the registry locked.
func (h Handle) open(kind Kind) *cell {
	c := h.cell
	if c.kind != kind {
		panic(fmt.Sprintf("metric %s is a %s and was used as a %s", c.ref, c.kind, kind))
	}
	h.registry.mu.Lock()
	if c.updates == 0 && c.ref.Subject != "" {
		h.registry.subject(c.ref.Scope, c.ref.Subject)
	}
	c.updates++
	return c
}

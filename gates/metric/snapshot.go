package metric

import (
	"maps"
	"slices"
)

// Snapshot is an immutable copy of a registry's values. A nil Snapshot holds nothing.
type Snapshot struct {
	catalog  *catalog
	subjects map[string][]string
	cells    map[Ref]frozen // by declared name
}

// frozen is a recorded metric that no longer changes.
type frozen struct {
	updates     int64
	value       float64
	hits, total int64
	dist        *summary
}

// Point is a metric's value in its base unit, and the number of samples behind it.
type Point struct {
	Value float64
	N     int64
}

// Entry is one metric of a snapshot under one of the names in which it is judged.
type Entry struct {
	Ref   Ref
	Desc  Desc
	Point Point
}

// Snapshot copies the registry at one moment.
func (r *Registry) Snapshot() *Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &Snapshot{catalog: r.catalog, subjects: map[string][]string{}, cells: map[Ref]frozen{}}
	for scope, names := range r.subjects {
		s.subjects[scope] = slices.Sorted(maps.Keys(names))
	}
	for ref, c := range r.cells {
		if c.updates == 0 {
			continue
		}
		f := frozen{updates: c.updates, value: c.value, hits: c.hits, total: c.total}
		if c.dist != nil {
			f.dist = c.dist.summarize()
		}
		s.cells[ref] = f
	}
	return s
}

// Get reads a metric by any of its names. It is absent where nothing was recorded, where a rate is 0
// of 0, and where the metric's exposure counter is not above 0. A counter that nobody added to is 0
// where its exposure is above 0. A value can be NaN or infinite if that was recorded.
func (s *Snapshot) Get(ref Ref) (Point, bool) {
	if s == nil {
		return Point{}, false
	}
	found, ok := s.catalog.names[Ref{Scope: ref.Scope, Name: ref.Name}]
	if !ok {
		return Point{}, false
	}
	exposure, exposed := s.exposure(found.desc, ref)
	if !exposed {
		return Point{}, false
	}
	ref.Name = found.desc.Name
	c, recorded := s.cells[ref]
	if !recorded {
		return Point{N: exposure}, found.desc.Kind == Counter && exposure > 0
	}
	p, ok := c.point(found)
	if exposure > 0 && found.desc.Kind != Distribution {
		p.N = exposure
	}
	return p, ok
}

// exposure is the value of the metric's exposure counter, 0 if it needs none; false without evidence.
func (s *Snapshot) exposure(d *Desc, ref Ref) (int64, bool) {
	if d.Exposure == "" {
		return 0, true
	}
	ref.Name = d.Exposure
	c := s.cells[ref]
	return int64(c.value), c.value >= 1
}

func (c frozen) point(r reading) (Point, bool) {
	switch r.desc.Kind {
	case Rate:
		if c.total == 0 {
			return Point{}, false
		}
		return Point{Value: float64(c.hits) / float64(c.total), N: c.total}, true
	case Distribution:
		if c.dist == nil {
			return Point{}, false
		}
		return Point{Value: c.dist.values[r.stat.suffix], N: c.dist.n}, true
	case Counter:
		return Point{Value: c.value, N: max(1, int64(c.value))}, true
	default:
		return Point{Value: c.value, N: c.updates}, true
	}
}

// Lookup is [Registry.Lookup] for the declarations at the time of the snapshot.
func (s *Snapshot) Lookup(scope, name string) (d Desc, quantile float64, ok bool) {
	if s == nil {
		return Desc{}, 0, false
	}
	return s.catalog.lookup(scope, name)
}

// Subjects lists the subjects of a scope in order of their names.
func (s *Snapshot) Subjects(scope string) []string {
	if s == nil {
		return nil
	}
	return slices.Clone(s.subjects[scope])
}

// All lists every metric that has a value, by reference. A Distribution appears once for each
// quantile.
func (s *Snapshot) All() []Entry {
	if s == nil {
		return nil
	}
	var out []Entry
	for _, d := range s.catalog.sorted() {
		subjects := []string{""}
		if HasSubjects(d.Scope) {
			subjects = s.subjects[d.Scope]
		}
		for _, subject := range subjects {
			for _, name := range d.Names() {
				ref := Ref{Scope: d.Scope, Subject: subject, Name: name}
				if p, ok := s.Get(ref); ok {
					out = append(out, Entry{Ref: ref, Desc: *d, Point: p})
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return a.Ref.Compare(b.Ref) })
	return out
}

// Samples lists the kept samples of a Distribution in order of their ids. The reference names the
// Distribution or one of its quantiles.
func (s *Snapshot) Samples(ref Ref) []Sample {
	if s == nil {
		return nil
	}
	if found, ok := s.catalog.names[Ref{Scope: ref.Scope, Name: ref.Name}]; ok {
		ref.Name = found.desc.Name
	}
	c, ok := s.cells[ref]
	if !ok || c.dist == nil {
		return nil
	}
	return slices.Clone(c.dist.samples)
}

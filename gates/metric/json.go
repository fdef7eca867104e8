package metric

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// document is the JSON form of a snapshot.
type document struct {
	Declared []Desc              `json:"declared"`
	Subjects map[string][]string `json:"subjects,omitempty"`
	Metrics  []line              `json:"metrics"`
}

// line is the JSON form of one metric.
type line struct {
	Metric  Ref               `json:"metric"`
	Value   *number           `json:"value,omitempty"`
	Hits    *int64            `json:"hits,omitempty"`
	Total   *int64            `json:"total,omitempty"`
	Updates int64             `json:"updates"`
	Dist    map[string]number `json:"distribution,omitempty"`
	N       int64             `json:"n,omitempty"`
	Samples []Sample          `json:"samples,omitempty"`
}

// MarshalJSON writes the snapshot with its declarations, sorted. A value that is not finite becomes
// null and is read back as NaN.
func (s *Snapshot) MarshalJSON() ([]byte, error) {
	if s == nil {
		return []byte("null"), nil
	}
	doc := document{Declared: s.catalog.list(""), Subjects: s.subjects, Metrics: []line{}}
	for _, ref := range slices.SortedFunc(maps.Keys(s.cells), Ref.Compare) {
		d := s.catalog.descs[Ref{Scope: ref.Scope, Name: ref.Name}]
		doc.Metrics = append(doc.Metrics, s.cells[ref].line(ref, d.Kind))
	}
	return json.Marshal(doc)
}

func (c frozen) line(ref Ref, kind Kind) line {
	l := line{Metric: ref, Updates: c.updates}
	switch {
	case kind == Rate:
		l.Hits, l.Total = &c.hits, &c.total
	case c.dist != nil:
		l.N, l.Samples, l.Dist = c.dist.n, c.dist.samples, map[string]number{}
		for suffix, v := range c.dist.values {
			l.Dist[suffix] = number(v)
		}
	default:
		l.Value = (*number)(&c.value)
	}
	return l
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Snapshot) UnmarshalJSON(b []byte) error {
	var doc document
	if err := json.Unmarshal(b, &doc); err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	declared, err := (*catalog)(nil).with(doc.Declared)
	if err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	next := Snapshot{catalog: declared, subjects: doc.Subjects, cells: map[Ref]frozen{}}
	if next.subjects == nil {
		next.subjects = map[string][]string{}
	}
	for _, l := range doc.Metrics {
		d := declared.descs[Ref{Scope: l.Metric.Scope, Name: l.Metric.Name}]
		if d == nil {
			return fmt.Errorf("read metrics: %s is not declared", l.Metric)
		}
		f, err := l.frozen(d.Kind)
		if err != nil {
			return fmt.Errorf("read metric %s: %w", l.Metric, err)
		}
		next.cells[l.Metric] = f
	}
	*s = next
	return nil
}

func (l line) frozen(kind Kind) (frozen, error) {
	f := frozen{updates: l.Updates}
	switch {
	case kind == Rate && l.Hits != nil && l.Total != nil:
		f.hits, f.total = *l.Hits, *l.Total
	case kind == Distribution && l.Dist != nil:
		f.dist = &summary{n: l.N, samples: l.Samples, values: map[string]float64{}}
		slices.SortStableFunc(f.dist.samples, func(a, b Sample) int { return cmp.Compare(a.ID, b.ID) })
		for _, st := range stats {
			v, ok := l.Dist[st.suffix]
			if !ok {
				return frozen{}, fmt.Errorf("the distribution has no %s", st.suffix)
			}
			f.dist.values[st.suffix] = float64(v)
		}
	case kind != Rate && kind != Distribution:
		f.value = math.NaN()
		if l.Value != nil {
			f.value = float64(*l.Value)
		}
	default:
		return frozen{}, fmt.Errorf("its values do not fit a %s", kind)
	}
	return f, nil
}

package compare

import (
	"cmp"
	"slices"
	"sync"
)

// maxSamples is how many examples a group keeps.
const maxSamples = 3

// Group is one field of one endpoint that differs in one way.
type Group struct {
	Endpoint string
	// Path is the [Difference.Group] of the field.
	Path string
	Kind Kind
	// Count is the number of responses in which the field differs, Of the number of responses compared
	// at the endpoint.
	Count, Of int64
	// Samples are the first differences, at most three and of three responses.
	Samples []Sample
}

// Sample is one difference of a [Group].
type Sample struct {
	RecordID string
	// Path is where exactly the record differs.
	Path             string
	Expected, Actual string
}

// Aggregate groups the differences of many responses. The zero value is empty and ready; it is safe for
// concurrent use and must not be copied.
type Aggregate struct {
	mu     sync.Mutex
	groups map[groupKey]*Group
	of     map[string]int64
}

type groupKey struct {
	endpoint, path string
	kind           Kind
}

// Add takes the outcome of one response. An outcome of nothing to compare counts nowhere. It tells
// whether the record became a sample of a group.
func (a *Aggregate) Add(endpoint string, o Outcome, recordID string) (sampled bool) {
	if !o.Compared && len(o.Differences) == 0 {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil {
		a.of, a.groups = make(map[string]int64), make(map[groupKey]*Group)
	}
	a.of[endpoint]++
	if len(o.Differences) == 0 {
		return false
	}
	seen := make(map[groupKey]bool)
	for _, d := range o.Differences {
		key := groupKey{endpoint, d.Group, d.Kind}
		if seen[key] {
			continue
		}
		seen[key] = true
		sampled = a.add(key, d, recordID) || sampled
	}
	return sampled
}

func (a *Aggregate) add(key groupKey, d Difference, recordID string) (sampled bool) {
	g := a.groups[key]
	if g == nil {
		g = &Group{Endpoint: key.endpoint, Path: key.path, Kind: key.kind}
		a.groups[key] = g
	}
	g.Count++
	if len(g.Samples) == maxSamples {
		return false
	}
	g.Samples = append(g.Samples, Sample{recordID, d.Path, d.Expected, d.Actual})
	return true
}

// Groups lists the groups, worst first: by count, then by endpoint, path and kind.
func (a *Aggregate) Groups() []Group {
	a.mu.Lock()
	defer a.mu.Unlock()
	groups := make([]Group, 0, len(a.groups))
	for _, g := range a.groups {
		group := *g
		group.Of = a.of[g.Endpoint]
		group.Samples = slices.Clone(g.Samples)
		groups = append(groups, group)
	}
	slices.SortFunc(groups, func(x, y Group) int {
		return cmp.Or(-cmp.Compare(x.Count, y.Count), cmp.Compare(x.Endpoint, y.Endpoint),
			cmp.Compare(x.Path, y.Path), cmp.Compare(x.Kind, y.Kind))
	})
	return groups
}

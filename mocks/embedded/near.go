package embedded

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

// near finds the stubs that come closest to a request that none matches: first by counting what they
// have in common with it among the stubs of a like path, then by comparing the best of these in full.
type near struct {
	families map[string]*family // by path template
	loose    []*entry
}

// family is the stubs whose paths look alike.
type family struct {
	segments []string
	members  []member
}

type member struct {
	entry    *entry
	features []uint64
}

const (
	reported  = 3      // stubs in a report
	compared  = 16     // stubs compared in full
	relatives = 8      // families searched where none has the request's path
	searched  = 20_000 // stubs counted for one report
)

func newNear(entries []*entry) near {
	n := near{families: map[string]*family{}}
	for _, e := range entries {
		path, _, _, literal := e.stub.Request.Literal()
		if !literal {
			n.loose = append(n.loose, e)
			continue
		}
		template := traffic.Template(path)
		f := n.families[template]
		if f == nil {
			f = &family{segments: strings.Split(template, "/")}
			n.families[template] = f
		}
		f.members = append(f.members, member{e, e.features()})
	}
	return n
}

// nearest are up to three stubs, the closest first. A stub whose scenario is in another state counts as
// near even where its request matches.
func (n near) nearest(r *mocks.Request) []mocks.Near {
	var found []mocks.Near
	for _, e := range n.shortlist(r) {
		distance, diffs := e.stub.Compare(r)
		if distance == 0 && e.stub.Scenario != "" {
			diffs = append(diffs, mocks.Difference{
				Where: "scenario." + e.stub.Scenario, Expected: e.stub.RequiredState, Actual: "another state",
			})
		}
		if distance < 1 {
			found = append(found, mocks.Near{Stub: e.stub, Distance: distance, Differences: diffs})
		}
	}
	slices.SortStableFunc(found, func(a, b mocks.Near) int { return cmp.Compare(a.Distance, b.Distance) })
	return found[:min(len(found), reported)]
}

func (n near) shortlist(r *mocks.Request) []*entry {
	common := newTally(r.Features())
	var top []scored
	left := searched
	for _, f := range n.relatives(r.Path) {
		for _, m := range f.members[:min(len(f.members), left)] {
			top = keep(top, scored{m.entry, common.count(m.features), len(m.features)})
		}
		left -= min(len(f.members), left)
	}
	list := make([]*entry, 0, len(top)+compared)
	for _, s := range top {
		list = append(list, s.entry)
	}
	return append(list, n.loose[:min(len(n.loose), compared)]...)
}

// relatives are the families to search, the closest first.
func (n near) relatives(path string) []*family {
	template := traffic.Template(path)
	own := n.families[template]
	if own != nil && len(own.members) >= reported {
		return []*family{own}
	}
	segments := strings.Split(template, "/")
	type kin struct {
		name  string
		alike int
	}
	var all []kin
	for _, name := range slices.Sorted(maps.Keys(n.families)) {
		all = append(all, kin{name, alike(segments, n.families[name].segments)})
	}
	slices.SortStableFunc(all, func(a, b kin) int { return cmp.Compare(b.alike, a.alike) })
	var list []*family
	for _, k := range all[:min(len(all), relatives)] {
		list = append(list, n.families[k.name])
	}
	return list
}

// alike counts equal segments; an equal number of segments decides between equals.
func alike(a, b []string) int {
	same := 0
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			same += 2
		}
	}
	if len(a) == len(b) {
		same++
	}
	return same
}

type scored struct {
	entry          *entry
	common, pinned int
}

// keep holds the best in order: most in common, then fewest things that are not, then plan order.
func keep(top []scored, s scored) []scored {
	at := len(top)
	for at > 0 && s.better(top[at-1]) {
		at--
	}
	if at >= compared {
		return top
	}
	top = slices.Insert(top, at, s)
	return top[:min(len(top), compared)]
}

func (s scored) better(other scored) bool {
	if s.common != other.common {
		return s.common > other.common
	}
	return s.pinned < other.pinned
}

// tally is a set of features with a small filter before it: most lookups miss.
type tally struct {
	filter [64]uint64
	set    []uint64
}

func newTally(features []uint64) *tally {
	t := &tally{set: features}
	slices.Sort(t.set)
	for _, f := range t.set {
		t.filter[f>>6&63] |= 1 << (f & 63)
	}
	return t
}

func (t *tally) count(features []uint64) int {
	n := 0
	for _, f := range features {
		if t.filter[f>>6&63]&(1<<(f&63)) == 0 {
			continue
		}
		if _, ok := slices.BinarySearch(t.set, f); ok {
			n++
		}
	}
	return n
}

package summary

import (
	"maps"
	"slices"
	"strconv"

	"github.com/headgate-dev/headgate/traffic"
)

// operation counts the records of an endpoint, of a service or of a statement.
type operation struct {
	N, NoResponse int
	// Statuses counts answers by status, those of databases by SQLSTATE, or ok.
	Statuses map[string]int
	// Latency is in microseconds, Asked and Answered are body sizes in bytes.
	Latency, Asked, Answered histogram
	// IDs are hashes of the IDs of inbound records, by status.
	IDs map[string]idSet
}

func newOperation() *operation {
	return &operation{Statuses: map[string]int{}, Latency: histogram{}, Asked: histogram{}, Answered: histogram{}}
}

func (o *operation) add(r *traffic.Record) {
	o.N++
	o.Asked.add(int64(len(r.Request.Body)))
	if r.Response == nil {
		o.NoResponse++
		return
	}
	o.Statuses[status(r.Response)]++
	o.Answered.add(int64(len(r.Response.Body)))
	if r.Duration > 0 {
		o.Latency.add(r.Duration.Microseconds())
	}
}

func (o *operation) remember(status string, ids ...uint64) {
	if o.IDs == nil {
		o.IDs = map[string]idSet{}
	}
	o.IDs[status] = append(o.IDs[status], ids...)
}

// status is that of an answer as text; empty where there is none.
func status(a *traffic.Response) string {
	switch {
	case a == nil:
		return ""
	case a.Result == nil:
		return strconv.Itoa(a.Status)
	case failure(a.Result) != "":
		return failure(a.Result)
	}
	return "ok"
}

// failure is the SQLSTATE of the first error.
func failure(r *traffic.Result) string {
	if r.Error != nil {
		return r.Error.SQLState
	}
	for i := range r.Then {
		if state := failure(&r.Then[i]); state != "" {
			return state
		}
	}
	return ""
}

func (o *operation) merge(other *operation) {
	o.N += other.N
	o.NoResponse += other.NoResponse
	for status, n := range other.Statuses {
		o.Statuses[status] += n
	}
	o.Latency.merge(other.Latency)
	o.Asked.merge(other.Asked)
	o.Answered.merge(other.Answered)
}

// Other is the name of what is counted together beyond the bound.
const Other = "(other)"

// operations are counted by name, up to a bound.
type operations map[string]*operation

// of is the operation of a name.
func (o operations) of(name string) *operation {
	if known := o[name]; known != nil {
		return known
	}
	if len(o) >= Most {
		name = Other
	}
	if o[name] == nil {
		o[name] = newOperation()
	}
	return o[name]
}

func (o operations) merge(other operations) {
	for _, name := range slices.Sorted(maps.Keys(other)) { // beyond the bound the order matters
		o.of(name).merge(other[name])
	}
}

// remember takes over the IDs of operations that are merged.
func (o operations) remember(other operations) {
	for name, op := range other {
		for status, ids := range op.IDs {
			o.of(name).remember(status, ids...)
		}
	}
}

// idSet is hashes of IDs.
type idSet []uint64

// sorted puts the hashes in order, each once.
func (s idSet) sorted() idSet {
	if !slices.IsSorted(s) {
		slices.Sort(s)
	}
	return slices.Compact(s)
}

// common counts the hashes that are in another set, too; both are sorted.
func (s idSet) common(other idSet) (n int) {
	for len(s) > 0 && len(other) > 0 {
		switch {
		case s[0] < other[0]:
			s = s[1:]
		case s[0] > other[0]:
			other = other[1:]
		default:
			n++
			s, other = s[1:], other[1:]
		}
	}
	return n
}

// hashOf is FNV-1a, which is the same in every process.
func hashOf(id string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * prime
	}
	return h
}

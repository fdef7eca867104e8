package correlate

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Site is a place in the answers, or in the requests, of an endpoint: $.id, header.Location, query.cursor.
type Site struct {
	Endpoint string `json:"endpoint"`
	Place    string `json:"place"`
}

func (s Site) String() string { return s.Place + " of " + s.Endpoint }

func compareSites(a, b Site) int {
	return cmp.Or(strings.Compare(a.Endpoint, b.Endpoint), strings.Compare(a.Place, b.Place))
}

// spot is a place in a request.
type spot struct{ kind, name string }

func (s spot) String() string {
	switch {
	case s.kind == inJSON && s.name != "":
		return "$.." + strings.TrimPrefix(string(appendName(nil, s.name)), ".")
	case s.kind == inJSON:
		return "$"
	case s.name == "":
		return s.kind
	}
	return placeName(s.kind, s.name)
}

// flow leads from where a value was issued to where it was put.
type flow struct {
	from     Site
	endpoint string
	to       spot
}

// maxSites bounds what a report, and a session, tells one by one.
const maxSites = 2000

// tally counts by key. What would be one key too many is not counted.
type tally[K comparable] map[K]int

func (t *tally[K]) add(key K, n int) {
	if *t == nil {
		*t = make(tally[K])
	}
	if _, known := (*t)[key]; known || len(*t) < maxSites {
		(*t)[key] += n
	}
}

func (t *tally[K]) merge(o tally[K]) {
	for key, n := range o {
		t.add(key, n)
	}
}

// counts are what a session or several have to tell.
type counts struct {
	carried           tally[flow]
	issued, ambiguous tally[Site]
}

// missed is why values of a site were not carried.
type missed struct {
	Site

	reason string
}

// Report tells which values were carried from where to where and which were left as recorded, without the
// values themselves. The zero value is empty. It is for one goroutine at a time.
type Report struct {
	counts

	missed tally[missed]
	left   tally[Site]
}

// Add takes over what a session has to tell.
func (r *Report) Add(s *Session) {
	r.merge(&s.counts)
	for _, u := range s.unbound {
		r.missed.add(missed{u.Site, kindOf(u.Reason)}, 1)
	}
}

// kindOf is a reason without the values in it.
func kindOf(reason string) string {
	switch {
	case strings.HasSuffix(reason, "of another form"):
		return "the value has another form"
	case strings.HasPrefix(reason, "got "):
		return "the same value was issued for two"
	}
	return reason
}

func (r *Report) merge(c *counts) {
	r.carried.merge(c.carried)
	r.issued.merge(c.issued)
	r.ambiguous.merge(c.ambiguous)
}

// Clone is a report that grows by itself.
func (r *Report) Clone() *Report {
	out := &Report{}
	if r != nil {
		out.merge(&r.counts)
		out.missed.merge(r.missed)
		out.left.merge(r.left)
	}
	return out
}

// Source is where answers issue values that later requests use.
type Source struct {
	Site
	// Values is how many were issued.
	Values int `json:"values"`
	// UsedIn says where those that differ from the recorded ones were put.
	UsedIn []Use `json:"used_in"`
}

// Use is how often values were put into a place of requests, or values that were found there.
type Use struct {
	Site
	Count int `json:"count"`
}

// Miss is a site whose values later requests use, and that the replay did not issue.
type Miss struct {
	Site
	Reason string `json:"reason"`
	Values int    `json:"values"`
}

// Sources lists where values came from, by endpoint and place.
func (r *Report) Sources() []Source {
	uses := make(map[Site]tally[Site])
	for f, n := range r.carried {
		to := uses[f.from]
		to.add(Site{f.endpoint, f.to.String()}, n)
		uses[f.from] = to
	}
	list := []Source{}
	for _, at := range slices.SortedFunc(maps.Keys(r.issued), compareSites) {
		list = append(list, Source{at, r.issued[at], listed(uses[at])})
	}
	return list
}

// Ambiguous lists the places with a value that stands for two now: one answer had it at another place, too,
// which is the one that was followed.
func (r *Report) Ambiguous() []Use { return listed(r.ambiguous) }

// Left lists the places of requests with values that look issued but that no earlier answer of their
// session has: they were sent as recorded.
func (r *Report) Left() []Use { return listed(r.left) }

// listed are counts, the highest first.
func listed(t tally[Site]) []Use {
	list := []Use{}
	for at, n := range t {
		list = append(list, Use{at, n})
	}
	slices.SortFunc(list, func(a, b Use) int { return cmp.Or(b.Count-a.Count, compareSites(a.Site, b.Site)) })
	return list
}

// Missed lists what was not issued again.
func (r *Report) Missed() []Miss {
	list := []Miss{}
	for m, n := range r.missed {
		list = append(list, Miss{m.Site, m.reason, n})
	}
	slices.SortFunc(list, func(a, b Miss) int {
		return cmp.Or(b.Values-a.Values, compareSites(a.Site, b.Site), strings.Compare(a.Reason, b.Reason))
	})
	return list
}

// MarshalJSON gives all lists.
func (r *Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Issued    []Source `json:"issued"`
		Missed    []Miss   `json:"not_issued_again"`
		Ambiguous []Use    `json:"ambiguous"`
		Left      []Use    `json:"left_as_recorded"`
	}{r.Sources(), r.Missed(), r.Ambiguous(), r.Left()})
}

package safety

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/traffic"
)

// Found is a kind of value at one place of one endpoint.
type Found struct {
	Kind Kind `json:"kind"`
	// Where is as in [Finding], with "response " before it for what stands in answers.
	Where string `json:"where"`
	// Endpoint is [traffic.Endpoint] without personal data; of a database "SQL".
	Endpoint string `json:"endpoint"`
	// Outbound tells that it is in calls to a dependency, which Service names.
	Outbound bool   `json:"outbound,omitempty"`
	Service  string `json:"service,omitempty"`
	// Count is how many values there are, not necessarily different ones.
	Count int `json:"count"`
	// Sample is the first value, masked; Record the ID of the record that it is in.
	Sample string `json:"sample"`
	Record string `json:"record"`
}

// place is what makes two findings one.
type place struct {
	kind                     Kind
	where, endpoint, service string
	outbound                 bool
}

// MostPlaces bounds how many places a report tells apart.
const MostPlaces = 1000

// Report counts findings by kind and place.
type Report struct {
	places map[place]*Found
	// More counts the values at places beyond MostPlaces.
	More int
}

// Add counts a finding in a record. Endpoint is that of the record, see [Scanner.Endpoint].
func (r *Report) Add(record *traffic.Record, endpoint string, f Finding) {
	where := f.Where
	if f.Answer {
		where = "response " + where
	}
	r.add(&Found{
		Kind: f.Kind, Where: where, Endpoint: endpoint, Outbound: record.Direction == traffic.Outbound,
		Service: strings.Map(printable, record.Service), Count: 1, Sample: f.Mask(), Record: record.ID,
	})
}

func (r *Report) add(f *Found) {
	at := place{f.Kind, f.Where, f.Endpoint, f.Service, f.Outbound}
	if known := r.places[at]; known != nil {
		known.Count += f.Count
		return
	}
	if len(r.places) == MostPlaces {
		r.More += f.Count
		return
	}
	if r.places == nil {
		r.places = map[place]*Found{}
	}
	r.places[at] = f
}

// Merge adds what another report has counted.
func (r *Report) Merge(o *Report) {
	for _, f := range o.List() {
		r.add(&f)
	}
	r.More += o.More
}

// List lists all places, the most dangerous kinds and then the most frequent first.
func (r *Report) List() []Found {
	list := make([]Found, 0, len(r.places))
	for _, f := range r.places {
		list = append(list, *f)
	}
	slices.SortFunc(list, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Kind.rank(), b.Kind.rank()), cmp.Compare(b.Count, a.Count),
			cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Service, b.Service))
	})
	return list
}

// Load makes the report whose List gave list.
func Load(list []Found, more int) *Report {
	r := &Report{More: more}
	for _, f := range list {
		r.add(&f)
	}
	return r
}

// Summed is List with one entry for all endpoints that have a kind at the same place; it names the first of them.
func (r *Report) Summed() []Found {
	type group struct {
		kind  Kind
		where string
	}
	number, more := map[group]int{}, []int{}
	var list []Found
	for _, f := range r.List() {
		g := group{f.Kind, f.Where}
		if i, known := number[g]; known {
			list[i].Count += f.Count
			more[i]++
			continue
		}
		number[g] = len(list)
		list, more = append(list, f), append(more, 0)
	}
	for i, n := range more {
		if n > 0 {
			list[i].Endpoint += fmt.Sprintf(" and %d more", n)
		}
	}
	return list
}

// Endpoint is the endpoint of a record, without personal data in its path.
func (s *Scanner) Endpoint(r *traffic.Record) string {
	if r.Protocol == traffic.Postgres {
		return "SQL"
	}
	return strings.Map(printable, s.Conceal(traffic.Endpoint(r.Request.Method, r.Request.URL)))
}

// printable replaces what would spoil a line.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == utf8.RuneError {
		return '?'
	}
	return r
}

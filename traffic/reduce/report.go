package reduce

import (
	"cmp"
	"slices"

	"github.com/headgate-dev/headgate/traffic/index"
)

// Report says what was chosen and what was left out.
type Report struct {
	// Records is how many could be chosen, Kept how many were: inbound ones, or outbound ones where there are no
	// others.
	Records, Kept int
	// Sessions and KeptSessions count sessions; requests without one are none. Cut counts those that are longer than the
	// budget, of which the beginning was chosen.
	Sessions, KeptSessions, Cut int
	// Outbound is how many outbound records there are beside, KeptOutbound how many belong to what was chosen;
	// Untied of these do not name a request of the traffic that they were made for: they were made while a chosen
	// one was being answered, or while none was.
	Outbound, KeptOutbound, Untied int
	// Duplicates are copies of records in other files, which were left out.
	Duplicates int
	// Endpoints, Statuses and Shapes count the kinds of records: by endpoint, with the status, with the shape.
	Endpoints, Statuses, Shapes Coverage
	// Kinds lists the endpoints with their statuses, the most frequent first.
	Kinds []Kind
	// Missing lists the shapes that are not covered, the most frequent first.
	Missing []Missing
}

// Coverage is how many of some kinds were chosen.
type Coverage struct{ Kept, All int }

// Kind counts the records of one endpoint with one status, which is 0 where there is no answer.
type Kind struct {
	Endpoint string
	Status   int
	Kept     int
	Records  int
	Shapes   Coverage
}

// Missing is a shape of which no record was chosen.
type Missing struct {
	Endpoint string
	Status   int
	Records  int
	// File and Number are where the first of them stands.
	File   string
	Number int
}

// example is the first record of a feature, and how many there are.
type example struct {
	file, number, records, kept int
}

// finish marks the records that were chosen and reports.
func (c *choosing) finish() (*Choice, error) {
	choice := &Choice{kept: make([]bits, len(c.set.Files()))}
	for i := range c.all {
		u := &c.all[i]
		for _, r := range c.rows[u.first : u.first+u.taken] {
			choice.kept[r.file].set(int(r.number))
			c.examples[r.feature].kept++
			c.report.Kept++
		}
	}
	for _, n := range c.units {
		c.report.Sessions++
		if c.all[n].taken > 0 {
			c.report.KeptSessions++
		}
	}
	if c.report.Outbound > 0 {
		if err := c.follow(choice); err != nil {
			return nil, err
		}
	}
	c.tell()
	choice.Report = c.report
	return choice, nil
}

// tell sums up what was chosen of each kind.
func (c *choosing) tell() {
	kinds := map[feature]*Kind{}
	endpoints := map[int]bool{}
	for i, f := range c.list {
		e := c.examples[i]
		k := kinds[byStatus.of(f)]
		if k == nil {
			k = &Kind{Endpoint: c.endpoints[f.endpoint], Status: f.status}
			kinds[byStatus.of(f)] = k
		}
		k.Records += e.records
		k.Kept += e.kept
		k.Shapes.count(e.kept > 0)
		c.report.Shapes.count(e.kept > 0)
		endpoints[f.endpoint] = endpoints[f.endpoint] || e.kept > 0
		if e.kept == 0 {
			c.report.Missing = append(c.report.Missing, Missing{
				Endpoint: k.Endpoint, Status: f.status, Records: e.records,
				File: c.set.Files()[e.file].Location, Number: e.number,
			})
		}
	}
	for _, kept := range endpoints {
		c.report.Endpoints.count(kept)
	}
	for _, k := range kinds {
		c.report.Statuses.count(k.Kept > 0)
		c.report.Kinds = append(c.report.Kinds, *k)
	}
	slices.SortFunc(c.report.Kinds, func(a, b Kind) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Status, b.Status))
	})
	slices.SortFunc(c.report.Missing, func(a, b Missing) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.File, b.File), cmp.Compare(a.Number, b.Number))
	})
}

func (c *Coverage) count(kept bool) {
	c.All++
	if kept {
		c.Kept++
	}
}

// span is how long a request was being answered.
type span struct {
	first, end int64
	kept       bool
}

// follow chooses the outbound records that belong to chosen requests. Of those that do not name theirs it chooses
// what was sent while a chosen request was being answered, and what was sent while none was.
func (c *choosing) follow(choice *Choice) error {
	ids := map[uint64]bool{}
	var spans []span
	err := c.set.Originals(func(e *index.Entry, original bool) error {
		if original && e.Flags&index.Outbound == 0 {
			kept := choice.Has(e)
			ids[e.ID] = kept || ids[e.ID]
			spans = append(spans, span{e.Time, e.Time + e.Took, kept})
		}
		return nil
	})
	if err != nil {
		return err
	}
	busy := newTimeline(spans)
	return c.set.Originals(func(e *index.Entry, original bool) error {
		if !original || e.Flags&index.Outbound == 0 {
			return nil
		}
		keep, tied := ids[e.Parent]
		if !tied {
			kept, any := busy.at(e.Time)
			if keep = kept || !any && c.inTime(e.Time); keep {
				c.report.Untied++
			}
		}
		if keep {
			choice.kept[e.File].set(e.Number)
			c.report.KeptOutbound++
		}
		return nil
	})
}

// timeline tells what was going on at a moment.
type timeline struct{ kept, all []span }

// newTimeline joins spans that overlap: all of them, and those of chosen requests.
func newTimeline(spans []span) timeline {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	var t timeline
	for _, s := range spans {
		t.all = joined(t.all, s)
		if s.kept {
			t.kept = joined(t.kept, s)
		}
	}
	return t
}

func joined(list []span, s span) []span {
	if n := len(list); n > 0 && s.first <= list[n-1].end {
		list[n-1].end = max(list[n-1].end, s.end)
		return list
	}
	return append(list, s)
}

func (t timeline) at(moment int64) (kept, any bool) {
	return within(t.kept, moment), within(t.all, moment)
}

func within(list []span, moment int64) bool {
	i, found := slices.BinarySearchFunc(list, moment, func(s span, at int64) int { return cmp.Compare(s.first, at) })
	return found || i > 0 && moment <= list[i-1].end
}

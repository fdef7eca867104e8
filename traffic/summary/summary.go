// Package summary counts what captured traffic holds, in bounded memory and a compact form.
package summary

import (
	"cmp"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/safety"
)

const (
	// Most is how many endpoints, services and statements are told apart, of each; what comes beyond is counted
	// together as [Other].
	Most = 2000
	// MostIDs is how many inbound records, and how many causes of outbound ones, are remembered to tell which
	// inbound record has caused outbound ones.
	MostIDs = 1 << 20
)

// Summary is what records hold, counted. It is for one goroutine at a time.
type Summary struct {
	state

	scanner *safety.Scanner
	report  safety.Report
	// known leads from the names of endpoints to their operations, so that each is looked at once.
	known map[string]*named
	// ids counts the hashes that are kept of inbound records; full tells that no more causes are kept.
	ids  int
	full bool
}

// state is what is stored.
type state struct {
	// First and Last are times in nanoseconds since 1970.
	First, Last                    int64
	Timed                          bool
	Inbound, Outbound, NoResponse  int
	Untold, Truncated              int
	Endpoints, Services, Statement operations
	// Parents are hashes of the IDs of inbound records that have caused outbound ones.
	Parents idSet
	// Forgotten counts inbound records and causes beyond MostIDs.
	Forgotten int
	Found     []safety.Found
	MoreFound int
}

type named struct {
	name string
	*operation
}

// New is a summary of nothing.
func New() *Summary {
	return &Summary{
		state:   state{Endpoints: operations{}, Services: operations{}, Statement: operations{}},
		scanner: safety.NewScanner(), known: map[string]*named{},
	}
}

// Add counts a record.
func (s *Summary) Add(r *traffic.Record) {
	s.span(r)
	if r.Response == nil {
		s.NoResponse++
	}
	if r.Request.Header.Get(traffic.TruncatedHeader) != "" ||
		r.Response != nil && r.Response.Header.Get(traffic.TruncatedHeader) != "" {
		s.Truncated++
	}
	endpoint := "SQL"
	if r.Direction == traffic.Inbound {
		endpoint = s.inbound(r)
	} else {
		endpoint = s.outbound(r, endpoint)
	}
	s.scanner.Scan(r, func(f safety.Finding) { s.report.Add(r, endpoint, f) })
}

// span takes note of the time of a record.
func (s *Summary) span(r *traffic.Record) {
	if r.Time.IsZero() {
		return
	}
	at, end := r.Time.UnixNano(), r.Time.Add(r.Duration).UnixNano()
	if !s.Timed {
		s.First, s.Last, s.Timed = at, end, true
	}
	s.First, s.Last = min(s.First, at), max(s.Last, end)
}

func (s *Summary) inbound(r *traffic.Record) string {
	s.Inbound++
	e := s.endpoint(r)
	e.add(r)
	if s.ids < MostIDs {
		s.ids++
		e.remember(status(r.Response), hashOf(r.ID))
	} else {
		s.Forgotten++
	}
	return e.name
}

// endpoint is the operation of an inbound record.
func (s *Summary) endpoint(r *traffic.Record) *named {
	raw := traffic.Endpoint(r.Request.Method, r.Request.URL)
	if e := s.known[raw]; e != nil {
		return e
	}
	name := s.scanner.Conceal(raw)
	e := &named{name, s.Endpoints.of(name)}
	if len(s.known) < Most {
		s.known[raw] = e
	}
	return e
}

func (s *Summary) outbound(r *traffic.Record, endpoint string) string {
	s.Outbound++
	s.Services.of(cmp.Or(r.Service, r.Request.Host, "?")).add(r)
	s.caused(r.Parent)
	if r.Request.Query == nil {
		return s.scanner.Conceal(traffic.Endpoint(r.Request.Method, r.Request.URL))
	}
	s.Statement.of(Normal(r.Request.Query.SQL)).add(r)
	return endpoint
}

// caused takes note of the inbound record that an outbound one belongs to.
func (s *Summary) caused(parent string) {
	if parent == "" {
		s.Untold++
		return
	}
	hash := hashOf(parent)
	if n := len(s.Parents); n > 0 && s.Parents[n-1] == hash {
		return
	}
	s.remember(hash)
}

// remember keeps the hashes of causes. They are sorted at times to find those that are there already, but only
// as long as that frees half of the room.
func (s *Summary) remember(hashes ...uint64) {
	for _, hash := range hashes {
		if s.full {
			s.Forgotten++
			continue
		}
		s.Parents = append(s.Parents, hash)
		if len(s.Parents) == 2*MostIDs {
			s.Parents = s.Parents.sorted()
			s.full = len(s.Parents) > MostIDs
		}
	}
}

// Merge adds what another summary has counted, that of another file for example.
func (s *Summary) Merge(o *Summary) {
	switch {
	case !o.Timed:
	case !s.Timed:
		s.First, s.Last, s.Timed = o.First, o.Last, true
	default:
		s.First, s.Last = min(s.First, o.First), max(s.Last, o.Last)
	}
	s.Inbound += o.Inbound
	s.Outbound += o.Outbound
	s.NoResponse += o.NoResponse
	s.Untold += o.Untold
	s.Truncated += o.Truncated
	s.Forgotten += o.Forgotten
	s.Endpoints.merge(o.Endpoints)
	s.Services.merge(o.Services)
	s.Statement.merge(o.Statement)
	s.remember(o.Parents...)
	if s.ids+o.ids <= MostIDs {
		s.ids += o.ids
		s.Endpoints.remember(o.Endpoints)
	} else {
		s.Forgotten += o.ids
	}
	s.report.Merge(&o.report)
}

// Span is when the first record began and the last one ended; both are zero where no record has a time.
func (s *Summary) Span() (from, to time.Time) {
	if !s.Timed {
		return time.Time{}, time.Time{}
	}
	return time.Unix(0, s.First).UTC(), time.Unix(0, s.Last).UTC()
}

package summary

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/traffic/safety"
)

// Report is a summary as it is told. Its JSON form is stable: names are not changed, new ones may come.
type Report struct {
	// Records is Inbound and Outbound together; Pairs of them have a response.
	Records  int `json:"records"`
	Inbound  int `json:"inbound"`
	Outbound int `json:"outbound"`
	Pairs    int `json:"pairs"`
	// Truncated records have a body that was not captured whole.
	Truncated int `json:"truncated_bodies"`
	// From is when the first record began, To when the last one ended; absent where no record has a time.
	From *time.Time `json:"from,omitempty"`
	To   *time.Time `json:"to,omitempty"`
	// Endpoints are those of inbound records, the most frequent first; Services are who answered outbound
	// ones, Statements what databases were asked, without literal values.
	Endpoints  []Operation `json:"endpoints"`
	Services   []Operation `json:"services"`
	Statements []Operation `json:"statements"`
	// Untied outbound records name no inbound one that caused them. Lacking are endpoints of which most
	// requests have caused outbound records, and some have none.
	Untied  int       `json:"untied_outbound"`
	Lacking []Lacking `json:"lacking_outbound"`
	// Findings are secrets and personal data, MoreFindings those at places beyond what is told apart.
	Findings     []safety.Found `json:"findings"`
	MoreFindings int            `json:"more_findings,omitempty"`
	// Forgotten counts the records that Lacking does not know of, as there are too many.
	Forgotten int `json:"forgotten,omitempty"`
}

// Operation is what there is of an endpoint, a service or a statement.
type Operation struct {
	Name       string `json:"name"`
	Requests   int    `json:"requests"`
	NoResponse int    `json:"no_response,omitempty"`
	// Statuses counts the answers by status; of databases by SQLSTATE, or ok.
	Statuses map[string]int `json:"statuses"`
	// Latency is in milliseconds; absent where the capture has none.
	Latency *Latency `json:"latency_ms,omitempty"`
	// RequestBody and ResponseBody are in bytes.
	RequestBody  Size `json:"request_body"`
	ResponseBody Size `json:"response_body"`
}

// Latency is quantiles in milliseconds, with less than 1 % of error.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// Size is quantiles in bytes, with less than 1 % of error.
type Size struct {
	P50 int64 `json:"p50"`
	P95 int64 `json:"p95"`
	Max int64 `json:"max"`
}

// Lacking is an endpoint whose requests with a status usually cause outbound records, and how many have none.
type Lacking struct {
	Endpoint string `json:"endpoint"`
	Status   string `json:"status"`
	Requests int    `json:"requests"`
	Without  int    `json:"without"`
}

// Report tells what was counted.
func (s *Summary) Report() Report {
	r := Report{
		Records: s.Inbound + s.Outbound, Inbound: s.Inbound, Outbound: s.Outbound,
		Pairs: s.Inbound + s.Outbound - s.NoResponse, Truncated: s.Truncated,
		Endpoints: s.Endpoints.list(), Services: s.Services.list(), Statements: s.Statement.list(),
		Untied: s.Untold, Lacking: s.lacking(),
		Findings: s.report.List(), MoreFindings: s.report.More, Forgotten: s.Forgotten,
	}
	if s.Timed {
		from, to := s.Span()
		r.From, r.To = &from, &to
	}
	return r
}

func (s *Summary) lacking() []Lacking {
	list := []Lacking{}
	s.Parents = s.Parents.sorted()
	for name, e := range s.Endpoints {
		for status, ids := range e.IDs {
			ids = ids.sorted()
			e.IDs[status] = ids
			n, known := ids.common(s.Parents), len(ids)
			if 2*n > known && n < known {
				list = append(list, Lacking{Endpoint: name, Status: status, Requests: known, Without: known - n})
			}
		}
	}
	slices.SortFunc(list, func(a, b Lacking) int {
		return cmp.Or(cmp.Compare(b.Without, a.Without), cmp.Compare(a.Endpoint, b.Endpoint),
			cmp.Compare(a.Status, b.Status))
	})
	return list
}

// list is all operations, the most frequent first.
func (o operations) list() []Operation {
	list := []Operation{}
	for name, op := range o {
		list = append(list, op.told(name))
	}
	slices.SortFunc(list, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Name, b.Name))
	})
	return list
}

func (o *operation) told(name string) Operation {
	told := Operation{
		Name: name, Requests: o.N, NoResponse: o.NoResponse, Statuses: maps.Clone(o.Statuses),
		RequestBody: o.Asked.size(), ResponseBody: o.Answered.size(),
	}
	if len(o.Latency) > 0 {
		const milli = 1000
		q := o.Latency.quantiles(0.5, 0.95, 0.99)
		told.Latency = &Latency{P50: float64(q[0]) / milli, P95: float64(q[1]) / milli, P99: float64(q[2]) / milli}
	}
	return told
}

func (h histogram) size() Size {
	q := h.quantiles(0.5, 0.95, 1)
	return Size{P50: q[0], P95: q[1], Max: q[2]}
}

func loaded(s state) *safety.Report { return safety.Load(s.Found, s.MoreFound) }

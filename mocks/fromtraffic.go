package mocks

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/headgate-dev/headgate/traffic"
)

// Recording is what was built from captured outbound traffic.
type Recording struct {
	// Stubs are in the order of their first use.
	Stubs []*Stub
	// Exchanges are the usable records in recorded order, each with the stub that answers it.
	Exchanges []Exchange
	Unusable  []Unusable
	// Rules tell how often each rule of the match applied, in the order they were written. A rule that
	// was never used is there with 0.
	Rules []RuleUse
	// Blank counts the requests of whose JSON body the rules leave nothing: any body is taken for theirs.
	Blank int64
}

// Exchange is a record and the ID of the stub that was built from it.
type Exchange struct {
	Record *traffic.Record
	StubID string
}

// Unusable is a record that no stub can be built from.
type Unusable struct {
	Record *traffic.Record
	Reason string
}

// RuleUse is one rule, such as "json $.request_id", and the number of requests it applied to.
type RuleUse struct {
	Rule  string
	Count int64
}

// FromTraffic builds stubs from recorded outbound exchanges. It is pure: the same records and settings
// give the same stubs, IDs included. Requests that are the same under m become one stub where their
// answers are the same, else a scenario that serves the answers in recorded order. The only error is
// a mistake in m.
func FromTraffic(records []*traffic.Record, m Match) (*Recording, error) {
	r, err := newRules(m)
	if err != nil {
		return nil, err
	}
	g := grouping{rules: r, byKey: map[string]*group{}}
	for _, rec := range inOrder(records) {
		g.add(rec)
	}
	return g.recording(), nil
}

// inOrder sorts by time where every record has one.
func inOrder(records []*traffic.Record) []*traffic.Record {
	untimed := func(r *traffic.Record) bool { return r.Time.IsZero() }
	if slices.ContainsFunc(records, untimed) {
		return records
	}
	return slices.SortedStableFunc(slices.Values(records), func(a, b *traffic.Record) int {
		return a.Time.Compare(b.Time)
	})
}

func unusable(rec *traffic.Record) string {
	switch {
	case rec.Protocol != traffic.HTTP && rec.Protocol != "":
		return fmt.Sprintf("protocol %s is not HTTP", rec.Protocol)
	case rec.Request == nil:
		return "it has no request"
	case rec.Request.Method == "" || rec.Request.Method == http.MethodConnect:
		return fmt.Sprintf("method %q cannot be mocked", rec.Request.Method)
	case rec.Response == nil:
		return "it has no response"
	case rec.Request.Header.Get(traffic.TruncatedHeader) != "" || rec.Response.Header.Get(traffic.TruncatedHeader) != "":
		return "a body was cut off at capture"
	case rec.Response.Status < 200 || rec.Response.Status > 999:
		return fmt.Sprintf("status %d cannot be answered", rec.Response.Status)
	}
	return ""
}

// group collects the records of one key.
type group struct {
	identity
	label     string
	records   []*traffic.Record
	responses []*Response
	places    []int // of each record in the exchanges
}

type grouping struct {
	rules  *rules
	byKey  map[string]*group
	groups []*group
	out    Recording
}

func (g *grouping) add(rec *traffic.Record) {
	if reason := unusable(rec); reason != "" {
		g.out.Unusable = append(g.out.Unusable, Unusable{rec, reason})
		return
	}
	id := g.rules.identify(rec.Request)
	to := g.byKey[id.key]
	if to == nil {
		to = &group{identity: id}
		g.byKey[id.key] = to
		g.groups = append(g.groups, to)
	}
	to.widen(id.pattern, rec.Request)
	to.records = append(to.records, rec)
	to.responses = append(to.responses, recordedResponse(rec.Response))
	to.places = append(to.places, len(g.out.Exchanges))
	g.out.Exchanges = append(g.out.Exchanges, Exchange{Record: rec})
}

// widen lets the group's pattern match another spelling of the same request.
func (g *group) widen(p *RequestPattern, req *traffic.Request) {
	if p.URL != g.pattern.URL {
		path, query := splitTarget(req.URL)
		g.pattern.URL, g.pattern.URLPath = "", path
		g.pattern.QueryParameters = exactParameters(splitQuery(query))
		g.pattern.extras.ExactQuery = true
	}
	_, form := formBody(req)
	if have := g.pattern.BodyPatterns[0]; form && !have.Match(NewValue(string(req.Body))) {
		list := []*Pattern{have}
		if m, ok := have.m.(anyOf); ok {
			list = m
		}
		list = append(slices.Clone(list), p.BodyPatterns[0])
		g.pattern.BodyPatterns = []*Pattern{build(map[string]any{"or": list}, anyOf(list))}
	}
}

func (g *grouping) recording() *Recording {
	labels := map[string]int{}
	for _, group := range g.groups {
		label := group.pattern.Method + " " + group.path
		if labels[label]++; labels[label] > 1 {
			label += " #" + strconv.Itoa(labels[label])
		}
		group.label = label
		g.steps(group)
	}
	// WireMock does not know an exact query and takes the newest of several stubs that match: the one
	// that names more parameters has to come later.
	slices.SortStableFunc(g.out.Stubs, func(a, b *Stub) int {
		return len(a.Request.QueryParameters) - len(b.Request.QueryParameters)
	})
	g.out.Rules, g.out.Blank = g.rules.uses(), g.rules.blanked
	return &g.out
}

// steps makes the stubs of one group.
func (g *grouping) steps(from *group) {
	n := len(from.responses)
	last := g.rules.match.Repeat != RepeatMiss
	for last && n > 1 && from.responses[n-1].same(from.responses[n-2]) {
		n--
	}
	for i := range n {
		s := from.stub(i)
		if n > 1 || !last {
			s.Scenario, s.RequiredState = from.label+" "+from.id(0)[:8], state(i)
			if i+1 < n || !last {
				s.NewState = state(i + 1)
			}
		}
		g.out.Stubs = append(g.out.Stubs, s)
	}
	for i, place := range from.places {
		g.out.Exchanges[place].StubID = from.id(min(i, n-1))
	}
}

func state(i int) string {
	if i == 0 {
		return Started
	}
	return "step " + strconv.Itoa(i+1)
}

func (g *group) id(i int) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("headgate stub\x00"+g.key+"\x00"+strconv.Itoa(i))).String()
}

func (g *group) stub(i int) *Stub {
	s := &Stub{ID: g.id(i), Name: g.label, Request: g.pattern, Response: g.responses[i]}
	if i > 0 {
		s.Name += ", step " + strconv.Itoa(i+1)
	}
	s.Metadata = g.pattern.metadata(nil)
	return s
}

// metadata is what a stub of the pattern carries, with further members of Headgate.
func (p *RequestPattern) metadata(more map[string]any) map[string]any {
	own := map[string]any{}
	maps.Copy(own, more)
	if p.extras.ExactQuery {
		own["exactQuery"] = true
		if len(p.extras.IgnoreQuery) > 0 {
			own["ignoreQuery"] = p.extras.IgnoreQuery
		}
	}
	if len(own) == 0 {
		return nil
	}
	return map[string]any{metadataKey: own}
}

func (r *rules) uses() []RuleUse {
	var uses []RuleUse
	add := func(kind string, names []string) {
		for _, n := range names {
			uses = append(uses, RuleUse{kind + " " + n, r.used[kind+" "+n]})
		}
	}
	add("json", r.match.Ignore.JSON)
	add("query", r.match.Ignore.Query)
	add("header", r.headers)
	return uses
}

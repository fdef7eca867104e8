package wiremock

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	wire "github.com/wiremock/go-wiremock"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

// missMapping catches what no stub matches. WireMock counts its answers as matched; we count them by its ID.
func missMapping(id string, miss mocks.Miss, host string) (json.RawMessage, error) {
	rule := wire.NewStubRule("ANY", wire.URLMatching(".*")).AtPriority(math.MaxInt32)
	rule.WillReturnResponse(wire.NewResponse().
		WithStatus(int64(cmp.Or(miss.Status, mocks.DefaultMissStatus))).
		WithHeader(mocks.MissHeader, "1").
		WithHeader("Content-Type", "application/json").
		WithBody(`{"error":"no stub matches"}` + "\n"))
	if host != "" {
		rule.WithHeader("Host", wire.Matching(host))
	}
	mapping, err := object(rule)
	if err != nil {
		return nil, fmt.Errorf("building the answer to a miss: %w", err)
	}
	delete(mapping, "uuid") // go-wiremock draws it at random
	if err := mapping.set("id", id); err != nil {
		return nil, err
	}
	return json.Marshal(mapping)
}

// logged is a request as WireMock's journal writes it.
type logged struct {
	URL          string
	Method       string
	Headers      map[string]mocks.Values
	BodyAsBase64 string
	LoggedDate   int64 // milliseconds since 1970
}

// readRequest takes a request out of the journal.
func readRequest(raw json.RawMessage) (*traffic.Request, time.Time, error) {
	var in logged
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, time.Time{}, fmt.Errorf("reading a request of the journal: %w", err)
	}
	body, err := base64.StdEncoding.DecodeString(in.BodyAsBase64)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading a request of the journal: body: %w", err)
	}
	r := &traffic.Request{Method: in.Method, URL: in.URL, Header: http.Header{}, Body: body}
	for name, values := range in.Headers {
		name = http.CanonicalHeaderKey(name)
		r.Header[name] = append(r.Header[name], values...)
	}
	if hosts := r.Header["Host"]; len(hosts) > 0 {
		r.Host = hosts[0]
		delete(r.Header, "Host")
	}
	return r, time.UnixMilli(in.LoggedDate).UTC(), nil
}

// near finds the stubs that come closest to a miss, by the embedded engine's measure: among those that
// WireMock names and those that a finder does. WireMock names three, but what answers misses is among them.
func (s *server) near(ctx context.Context, m *miss) ([]mocks.Near, error) {
	named, err := s.machine.admin.nearest(ctx, m.raw)
	if err != nil {
		return nil, err
	}
	view := mocks.NewRequest(m.report.Request)
	list := s.finder().Nearest(view)
	for _, n := range named {
		stub := s.load.stubs[n.StubMapping.ID]
		if stub == nil || slices.ContainsFunc(list, func(n mocks.Near) bool { return n.Stub == stub }) {
			continue
		}
		if distance, diffs := stub.Compare(view); distance < 1 && len(diffs) > 0 {
			list = append(list, mocks.Near{Stub: stub, Distance: distance, Differences: diffs})
		}
	}
	slices.SortStableFunc(list, func(a, b mocks.Near) int { return cmp.Compare(a.Distance, b.Distance) })
	return list[:min(len(list), mostNear)], nil
}

// mostNear bounds the stubs told with a miss.
const mostNear = 3

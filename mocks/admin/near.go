package admin

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

const mostNear = 3

// nearMiss is a request with a stub or a pattern that it almost matches.
type nearMiss struct {
	Request any             `json:"request"`
	Stub    *mapping        `json:"stubMapping,omitempty"`
	Pattern json.RawMessage `json:"requestPattern,omitempty"`
	Result  distance        `json:"matchResult"`
}

type distance struct {
	Distance float64 `json:"distance"`
}

func nearMisses(list []nearMiss) any { return map[string]any{"nearMisses": list} }

func (h *Handler) near(request any, r *mocks.Request) []nearMiss {
	out := []nearMiss{}
	for _, n := range h.server.Nearest(r) {
		out = append(out, nearMiss{
			Request: request, Stub: &mapping{n.Stub, n.Stub.ID}, Result: distance{n.Distance},
		})
	}
	return out
}

// nearRequest finds the stubs nearest to the request in the body.
func (h *Handler) nearRequest(r *http.Request) (any, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var g given
	if err := json.Unmarshal(data, &g); err != nil {
		return nil, badJSON(err)
	}
	return nearMisses(h.near(json.RawMessage(data), mocks.NewRequest(g.request()))), nil
}

// nearUnmatched finds the stubs nearest to each remembered request that nothing matched.
func (h *Handler) nearUnmatched(*http.Request) (any, error) {
	events, _ := h.server.Events()
	out := []nearMiss{}
	for _, e := range slices.DeleteFunc(events, matched) {
		out = append(out, h.near(logged(e), e.View())...)
	}
	return nearMisses(out), nil
}

// nearPattern finds the remembered requests nearest to the pattern in the body.
func (h *Handler) nearPattern(r *http.Request) (any, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	p, err := h.pattern(data)
	if err != nil {
		return nil, err
	}
	type scored struct {
		event    *embedded.Event
		distance float64
	}
	var all []scored
	events, _ := h.server.Events()
	stub := &mocks.Stub{Request: p, Response: &mocks.Response{}}
	for _, e := range events {
		d, _ := stub.Compare(e.View())
		all = append(all, scored{e, d})
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(a.distance, b.distance) })
	out := []nearMiss{}
	for _, s := range all[:min(len(all), mostNear)] {
		out = append(out, nearMiss{Request: logged(s.event), Pattern: data, Result: distance{s.distance}})
	}
	return nearMisses(out), nil
}

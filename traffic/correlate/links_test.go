package correlate

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

func order(i int) string { return fmt.Sprintf("ord_%08x", i*2654435761) }

// exchange asks for one value and issues another.
func exchange(uses, issues string) *traffic.Record {
	return &traffic.Record{
		Request:  &traffic.Request{Method: http.MethodGet, URL: "/orders/" + uses},
		Response: &traffic.Response{Status: 200, Body: []byte(`{"id":"` + issues + `"}`)},
	}
}

// A value is linked to a use within the window; memory does not grow with the length of the session.
func TestLinksWithinTheWindow(t *testing.T) {
	const n = 3 * maxValues / 2
	l := (&Correlator{}).NewLinker(nil)
	next, linked := 0, 0
	most := 0
	for i := range n {
		for next < n && l.Wants() {
			l.Expect("GET /orders/{id}", exchange(order(next-1), "").Request) // what the request before has issued
			next++
		}
		most = max(most, len(l.uses))
		if links := l.Links("GET /orders/{id}", exchange("", order(i))); len(links) == 1 && links[0].First == i+1 {
			linked++
		}
	}
	if linked != n-1 || most > maxValues {
		t.Errorf("%d of %d linked, %d values in memory", linked, n-1, most)
	}
}

func TestLinksBehindTheWindow(t *testing.T) {
	records := []*traffic.Record{exchange("", order(1))}
	for range Window {
		records = append(records, exchange("", ""))
	}
	near := append(records[:Window:Window], exchange(order(1), ""))
	far := append(records, exchange("", ""), exchange(order(1), ""))
	c := &Correlator{}
	if got := c.Links(near)[0]; len(got) != 1 {
		t.Errorf("near: %v", got)
	}
	if got := c.Links(far)[0]; len(got) != 0 {
		t.Errorf("far: %v", got)
	}
}

func TestParseLinksRefusesDamage(t *testing.T) {
	whole := AppendLinks(nil, []Link{{Value: "abc", First: 1, Last: 2, FirstID: -1, LastID: -1}})
	for n := 1; n < len(whole); n++ {
		if links, err := ParseLinks(whole[:n]); err == nil {
			t.Errorf("%d bytes: %v", n, links)
		}
	}
}

// A long session remembers what later requests use, and not everything that it was ever told.
func TestSessionForgets(t *testing.T) {
	s := NewSession()
	const n = 20 * remembered
	for i := range n {
		last := i + 1
		if i == 0 {
			last = n
		}
		links := []Link{{Value: order(i), First: i + 1, Last: last, FirstID: i + 1, LastID: last}}
		s.Learn(Exchange{
			Index: i, Links: links,
			Recorded: exchange("", order(i)).Response, Actual: exchange("", order(n+i)).Response,
		})
	}
	if len(s.bindings) > 3*remembered || len(s.targets) > 3*remembered || s.active != len(s.bindings) {
		t.Errorf("%d bindings, %d targets, %d active", len(s.bindings), len(s.targets), s.active)
	}
	for _, i := range []int{0, n - 1} {
		if !s.Same(order(i), order(n+i)) {
			t.Errorf("value %d is forgotten", i)
		}
	}
}

package backends

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/mocks/mockstest"
	"github.com/headgate-dev/headgate/services"
)

// network is a site without containers: WireMock's double runs in this process.
type network struct{ mockstest.Double }

func (network) Host() services.HostAccess { return services.HostAccess{Listen: "127.0.0.1"} }

func (network) Close(context.Context) error { return nil }

// contained gives the stage a site, and what is started there.
func (s *stage) contained(t *testing.T) <-chan *mockstest.Doubled {
	t.Helper()
	started := make(chan *mockstest.Doubled, 10)
	site := network{mockstest.Double{Dir: t.TempDir(), Journal: 5000, Started: started}}
	s.inputs.Fleet = &fleet.Fleet{Open: func(context.Context, string) (services.Site, error) { return site, nil }}
	return started
}

const twoWireMocks = `
  mocks:
    - name: pay
      engine: wiremock
      stubs: captured.jsonl
      on_miss: {status: 598}
      gates: {match_rate: "== 1", unmatched_requests: "== 0", self_check_rate: "== 1"}
    - {name: other, engine: wiremock, stubs: other.json}
`

// TestWireMock runs mocks with engine: wiremock, apart and in one.
func TestWireMock(t *testing.T) {
	cases := map[string]struct {
		section    string
		containers int
	}{
		"one each": {twoWireMocks, 2},
		"shared":   {"  wiremock: {shared: true}\n" + strings.TrimPrefix(twoWireMocks, "\n"), 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			started := s.contained(t)
			records := payments()
			records[0].Request.Host = "pay.example" // as it was recorded
			s.capture(t, "captured.jsonl", records...)
			s.write(t, "other.json", `{"request": {}, "response": {}}`)
			rep := s.play(t, c.section, func(ctx context.Context, r *engine.Run) error {
				if inside, _ := r.LookupInside("mocks.pay.url"); inside != "http://pay.mock:8080" {
					t.Errorf("containers are given %s", inside)
				}
				hit, err := ask(ctx, r, "GET", "/limits/7", "")
				miss, err2 := ask(ctx, r, "POST", "/charges", `{"amount":9}`)
				if hit != 200 || miss != 598 {
					t.Errorf("a hit got %d, a miss %d", hit, miss)
				}
				return errors.Join(err, err2)
			})
			if rep.Verdict != engine.Recording || !strings.Contains(rep.Cause, "POST /charges") {
				t.Errorf("%s", rep.Cause)
			}
			got := rep.Mocks[0]
			if len(got.Misses) != 1 || got.Misses[0].Nearest == "" || len(got.Misses[0].Differs) == 0 {
				t.Errorf("misses %+v", got.Misses)
			}
			got.Misses, got.Calls = nil, nil
			want := engine.MockReport{
				Name: "pay", Engine: "wiremock", Stubs: 3, Requests: 2, Matched: 1, Unmatched: 1, UnusedStubs: 2, ExtraCalls: 2,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			// The gate sends the run back once, and all is started again.
			if len(started) != 2*c.containers {
				t.Errorf("%d containers in two attempts, want %d", len(started), 2*c.containers)
			}
		})
	}
}

// TestWireMockDies wants a run to end as an environment fault when a mock has died under it, even where no call
// shows it.
func TestWireMockDies(t *testing.T) {
	s := newStage(t)
	started := s.contained(t)
	s.write(t, "stubs.json", `{"request": {}, "response": {}}`)
	rep := s.play(t, "  mocks: [{name: pay, engine: wiremock, stubs: stubs.json}]\n",
		func(context.Context, *engine.Run) error { return (<-started).End(services.Exit{Code: 137}) })
	if rep.Verdict != engine.Environment || !strings.Contains(rep.Cause, "mock pay: WireMock ended: exit status 137") {
		t.Errorf("%s: %s", rep.Verdict, rep.Cause)
	}
	if diff := cmp.Diff([]string{"started"}, rep.Details); diff != "" {
		t.Errorf("its last lines (-want +got):\n%s", diff)
	}
}

func TestWireMockWithoutEngine(t *testing.T) {
	s := newStage(t)
	s.inputs.Fleet = &fleet.Fleet{}
	s.write(t, "stubs.json", `{"request": {}, "response": {}}`)
	rep := s.play(t, "  mocks: [{name: pay, engine: wiremock, stubs: stubs.json}]\n", nil)
	if rep.Verdict != engine.Environment || !strings.Contains(rep.Cause, "container engine") {
		t.Errorf("%s: %s", rep.Verdict, rep.Cause)
	}
}

func TestImages(t *testing.T) {
	s := newStage(t)
	s.write(t, "stubs.json", `{"request": {}, "response": {}}`)
	_, phase, ds := s.load(t, "  mocks: [{name: a, engine: wiremock, stubs: stubs.json}, {name: c, stubs: stubs.json},"+
		" {name: b, engine: wiremock, stubs: stubs.json, image: 'mine:1'}]\n")
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	if diff := cmp.Diff([]string{"wiremock/wiremock:3.13.2", "mine:1"}, phase.Images()); diff != "" {
		t.Error(diff)
	}
}

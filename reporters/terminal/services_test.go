package terminal_test

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/reporters/reportertest"
	"github.com/headgate-dev/headgate/reporters/terminal"
)

func TestEgressIsShown(t *testing.T) {
	rep := reportertest.Failed()
	rep.Services = append(rep.Services, engine.ServiceReport{Name: "orders-svc", Egress: &engine.EgressReport{
		Violations: 4, Attempts: []engine.EgressAttempt{
			{Host: "telemetry.example.com", Port: 8125, Count: 3}, {Host: "a.example.com", Count: 1},
		},
	}})
	text := finished(t, terminal.Style{}, rep)
	for _, want := range []string{
		"Attempts to reach what isolation does not allow",
		"orders-svc  telemetry.example.com:8125            3",
		"orders-svc  a.example.com (the name only)         1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}

func TestTimings(t *testing.T) {
	rep := reportertest.Passed()
	rep.BringUp = []engine.BringUpReport{
		{
			Phase: engine.Backends, Seconds: 3, Chain: []string{"database db"}, ChainSeconds: 2, Steps: []engine.StepReport{
				{Name: "database db", StartedSeconds: 0.5, ReadySeconds: 2}, {Name: "mock pay", ReadySeconds: 0.01},
			},
		},
		{
			Phase: engine.Sut, Seconds: 1, Chain: []string{"web"}, ChainSeconds: 1, Steps: []engine.StepReport{
				{Name: "web", WaitedSeconds: 0.25, StartedSeconds: 0.5, ReadySeconds: 1},
			},
		},
	}
	if text := finished(t, terminal.Style{}, rep); strings.Contains(text, "Bring-up") {
		t.Errorf("timings that nobody asked for:\n%s", text)
	}
	text := finished(t, terminal.Style{Timings: true}, rep)
	for _, want := range []string{
		"backends  database db             -    0.50s  2.00s  2.00s",
		"sut       web                 0.25s    0.50s  1.00s  0.75s",
		"brought up in 4.00s, 1.33 times the slowest chain within each phase (database db, web: 3.00s)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}

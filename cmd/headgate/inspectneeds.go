package main

import (
	"fmt"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/phases"
	"github.com/headgate-dev/headgate/traffic/summary"
)

// need is how many samples a usual gate needs, and whether they are there.
type need struct {
	Gate string `json:"gate"`
	// Samples is how many answers the gate needs, Have how many requests there are.
	Samples int `json:"samples"`
	Have    int `json:"have"`
	// Tolerates is from how many answers on a single bad one does not fail the gate; 0 where that is no matter
	// of number.
	Tolerates int `json:"tolerates_one_from,omitempty"`
	// Few are the endpoints with fewer requests than Samples, where the gate is written for each endpoint.
	Few []string `json:"endpoints_with_too_few"`
}

// usual is a gate that most run files have.
type usual struct {
	name, comparator, metric string
	// tolerates is 1/(1-limit) of a rate.
	tolerates int
}

// needs says how many samples the usual gates need. The numbers are those of the gates themselves.
func needs(r summary.Report) ([]need, error) {
	registry, err := metric.New(phases.Metrics()...)
	if err != nil {
		return nil, err
	}
	list := []need{}
	for _, u := range []usual{
		{"status_pass_rate", ">= 0.99", "status_pass_rate", 100},
		{"body_match_rate", ">= 0.95", "body_match_rate", 20},
		{"latency_p95_delta", "<= +10% or +20ms", "latency_p95", 0},
	} {
		samples, err := u.samples(registry)
		if err != nil {
			return nil, err
		}
		n := need{
			Gate: fmt.Sprintf("%s: %q", u.name, u.comparator), Samples: samples, Have: r.Inbound,
			Tolerates: u.tolerates, Few: []string{},
		}
		for _, e := range r.Endpoints {
			if e.Requests-e.NoResponse < samples {
				n.Few = append(n.Few, e.Name)
			}
		}
		list = append(list, n)
	}
	return list, nil
}

// samples asks the gate.
func (u usual) samples(registry *metric.Registry) (int, error) {
	doc, ds := spec.Parse("usual gates", fmt.Appendf(nil, "%s: %q\n", u.name, u.comparator), spec.Options{})
	if ds.Err() != nil {
		return 0, ds
	}
	programs, ds := gates.Parse(doc.Root, gates.Scope{Phase: engine.Quality, MetricScope: "replay", Registry: registry})
	if ds.Err() != nil || len(programs) != 1 {
		return 0, fmt.Errorf("usual gate %s: %w", u.name, ds)
	}
	return programs[0].Samples(metric.Ref{Scope: "replay", Name: u.metric}), nil
}

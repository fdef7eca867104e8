package backends

import (
	"slices"

	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates/metric"
)

// Metrics declares what the phase measures.
func Metrics() []metric.Desc {
	list := []metric.Desc{
		{
			Scope: "mocks", Name: "requests", Kind: metric.Counter, Unit: metric.Count, Family: "mock",
			Help: "Requests that the mock has received since it was last rewound.",
		},
		{
			Scope: "mocks", Name: "match_rate", Kind: metric.Rate, Unit: metric.Ratio,
			Direction: metric.HigherIsBetter, Family: "mock", Help: "Share of the requests that a stub answered.",
		},
		{
			Scope: "mocks", Name: "unmatched_requests", Kind: metric.Counter, Unit: metric.Count,
			Direction: metric.LowerIsBetter, Exposure: "requests", Family: "mock",
			Help: "Requests that no stub answered.",
		},
		{
			Scope: "mocks", Name: "unused_stubs", Kind: metric.Counter, Unit: metric.Count,
			Direction: metric.LowerIsBetter, Exposure: "requests", Family: "mock",
			Help: "Stubs that no request asked for.",
		},
		{
			Scope: "mocks", Name: "self_check_rate", Kind: metric.Rate, Unit: metric.Ratio,
			Direction: metric.HigherIsBetter, Family: "mock",
			Help: "Share of the recorded calls that the mock answers as recorded, checked before anyone depends on it.",
		},
		{
			Scope: "mocks", Name: "latency", Kind: metric.Distribution, Unit: metric.Seconds,
			Direction: metric.LowerIsBetter, Family: "mock", Help: "The mock's answering time in the self-check.",
		},
		{
			Scope: "real", Name: "readiness", Kind: metric.Flag, Direction: metric.HigherIsBetter,
			Family: "readiness", Help: "Whether the service's probe answers, at the end of each phase.",
		},
		{
			Scope: "real", Name: "requests", Kind: metric.Counter, Unit: metric.Count, Family: "readiness",
			Help: "Recorded requests that were sent to the service again.",
		},
		{
			Scope: "real", Name: "latency", Kind: metric.Distribution, Unit: metric.Seconds,
			Direction: metric.LowerIsBetter, Family: "latency", Help: "The service's answering time.",
		},
	}
	return slices.Concat(list, fleet.Metrics("real"), databaseMetrics(), sideEffects())
}

// sideEffects declares what the application does to its dependencies, against the recording.
func sideEffects() []metric.Desc {
	list := []metric.Desc{
		{Name: "recorded_calls", Help: "Outbound calls that the recording holds for the requests replayed so far."},
		{Name: "outbound_calls", Help: "Calls that the application made to the mocks."},
		{
			Name: "missing_calls", Direction: metric.LowerIsBetter,
			Help: "Recorded outbound calls that the application did not make.",
		},
		{
			Name: "extra_calls", Direction: metric.LowerIsBetter,
			Help: "Calls that the application made beyond the recording.",
		},
		{Name: "writes", Help: "Calls other than GET, HEAD and OPTIONS that the application made."},
	}
	list = append(list, metric.Desc{
		Name: "mock_match_rate", Direction: metric.HigherIsBetter,
		Help: "Share of the application's calls to all mocks that a stub answered.",
	})
	for i := range list {
		list[i].Scope, list[i].Kind, list[i].Unit = "side_effects", metric.Gauge, metric.Count
		list[i].Family, list[i].Exposure = "side_effect", "recorded_calls"
		switch list[i].Name {
		case "recorded_calls":
			list[i].Kind, list[i].Exposure = metric.Counter, ""
		case "mock_match_rate":
			list[i].Unit = metric.Ratio
		}
	}
	return list
}

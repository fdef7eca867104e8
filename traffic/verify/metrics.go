package verify

import "github.com/headgate-dev/headgate/gates/metric"

// Metrics declares what a replay measures: the scope replay as a whole, and the scope endpoint.
func Metrics() []metric.Desc {
	list := []metric.Desc{
		{
			Name: "planned", Kind: metric.Counter, Unit: metric.Count,
			Help: "Recorded requests selected for the replay.",
		},
		{
			Name: "sent", Kind: metric.Counter, Unit: metric.Count,
			Help: "Requests that were sent.",
		},
		{
			Name: "compared", Kind: metric.Counter, Unit: metric.Count,
			Help: "Answers that were compared with a recorded one.",
		},
		{
			Name: "throughput", Kind: metric.Gauge, Unit: metric.PerSecond, Direction: metric.HigherIsBetter,
			Family: "latency", Exposure: "requests", Help: "Answers per second over the whole replay.",
		},
		{
			Name: "lateness", Kind: metric.Distribution, Unit: metric.Seconds, Direction: metric.LowerIsBetter,
			Help: "How much later than scheduled requests were sent.",
		},
		{
			Name: "shed", Kind: metric.Counter, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Exposure: "planned", Help: "Requests given up because the replay could not keep up.",
		},
		{
			Name: "coverage", Kind: metric.Rate, Unit: metric.Ratio, Direction: metric.HigherIsBetter,
			Family: "coverage", Help: "Share of the planned requests that were answered or failed on their own.",
		},
		{
			Name: "correlated", Kind: metric.Gauge, Unit: metric.Count, Exposure: "requests",
			Help: "Issued values that were carried into later requests.",
		},
		{
			Name: "mock_miss_rate", Kind: metric.Gauge, Unit: metric.Ratio, Direction: metric.LowerIsBetter,
			Family: "mock", Help: "Share of the application's calls to the mocks that no stub answered.",
		},
	}
	for i := range list {
		list[i].Scope = "replay"
	}
	return append(append(list, answers("replay")...), answers("endpoint")...)
}

// answers declares what is measured both of the whole and of each endpoint.
func answers(scope string) []metric.Desc {
	list := []metric.Desc{
		{
			Name: "requests", Kind: metric.Counter, Unit: metric.Count,
			Help: "Requests that ended: answered, or failed on their own.",
		},
		{
			Name: "judged", Kind: metric.Counter, Unit: metric.Count,
			Help: "Ended requests of which the recording holds the answer.",
		},
		{
			Name: "status_pass_rate", Kind: metric.Rate, Unit: metric.Ratio, Direction: metric.HigherIsBetter,
			Family: "status", Help: "Share of the answers with the recorded status.",
		},
		{
			Name: "body_match_rate", Kind: metric.Rate, Unit: metric.Ratio, Direction: metric.HigherIsBetter,
			Family: "body", Help: "Share of the compared fields that are as recorded.",
		},
		{
			Name: "response_match_rate", Kind: metric.Rate, Unit: metric.Ratio, Direction: metric.HigherIsBetter,
			Family: "body", Help: "Share of the answers without any difference.",
		},
		{
			Name: "new_differences", Kind: metric.Counter, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Family: "body", Exposure: "judged",
			Help: "Answers that are missing or differ from the recorded one in a way no rule allows.",
		},
		{
			Name: "error_rate", Kind: metric.Rate, Unit: metric.Ratio, Direction: metric.LowerIsBetter,
			Family: "status", Help: "Share of the requests without an answer, or with a 5xx that was not recorded.",
		},
		{
			Name: "server_errors", Kind: metric.Counter, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Family: "status", Exposure: "requests", Help: "Answers with a 5xx status that was not recorded.",
		},
		{
			Name: "latency", Kind: metric.Distribution, Unit: metric.Seconds, Direction: metric.LowerIsBetter,
			Family: "latency", Help: "From sending a request to the last byte of its answer.",
		},
	}
	for i := range list {
		list[i].Scope = scope
	}
	return list
}

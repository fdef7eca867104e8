package sut

import (
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates/metric"
)

// Metrics declares what the phase measures of each application.
func Metrics() []metric.Desc {
	list := []metric.Desc{
		{
			Name: "ready_seconds", Kind: metric.Gauge, Unit: metric.Seconds, Direction: metric.HigherIsBetter,
			Family: "readiness", Help: "How long the application has been ready without a break.",
		},
		{
			Name: "probes", Kind: metric.Counter, Unit: metric.Count,
			Help: "Requests that Headgate itself sent to the application: warm-up and watching.",
		},
		{
			Name: "error_rate", Kind: metric.Rate, Unit: metric.Ratio, Direction: metric.LowerIsBetter,
			Family: "readiness", Help: "Share of the probes and warm-up requests that failed once the application was ready.",
		},
	}
	for i := range list {
		list[i].Scope = "apps"
	}
	return append(list, fleet.Metrics("apps")...)
}

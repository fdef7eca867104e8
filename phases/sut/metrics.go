package sut

import "github.com/headgate-dev/headgate/gates/metric"

// Metrics declares what the phase measures of each application.
func Metrics() []metric.Desc {
	list := []metric.Desc{
		{
			Name: "ready_seconds", Kind: metric.Gauge, Unit: metric.Seconds, Direction: metric.HigherIsBetter,
			Family: "readiness", Help: "How long the application has been ready without a break.",
		},
		{
			Name: "startup_seconds", Kind: metric.Gauge, Unit: metric.Seconds, Direction: metric.LowerIsBetter,
			Family: "readiness", Help: "How long the application took from its start until it was ready.",
		},
		{
			Name: "probes", Kind: metric.Counter, Unit: metric.Count,
			Help: "Requests that Headgate itself sent to the application: warm-up and watching.",
		},
		{
			Name: "error_rate", Kind: metric.Rate, Unit: metric.Ratio, Direction: metric.LowerIsBetter,
			Family: "readiness", Help: "Share of the probes and warm-up requests that failed once the application was ready.",
		},
		{
			Name: "cpu_seconds", Kind: metric.Gauge, Unit: metric.Seconds, Direction: metric.LowerIsBetter,
			Family: "resource", Aliases: []string{"cpu"}, Help: "CPU time of the application and its children since its start.",
		},
		{
			Name: "cpu_percent", Kind: metric.Gauge, Unit: metric.Percent, Direction: metric.LowerIsBetter,
			Family: "resource", Help: "CPU time per wall time since the start; 100 is one core.",
		},
		{
			Name: "mem_bytes", Kind: metric.Gauge, Unit: metric.Bytes, Direction: metric.LowerIsBetter,
			Family: "resource", Help: "Resident memory of the application and its children now.",
		},
		{
			Name: "mem_peak_bytes", Kind: metric.Gauge, Unit: metric.Bytes, Direction: metric.LowerIsBetter,
			Family: "resource", Aliases: []string{"mem"}, Help: "The largest resident memory seen.",
		},
		{
			Name: "restarts", Kind: metric.Gauge, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Family: "readiness", Help: "How often the application was started again; a local process never is.",
		},
		{
			Name: "log_lines", Kind: metric.Counter, Unit: metric.Count, Help: "Lines the application has written.",
		},
		{
			Name: "log_errors", Kind: metric.Gauge, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Family: "readiness", Help: "Lines that logs.error matches and logs.allow does not.",
		},
		{
			Name: "new_log_errors", Kind: metric.Gauge, Unit: metric.Count, Direction: metric.LowerIsBetter,
			Family: "readiness", Help: "Error lines of a pattern that the baseline does not know.",
		},
	}
	for i := range list {
		list[i].Scope = "apps"
	}
	return list
}

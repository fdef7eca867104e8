package reportertest

import (
	"fmt"
	"strconv"

	"github.com/headgate-dev/headgate/gates/metric"
)

// snapshot holds metrics of every kind and scope.
func snapshot(matched int64) *metric.Snapshot {
	const sent = 320
	r, err := metric.New(declared()...)
	if err != nil {
		panic(fmt.Sprintf("sample metrics: %v", err))
	}
	replay := func(name string) metric.Ref { return metric.Ref{Scope: "replay", Name: name} }
	r.Add(replay("sent"), sent)
	r.Hit(replay("response_match_rate"), matched, sent)
	r.Set(replay("throughput"), 49.5)
	for i := range 100 {
		r.Observe(replay("latency"), strconv.Itoa(i), 0.001+float64(i)*0.0001)
	}
	for _, name := range []string{"POST /orders", `GET /search?q="a\b"`} {
		r.Hit(metric.Ref{Scope: "endpoint", Subject: name, Name: "status_pass_rate"}, 39, 40)
	}
	r.Hit(metric.Ref{Scope: "mocks", Subject: "payment-api", Name: "match_rate"}, 118, 121)
	r.Hit(metric.Ref{Scope: "mocks", Subject: "catalog-api", Name: "match_rate"}, 40, 40)
	r.SetFlag(metric.Ref{Scope: "real", Subject: "mail-svc", Name: "readiness"}, true)
	r.Set(metric.Ref{Scope: "apps", Subject: "orders-svc", Name: "mem_peak_bytes"}, 48<<20)
	r.Set(metric.Ref{Scope: "apps", Subject: "orders-svc", Name: "cpu_percent"}, 14.25)
	return r.Snapshot()
}

func declared() []metric.Desc {
	list := []metric.Desc{
		{Name: "sent", Kind: metric.Counter, Unit: metric.Count, Help: "Requests that were sent."},
		{Name: "response_match_rate", Kind: metric.Rate, Unit: metric.Ratio, Help: "Answers as recorded."},
		{Name: "throughput", Kind: metric.Gauge, Unit: metric.PerSecond, Help: "Answers per second."},
		{Name: "latency", Kind: metric.Distribution, Unit: metric.Seconds, Help: "Time to an answer."},
	}
	for i := range list {
		list[i].Scope = "replay"
	}
	return append(list, []metric.Desc{
		{Scope: "endpoint", Name: "status_pass_rate", Kind: metric.Rate, Unit: metric.Ratio, Help: `"Right" ones.`},
		{Scope: "mocks", Name: "match_rate", Kind: metric.Rate, Unit: metric.Ratio, Help: "Calls that matched."},
		{Scope: "real", Name: "readiness", Kind: metric.Flag, Help: "Whether the probe answers."},
		{Scope: "apps", Name: "mem_peak_bytes", Kind: metric.Gauge, Unit: metric.Bytes, Help: "Largest memory."},
		{Scope: "apps", Name: "cpu_percent", Kind: metric.Gauge, Unit: metric.Percent, Help: "CPU per wall time."},
	}...)
}

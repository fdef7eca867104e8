package gates

// Form is one way to write a gate.
type Form struct {
	// Written is an example, Metric a metric that it suits.
	Written, Metric string
	// Means says what it demands of the measured value v, with B as the baseline's.
	Means string
}

// Grammar lists the forms of comparators, as [Parse] reads them.
func Grammar() []Form {
	return []Form{
		{">= 0.98", "status_pass_rate", "v is at least 0.98; also > < <= == !="},
		{"<= 200ms", "latency_p95", "v is at most 200 ms; units: ns us ms s m h, B KiB MiB GiB kB MB GB"},
		{"true", "readiness", "v is true; false likewise"},
		{"<= +10%", "latency_p95", "v <= B + 0.10 * |B|; latency_p95_delta: \"<= +10%\" says the same"},
		{">= -5%", "throughput", "v >= B - 0.05 * |B|"},
		{"within 10%", "throughput", "|v - B| <= 0.10 * |B|"},
		{"<= +20ms", "latency_p95", "v <= B + 20 ms"},
		{"<= +10% or +20ms", "latency_p95", "v <= B + the larger of both: a noise floor for tiny baselines"},
		{"<= +10% and 600ms", "latency_p95", "v <= B + 0.10 * |B| and v <= 600 ms: guards against drift by small steps"},
	}
}

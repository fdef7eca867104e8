package gates

import "github.com/headgate-dev/headgate/gates/metric"

// Format writes a value for people in its unit, as [metric.Unit.Format] does.
func Format(v float64, u metric.Unit) string { return u.Format(v) }

// Package gates compiles quality gates from run files and judges them on frozen metrics: first whether
// there is evidence, then the expression.
package gates

import (
	"slices"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
)

// Severity says what a gate that does not hold means.
type Severity string

// The severities.
const (
	Enforce Severity = "enforce" // it fails the run
	Warn    Severity = "warn"    // it is a warning
	Observe Severity = "observe" // it is shown and never counts
)

// Target is where a run goes back to when a gate fails.
type Target string

// The targets.
const (
	Backends Target = "backends" // build the mocks and databases again
	SUT      Target = "sut"      // start the application again
	Stop     Target = "stop"     // end the run and keep its artifacts
)

// Outcome is what came of a gate.
type Outcome string

// The outcomes.
const (
	Passed       Outcome = "passed"
	Warned       Outcome = "warned"
	Failed       Outcome = "failed"
	Inconclusive Outcome = "inconclusive"
	Errored      Outcome = "errored"
	Skipped      Outcome = "skipped"
)

// Reason says why an outcome is not passed. The list is closed.
type Reason string

// The reasons. The first seven make a gate inconclusive, Threshold and WaiverExpired make it fail,
// EvalError and Timeout are errors, Unreached belongs to what was skipped, and Waived is a failure that is
// accepted for a time.
const (
	NoData                Reason = "no_data"
	NotFinite             Reason = "not_finite"
	TooFewSamples         Reason = "too_few_samples"
	NoBaseline            Reason = "no_baseline"
	BaselineNotComparable Reason = "baseline_not_comparable"
	ZeroBaseline          Reason = "zero_baseline"
	Undecided             Reason = "undecided"
	Threshold             Reason = "threshold"
	EvalError             Reason = "eval_error"
	Timeout               Reason = "timeout"
	Unreached             Reason = "not_reached"
	Waived                Reason = "waived"
	WaiverExpired         Reason = "waiver_expired"
)

// Scope says where a block of gates stands and which metrics it can name.
type Scope struct {
	// Phase is the name of the phase that judges the gates.
	Phase string
	// MetricScope and Subject are where names without a prefix are looked up: a mock's own gates have
	// "mocks" and the mock's name, quality gates have "replay" and "".
	MetricScope, Subject string
	// More are further places where names without a prefix are looked up, in this order.
	More []Place
	// Registry holds the declared metrics and subjects. Endpoints may be declared later: as long as
	// there is none, any endpoint can be named.
	Registry *metric.Registry
	// Baseline is where the baseline comes from: capture, pinned, ref or history; empty if unknown. It
	// is used for warnings only.
	Baseline string
	// Skip are keys of the block that are not gates.
	Skip []string
}

// Place is a group of metrics: a scope, and the subject where the scope has subjects.
type Place struct {
	Scope, Subject string
}

// Program is a compiled gate. It is safe for concurrent use.
type Program struct {
	Phase, Subject, Name string
	// Source is the gate as written, Expr the expression that is judged. They are the same in the full
	// form, where Source is an expression itself.
	Source, Expr string
	Help         string
	Severity     Severity
	// MinSamples is how many samples each metric needs; 0 means the number without which a quantile
	// cannot be bounded: 6 for a p50, 36 for a p90, 72 for a p95, 368 for a p99, 1 for all others.
	MinSamples int
	OnFail     Target
	// Waiver accepts that the gate fails for a time; nil if none does.
	Waiver *Waiver
	Pos    spec.Pos
	// Refs are the metrics of this run that the gate needs, BaselineRefs those of the baseline, each in
	// the order in which they appear.
	Refs, BaselineRefs []metric.Ref

	scope    Scope
	main     *code
	left     *code // of a comparison at the top
	right    *code
	relation *relation // of the comparator form
}

// Result is what came of one gate. Values are in the metric's base unit.
type Result struct {
	Phase   string `json:"phase"`
	Subject string `json:"subject,omitempty"`
	Name    string `json:"name"`
	Source  string `json:"source"`
	Expr    string `json:"expr"`
	// Family is that of the first metric of the gate, such as mock, status, body, latency or resource.
	Family   string   `json:"family,omitempty"`
	Severity Severity `json:"severity"`
	Outcome  Outcome  `json:"outcome"`
	Reason   Reason   `json:"reason,omitempty"`
	// Detail says the reason in words.
	Detail string `json:"detail,omitempty"`
	// Value is what was measured, Limit what it was compared with, Baseline the value there; nil where
	// there is none.
	Value    *float64    `json:"value,omitempty"`
	Limit    *float64    `json:"limit,omitempty"`
	Baseline *float64    `json:"baseline,omitempty"`
	Unit     metric.Unit `json:"unit"`
	// Interval is the 90 % interval of the ratio of this run to the baseline, where it was judged by
	// resampling.
	Interval *[2]float64 `json:"interval,omitempty"`
	// N is the smallest number of samples behind a metric of the gate.
	N      int64    `json:"n"`
	Line   int      `json:"line"`
	Pos    spec.Pos `json:"-"`
	Tree   []Step   `json:"tree,omitempty"`
	OnFail Target   `json:"on_fail"`
	// Waiver is what made a failure a warning.
	Waiver *Waiver `json:"waiver,omitempty"`
}

// Step is one part of a failed expression with its value; Depth 0 is the whole expression.
type Step struct {
	Depth int    `json:"depth"`
	Expr  string `json:"expr"`
	Value string `json:"value"`
}

// Worse tells whether a is a worse outcome than b. The order is failed, errored, inconclusive, warned,
// passed, skipped.
func Worse(a, b Outcome) bool { return a.rank() > b.rank() }

func (o Outcome) rank() int {
	return slices.Index([]Outcome{Skipped, Passed, Warned, Inconclusive, Errored, Failed}, o)
}

// Worst is the worst outcome of the results. Gates that only observe do not count, and what is not
// decided about a gate that only warns is a warning. Without one enforcing gate that was judged, and not
// waived, it is inconclusive.
func Worst(results []Result) Outcome {
	worst, enforced := Passed, false
	for _, r := range results {
		if r.Outcome == Skipped || r.Severity == Observe {
			continue
		}
		o := r.Outcome
		if r.Severity == Warn && o != Passed {
			o = Warned
		}
		enforced = enforced || r.Severity != Warn && r.Waiver == nil
		if Worse(o, worst) {
			worst = o
		}
	}
	if !enforced {
		return Inconclusive
	}
	return worst
}

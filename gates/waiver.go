package gates

import (
	"fmt"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Waiver accepts for a time that a gate fails: until its day is over, the failure is a warning.
type Waiver struct {
	// The last day on which the waiver holds, such as 2026-12-31; days end at midnight UTC.
	Until Day `yaml:"until" json:"until" jsonschema:"required"`
	// Why the failure is accepted; it stands in every report.
	Reason string `yaml:"reason" json:"reason" jsonschema:"required,minLength=1"`
	// Who accepts it.
	By string `yaml:"by" json:"by,omitempty"`
}

// Day is a calendar day, written as 2026-12-31.
type Day string

// UnmarshalSpec reads a day of the calendar.
func (d *Day) UnmarshalSpec(n *spec.Node) (ds spec.Diagnostics) {
	const hint = "write a day such as 2026-12-31"
	if n.Kind() == spec.Null {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, n.Text()); n.Kind() != spec.Scalar || err != nil {
		ds.Errorf(n.Pos(), hint, "expected a day, found %s", found(n))
		return ds
	}
	*d = Day(n.Text())
	return nil
}

func found(n *spec.Node) string {
	if n.Kind() == spec.Scalar {
		return fmt.Sprintf("%q", n.Text())
	}
	return n.Kind().String()
}

// JSONSchemaSpec describes the form of a day.
func (Day) JSONSchemaSpec() map[string]any {
	return map[string]any{"type": "string", "format": "date", "pattern": `^\d{4}-\d{2}-\d{2}$`}
}

// Holds tells whether the waiver still counts at a time. Without a waiver, or without a time, none does.
func (w *Waiver) Holds(now time.Time) bool {
	return w != nil && !now.IsZero() && now.Before(w.end())
}

// Expired tells whether the waiver has ended before a time.
func (w *Waiver) Expired(now time.Time) bool { return w != nil && !now.Before(w.end()) }

// end is the first moment at which the waiver does not hold any more.
func (w *Waiver) end() time.Time {
	day, err := time.Parse(time.DateOnly, string(w.Until))
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}

func (w *Waiver) String() string {
	by := ""
	if w.By != "" {
		by = " by " + w.By
	}
	return fmt.Sprintf("waived until %s%s: %s", w.Until, by, w.Reason)
}

// waive makes the failure of a gate a warning while its waiver holds, and says so where it does no more.
func (j *judgement) waive() {
	r := &j.result
	switch {
	case r.Outcome != Failed || r.Severity == Observe || j.Waiver == nil:
	case j.Waiver.Holds(j.in.Now):
		r.Waiver, r.Outcome, r.Reason = j.Waiver, Warned, Waived
		if r.Limit == nil {
			r.Detail = j.Waiver.String() + "; " + r.Detail
			return
		}
		r.Detail = j.Waiver.String()
	case j.Waiver.Expired(j.in.Now):
		r.Reason = WaiverExpired
		r.Detail = fmt.Sprintf("%s; its waiver ended on %s", r.Detail, j.Waiver.Until)
	}
}

package transform

import (
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
)

// captureToNow is the shift that brings a capture into the present.
const captureToNow = "capture_to_now"

// Shift is capture_to_now or a fixed length of time, which may be negative.
type Shift struct {
	ToNow bool
	By    time.Duration
}

// UnmarshalSpec reads capture_to_now or a duration.
func (s *Shift) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	text := n.Text()
	if text == captureToNow {
		s.ToNow = true
		return nil
	}
	positive, negative := strings.CutPrefix(text, "-")
	by, err := spec.ParseDuration(positive)
	switch {
	case err != nil:
		ds.Errorf(n.Pos(), "write capture_to_now, or a duration such as 24h or -30m",
			"found %q, expected capture_to_now or a duration", text)
	case by.Std()%time.Second != 0 || by == 0:
		ds.Errorf(n.Pos(), "write whole seconds, such as 90s", "found %q: some forms of time hold whole seconds only", text)
	}
	if s.By = by.Std(); negative {
		s.By = -s.By
	}
	return ds
}

// JSONSchemaSpec describes the written form.
func (Shift) JSONSchemaSpec() map[string]any { return map[string]any{"type": "string"} }

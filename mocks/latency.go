package mocks

import (
	"slices"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Latency says how long a mock takes to answer. The zero Latency answers at once.
// In a run file it is none, recorded or a duration.
type Latency struct {
	// Recorded answers in the time that was recorded; Fixed in the same time always.
	Recorded bool
	Fixed    time.Duration
}

// Delay puts a latency into the stubs. Call it before they are served. Where one stub stands for many
// recordings, their median counts.
func (r *Recording) Delay(l Latency) {
	recorded := map[string][]time.Duration{}
	for _, x := range r.Exchanges {
		recorded[x.StubID] = append(recorded[x.StubID], x.Record.Duration)
	}
	for _, s := range r.Stubs {
		wait := l.Fixed
		if l.Recorded {
			wait = median(recorded[s.ID])
		}
		s.Response.FixedDelay = wait.Milliseconds()
	}
}

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[(len(d)-1)/2]
}

// UnmarshalSpec reads none, recorded or a duration.
func (l *Latency) UnmarshalSpec(n *spec.Node) (ds spec.Diagnostics) {
	text := n.Text()
	switch {
	case n.Kind() != spec.Scalar:
		ds.Errorf(n.Pos(), "write latency: recorded", "expected none, recorded or a duration, got %s", n.Kind())
	case text == "none":
		*l = Latency{}
	case text == "recorded":
		*l = Latency{Recorded: true}
	default:
		d, err := spec.ParseDuration(text)
		if err != nil || d < 0 || d.Std() > maxDelay*time.Millisecond {
			ds.Errorf(n.Pos(), "write none, recorded or a duration such as 50ms",
				"expected none, recorded or a duration of at most one day, got %q", text)
		}
		*l = Latency{Fixed: d.Std()}
	}
	return ds
}

// JSONSchemaSpec describes the three forms.
func (l Latency) JSONSchemaSpec() map[string]any {
	return map[string]any{"anyOf": []any{
		map[string]any{"enum": []any{"none", "recorded"}},
		spec.Duration(0).JSONSchemaSpec(),
	}}
}

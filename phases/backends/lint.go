package backends

import (
	"strings"

	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates/metric"
)

// Unmeasured says why a metric never gets a value in this run, or nothing.
func (p *Phase) Unmeasured(ref metric.Ref) string {
	switch {
	case ref.Scope == "side_effects" || ref.Scope == "replay" && ref.Name == "mock_miss_rate":
		return p.unmeasuredEffect(ref.Name)
	case ref.Scope == "mocks" && needsRecording(ref.Name):
		for _, m := range p.mocks {
			if m.Name == ref.Subject && len(m.exchanges) == 0 {
				return "the stubs of " + m.Name + " are mappings, there is no recorded call to check it with"
			}
		}
	case ref.Scope == "databases":
		for _, d := range p.databases {
			if d.Name == ref.Subject {
				return d.unmeasured(ref)
			}
		}
	case ref.Scope == "real" && ref.Name != "readiness":
		for _, s := range p.real {
			if s.Name == ref.Subject {
				return s.unmeasured(ref.Name)
			}
		}
	}
	return ""
}

func (p *Phase) unmeasuredEffect(name string) string {
	switch {
	case len(p.mocks) == 0:
		return "the run has no mocks"
	case name != "mock_match_rate" && name != "mock_miss_rate" && !p.Recorded():
		return "no mock is built from recorded calls"
	}
	return ""
}

// needsRecording tells whether a mock's metric comes out of the self-check alone.
func needsRecording(name string) bool {
	return name == "self_check_rate" || strings.HasPrefix(name, "latency_")
}

// unmeasured says why a metric of a real service never gets a value.
func (s *real) unmeasured(name string) string {
	switch {
	case name != "requests" && !strings.HasPrefix(name, "latency"):
		return fleet.Unmeasured(s.Name, &s.Settings, name)
	case len(s.recorded) == 0:
		return "the service " + s.Name + " has no traffic to measure it with"
	}
	return ""
}

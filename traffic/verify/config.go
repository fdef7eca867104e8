// Package verify replays the selected traffic against the service under test, compares each answer
// with the recorded one, and accounts for every recorded request.
package verify

import (
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/safety"
	"github.com/headgate-dev/headgate/traffic/session"
	"github.com/headgate-dev/headgate/traffic/transform"
)

// TrafficConfig holds the settings under `traffic:` in a run file.
type TrafficConfig struct {
	// How requests are grouped into sessions. Inferred where nothing is said.
	Session session.Config `yaml:"session"`
	// Which recorded requests are replayed. All of them where nothing is said.
	Select Select `yaml:"select"`
	// Values issued by a replayed answer replace the recorded ones later in the session: auto or off, or a mapping
	// of mode, except and carry. Except lists places in recorded answers whose values are never carried over, carry
	// those whose values are whatever they look like: JSONPaths, header.NAME, cookie.NAME, form.FIELD, html.NAME (of
	// an input, a meta element or an attribute), or {path, endpoint}. headgate traffic links shows what is carried.
	Correlate correlate.Config `yaml:"correlate"`
	// Which records are inbound and which are calls to dependencies, in captures that do not tell it.
	Direction formats.Direction `yaml:"direction"`
	// What happens where secrets or personal data are left in the traffic after the transforms: refuse, warn or
	// off, or more with mode and allow. By default refuse where CI or GITHUB_ACTIONS is set, else warn.
	Safety safety.Config `yaml:"safety"`
	// Changes to the captured traffic, in their order, before anything is sent or stubbed. One that applies to
	// nothing is refused.
	Transforms []transform.Config `yaml:"transforms"`
}

// Select says which recorded requests are replayed.
type Select struct {
	session.Select `yaml:",inline"`
	// An expression that must hold, such as 'request.method != "DELETE"'.
	Where *spec.Node `yaml:"where"`
}

// ReplayConfig holds the settings under `replay:` in a run file.
type ReplayConfig struct {
	replay.Config `yaml:",inline"`
	// The application that is replayed against: the name of an app of sut, or a URL.
	Target string `yaml:"target"`
	// Where the captured traffic is: files or folders, relative to the run file, or s3://bucket/key.
	Traffic Sources `yaml:"traffic" jsonschema:"required"`
	// How answers are compared with the recorded ones.
	Compare compare.Config `yaml:"compare"`
	// When the replay is stopped early.
	Cutoffs Cutoffs `yaml:"cutoffs"`
	// Mocks in the short form {service, port, traffic}; backends.mocks is the full one.
	Mocks []ShortMock `yaml:"mocks"`
}

// ShortMock is a mock in the short form of a set-up that only names its traffic.
type ShortMock struct {
	// Name of the service that is mocked.
	Service string `yaml:"service" jsonschema:"required"`
	// Port the mock listens on; 0 takes a free one.
	Port int `yaml:"port" jsonschema:"minimum=0,maximum=65535"`
	// Captured outbound traffic or stubs, relative to the run file.
	Traffic string `yaml:"traffic" jsonschema:"required"`
}

// Cutoffs stop the replay when a sliding window goes bad.
type Cutoffs struct {
	// How much of the recent past the rules look at.
	Window spec.Duration `yaml:"window"`
	// How long after the start no rule is judged.
	Grace spec.Duration `yaml:"grace"`
	// The rules: error_rate, latency_p50, latency_p95, latency_p99, mock_miss_rate, each with the
	// value that stops the replay, such as "> 0.05".
	Rules *spec.Node `yaml:"rules"`
}

// Sources are the files and folders of captured traffic: one, a list, or {sources: [...]}.
type Sources struct {
	// Files or folders, relative to the run file, or in object storage as s3://bucket/key.
	Sources spec.Strings `yaml:"sources" jsonschema:"required"`
	at      spec.Pos
}

// UnmarshalSpec reads one path, a list of paths, or the form with sources.
func (s *Sources) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	type full Sources
	s.at = n.Pos()
	if n.Kind() == spec.Map {
		return spec.Decode(n, (*full)(s))
	}
	return spec.Decode(n, &s.Sources)
}

// JSONSchemaSpec describes the forms of Sources.
func (Sources) JSONSchemaSpec() map[string]any {
	paths := []any{
		map[string]any{"type": "string"},
		map[string]any{"type": "array", "items": map[string]any{"type": "string"}, "minItems": 1},
	}
	return map[string]any{
		"description": "Where the captured traffic is: files or folders, relative to the run file.",
		"anyOf": append(paths, map[string]any{
			"type": "object", "additionalProperties": false, "required": []any{"sources"},
			"properties": map[string]any{"sources": map[string]any{"anyOf": paths}},
		}),
	}
}

// DefaultTraffic is what applies where the run file says nothing about traffic.
func DefaultTraffic() TrafficConfig {
	return TrafficConfig{Select: Select{Select: session.DefaultSelect()}, Correlate: correlate.DefaultConfig()}
}

// DefaultReplay is what applies where the run file says nothing about the replay.
func DefaultReplay() ReplayConfig {
	return ReplayConfig{
		Config:  replay.DefaultConfig(),
		Compare: compare.DefaultConfig(),
		Cutoffs: Cutoffs{Window: 5e9, Grace: 2e9},
	}
}

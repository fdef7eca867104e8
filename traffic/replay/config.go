package replay

import (
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Config holds the settings under `replay:` in a run file that concern sending.
type Config struct {
	// How many sessions are replayed at a time.
	Concurrency int `yaml:"concurrency" jsonschema:"minimum=1"`
	// How much faster than recorded: 1x as recorded, 10x ten times faster, max without pauses.
	TimeScale Scale `yaml:"time_scale"`
	// Recorded pauses longer than this are shortened to it, before time_scale applies; 0s keeps them.
	MaxGap spec.Duration `yaml:"max_gap"`
	// A ceiling on requests per second over all sessions, such as 500/s; 0 is no ceiling.
	Rate spec.Rate `yaml:"rate"`
	// How long one request may take, from sending to the last byte of the answer.
	Timeout spec.Duration `yaml:"timeout"`
	// Send the recorded Host instead of the target's.
	KeepHost bool `yaml:"keep_host"`
}

// DefaultConfig is what applies where the run file says nothing.
func DefaultConfig() Config {
	return Config{
		Concurrency: 10,
		TimeScale:   1,
		MaxGap:      spec.Duration(5 * time.Second),
		Timeout:     spec.Duration(10 * time.Second),
	}
}

// Pacing is the part of the settings that makes the schedule.
func (c Config) Pacing() Pacing {
	return Pacing{
		Concurrency: c.Concurrency, Scale: c.TimeScale, MaxGap: c.MaxGap.Std(), Rate: float64(c.Rate),
	}
}

// HTTPOptions is the part of the settings that concerns connections.
func (c Config) HTTPOptions() HTTPOptions {
	return HTTPOptions{Timeout: c.Timeout.Std(), Connections: c.Concurrency, KeepHost: c.KeepHost}
}

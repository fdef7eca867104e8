package metric

import (
	"math"
	"testing"
)

func TestFormat(t *testing.T) {
	tests := map[string]struct {
		unit Unit
		v    float64
		want string
	}{
		"milliseconds": {Seconds, 0.2123999, "212.4ms"},
		"microseconds": {Seconds, 0.000042, "42us"},
		"seconds":      {Seconds, 2.5, "2.5s"},
		"minutes":      {Seconds, 90, "1m30s"},
		"no time":      {Seconds, 0, "0s"},
		"memory":       {Bytes, 64 << 20, "64MiB"},
		"odd memory":   {Bytes, 1500, "1.465KiB"},
		"ratio":        {Ratio, 0.98512345, "0.9851"},
		"one third":    {Ratio, 1.0 / 3, "0.3333"},
		"count":        {Count, 1204, "1204"},
		"throughput":   {PerSecond, 120.5, "120.5/s"},
		"percent":      {Percent, 80, "80%"},
		"large":        {None, 123456.78, "123456.8"},
		"tiny":         {None, 1e-20, "1e-20"},
		"nan":          {Ratio, math.NaN(), "NaN"},
		"infinite":     {Seconds, math.Inf(1), "+Infs"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.unit.Format(tt.v); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

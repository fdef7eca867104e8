package mocks

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"time"
)

// Delay is a random delay before the answer. Times are milliseconds.
type Delay struct {
	Type   string  `json:"type"` // uniform, lognormal or fixed
	Lower  float64 `json:"lower,omitempty"`
	Upper  float64 `json:"upper,omitempty"`
	Median float64 `json:"median,omitempty"`
	Sigma  float64 `json:"sigma,omitempty"`
	// MaxValue bounds a lognormal delay: longer ones are drawn again. 0 is no bound.
	MaxValue float64 `json:"maxValue,omitempty"`
	Millis   float64 `json:"milliseconds,omitempty"`
}

// Dribble sends the body in pieces over a time.
type Dribble struct {
	Chunks   int   `json:"numberOfChunks"`
	Duration int64 `json:"totalDuration"` // milliseconds
}

// Random draws for a delay: a number in [0, 1) and a standard normal one. It is safe for concurrent
// use.
type Random interface {
	Float64() float64
	NormFloat64() float64
}

var _ Random = (*rand.Rand)(nil)

// Wait is how long to wait before answering.
func (r *Response) Wait(random Random) time.Duration {
	return milliseconds(float64(r.FixedDelay)) + r.DelayDistribution.Draw(random)
}

// Draw draws one delay; a nil Delay is none.
func (d *Delay) Draw(random Random) time.Duration {
	if d == nil {
		return 0
	}
	switch d.Type {
	case "uniform":
		return milliseconds(d.Lower + random.Float64()*(d.Upper-d.Lower))
	case "lognormal":
		return milliseconds(d.lognormal(random))
	}
	return milliseconds(d.Millis)
}

// mostDraws bounds how often a delay over its MaxValue is drawn again.
const mostDraws = 100

func (d *Delay) lognormal(random Random) float64 {
	for range mostDraws {
		ms := d.Median * math.Exp(d.Sigma*random.NormFloat64())
		if d.MaxValue == 0 || ms <= d.MaxValue {
			return ms
		}
	}
	return d.MaxValue
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(min(ms, float64(maxDelay)) * float64(time.Millisecond))
}

// maxDelay bounds a delay, in milliseconds: one day.
const maxDelay = 24 * 60 * 60 * 1000

func (d *decoder) delay(path string, raw json.RawMessage) *Delay {
	v := &Delay{}
	d.object(path, raw, map[string]take{
		"type":         into(d, &v.Type, "a string"),
		"lower":        into(d, &v.Lower, "milliseconds"),
		"upper":        into(d, &v.Upper, "milliseconds"),
		"median":       into(d, &v.Median, "milliseconds"),
		"sigma":        into(d, &v.Sigma, "a number"),
		"milliseconds": into(d, &v.Millis, "milliseconds"),
		"maxValue":     into(d, &v.MaxValue, "milliseconds"),
	}, nil)
	switch {
	case v.Type != "uniform" && v.Type != "lognormal" && v.Type != "fixed":
		d.problem(path+".type", "expected uniform, lognormal or fixed, got %q", v.Type)
	case v.Lower < 0 || v.Upper < v.Lower || v.Median < 0 || v.Sigma < 0 || v.Millis < 0 || v.MaxValue < 0:
		d.problem(path, "expected lower <= upper and no negative number")
	}
	return v
}

func (d *decoder) dribble(path string, raw json.RawMessage) *Dribble {
	v := &Dribble{}
	d.object(path, raw, map[string]take{
		"numberOfChunks": into(d, &v.Chunks, "a whole number"),
		"totalDuration":  into(d, &v.Duration, "a whole number of milliseconds"),
	}, nil)
	if v.Chunks < 1 || v.Duration < 0 || v.Duration > maxDelay {
		d.problem(path, "expected numberOfChunks >= 1 and totalDuration from 0 to one day")
	}
	return v
}

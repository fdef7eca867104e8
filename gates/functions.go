package gates

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/expr-lang/expr"

	"github.com/headgate-dev/headgate/engine/spec"
)

// The operators that are replaced by functions: the language itself multiplies a duration with a number
// into a bare number, and divides by zero without an error.
const (
	times  = "*"
	divide = "/"
)

var errDivideByZero = errors.New("division by zero")

// functions are all functions that a gate can call.
func functions() []expr.Option {
	type (
		number   = float64
		duration = time.Duration
	)
	return []expr.Option{
		expr.Function("abs", absolute, new(func(number) number), new(func(duration) duration)),
		expr.Function("min", least,
			new(func(number, ...number) number), new(func(duration, ...duration) duration)),
		expr.Function("max", greatest,
			new(func(number, ...number) number), new(func(duration, ...duration) duration)),
		expr.Function("duration", parseDuration, new(func(string) duration)),
		expr.Function("bytes", parseBytes, new(func(string) number)),
		expr.Function(times, multiplied, new(func(number, number) number),
			new(func(duration, number) duration), new(func(number, duration) duration)),
		expr.Function(divide, divided, new(func(number, number) number),
			new(func(duration, number) duration), new(func(duration, duration) number)),
	}
}

func absolute(args ...any) (any, error) {
	if d, ok := args[0].(time.Duration); ok {
		return d.Abs(), nil
	}
	return math.Abs(float(args[0])), nil
}

func least(args ...any) (any, error) {
	return pick(args, func(a, b float64) bool { return a < b }), nil
}

func greatest(args ...any) (any, error) {
	return pick(args, func(a, b float64) bool { return a > b }), nil
}

func pick(args []any, better func(a, b float64) bool) any {
	best := args[0]
	for _, a := range args[1:] {
		if better(float(a), float(best)) {
			best = a
		}
	}
	if d, ok := best.(time.Duration); ok {
		return d
	}
	return float(best)
}

func parseDuration(args ...any) (any, error) { return time.ParseDuration(args[0].(string)) }

func parseBytes(args ...any) (any, error) {
	b, err := spec.ParseBytes(args[0].(string))
	return float64(b), err
}

func multiplied(args ...any) (any, error) {
	v := float(args[0]) * float(args[1])
	return shaped(v, isDuration(args[0]) || isDuration(args[1]))
}

func divided(args ...any) (any, error) {
	if float(args[1]) == 0 {
		return nil, errDivideByZero
	}
	v := float(args[0]) / float(args[1])
	return shaped(v, isDuration(args[0]) && !isDuration(args[1]))
}

func shaped(v float64, duration bool) (any, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("a result is too large to be judged")
	}
	if duration {
		return time.Duration(math.Round(v)), nil
	}
	return v, nil
}

func isDuration(v any) bool {
	_, ok := v.(time.Duration)
	return ok
}

// float is the number inside any value of an expression; durations count in nanoseconds.
func float(v any) float64 {
	switch x := v.(type) {
	case float64:
		return x
	case int:
		return float64(x)
	case time.Duration:
		return float64(x)
	case bool:
		if x {
			return 1
		}
		return 0
	}
	return math.NaN()
}

// base is the number inside any value of an expression, in base units: durations count in seconds.
func base(v any) float64 {
	if d, ok := v.(time.Duration); ok {
		return d.Seconds()
	}
	return float(v)
}

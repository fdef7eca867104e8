package spec_test

import (
	"encoding"
	"fmt"
	"math"
	"regexp"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
)

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"200ms": 200 * time.Millisecond, "5s": 5 * time.Second, "1m30s": 90 * time.Second, "0": 0, "0s": 0,
		"7d": 7 * 24 * time.Hour, "1.5d": 36 * time.Hour, "1d2h": 26 * time.Hour, "-1d2h": -26 * time.Hour,
		"-2h": -2 * time.Hour, "10us": 10 * time.Microsecond,
	} {
		t.Run(text, func(t *testing.T) {
			got, err := spec.ParseDuration(text)
			if err != nil || got.Std() != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
			pattern := regexp.MustCompile(fmt.Sprint(got.JSONSchemaSpec()["pattern"]))
			if !pattern.MatchString(text) || !pattern.MatchString(got.String()) {
				t.Errorf("the schema refuses %s or %s", text, got)
			}
		})
	}
	for _, text := range []string{"", "5", "1.5", "s", "5 s", "d", "1dx", "1d-2h", "1e300d", "nand", "1h1d"} {
		if got, err := spec.ParseDuration(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "5B": 5, "512KB": 512e3, "64MiB": 64 << 20, "2GiB": 2 << 30, "1.5KiB": 1536, "3 MB": 3e6, "1TB": 1e12,
	} {
		t.Run(text, func(t *testing.T) {
			got, err := spec.ParseBytes(text)
			if err != nil || int64(got) != want {
				t.Errorf("got %d, %v, want %d", got, err, want)
			}
			if !regexp.MustCompile(fmt.Sprint(got.JSONSchemaSpec()["pattern"])).MatchString(text) {
				t.Errorf("the schema refuses %s", text)
			}
		})
	}
	for _, text := range []string{"", "5", "MiB", "-5MiB", "1.0001B", "99999999TiB", "5kb", "NaNB", "InfGB"} {
		if got, err := spec.ParseBytes(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestRateAndRatio(t *testing.T) {
	for text, want := range map[string]spec.Rate{"500/s": 500, "30/m": 0.5, "7200/h": 2, "12": 12, "0": 0} {
		if got, err := spec.ParseRate(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]spec.Ratio{"10%": 0.1, "0.1": 0.1, "100%": 1, "0": 0} {
		if got, err := spec.ParseRatio(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "x/s", "1/d", "inf", "NaN", "1/"} {
		if got, err := spec.ParseRate(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
	for _, text := range []string{"", "-1%", "101%", "2", "NaN", "%"} {
		if got, err := spec.ParseRatio(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestUnitsRoundTrip(t *testing.T) {
	for _, n := range []int64{0, 1, 999, 1000, 1024, 60e9, 90e9, 3600e9, 3661e9, 1 << 40, math.MaxInt64 / 2} {
		var d spec.Duration
		var b spec.Bytes
		roundTrip(t, spec.Duration(n), &d)
		roundTrip(t, spec.Bytes(n), &b)
		if int64(d) != n || int64(b) != n {
			t.Errorf("%d comes back as %d and %d", n, d, b)
		}
	}
	for _, f := range []float64{0, 0.1, 1.0 / 3, 1} {
		var rate spec.Rate
		var ratio spec.Ratio
		roundTrip(t, spec.Rate(f), &rate)
		roundTrip(t, spec.Ratio(f), &ratio)
		if float64(rate) != f || float64(ratio) != f {
			t.Errorf("%v comes back as %v and %v", f, rate, ratio)
		}
	}
}

func roundTrip(t *testing.T, from encoding.TextMarshaler, to encoding.TextUnmarshaler) {
	t.Helper()
	text, err := from.MarshalText()
	if err == nil {
		err = to.UnmarshalText(text)
	}
	if err != nil {
		t.Errorf("%v: %v", from, err)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"name", "match_rate", "latency_p95", "on", "timeout"}
	for name, want := range map[string]string{
		"anme": "name", "Name": "name", "matchrate": "match_rate", "match-rat": "match_rate",
		"latency_p59": "latency_p95", "timout": "timeout", "no": "", "x": "", "": "", "something": "",
	} {
		if got := spec.Nearest(name, known); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

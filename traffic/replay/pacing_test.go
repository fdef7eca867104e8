package replay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// setOf makes a set from sessions written as the seconds of their requests: "0 1 2.5", "1 9".
func setOf(tb testing.TB, sessions ...string) *traffic.Set {
	tb.Helper()
	var records []*traffic.Record
	for i, seconds := range sessions {
		for j, text := range strings.Fields(seconds) {
			d, err := time.ParseDuration(text + "s")
			if err != nil {
				tb.Fatal(err)
			}
			records = append(records, &traffic.Record{
				ID: fmt.Sprintf("%d.%d", i, j), Session: fmt.Sprint("s", i), Direction: traffic.Inbound,
				Time: time.Unix(1000, 0).Add(d), Protocol: traffic.HTTP, Duration: time.Second,
				Request: &traffic.Request{Method: "GET", URL: fmt.Sprintf("/%d/%d", i, j)},
			})
		}
	}
	return traffic.NewSet(records)
}

func TestSchedule(t *testing.T) {
	tests := map[string]struct {
		pacing   Pacing
		sessions []string
		want     string
	}{
		"as recorded":            {Pacing{Scale: 1}, []string{"0 1 2.5", "2 9"}, "0s 1s 2.5s | 2s 9s"},
		"zero scale is one":      {Pacing{}, []string{"0 1"}, "0s 1s"},
		"ten times":              {Pacing{Scale: 10}, []string{"0 1 2.5", "2 9"}, "0s 100ms 250ms | 200ms 900ms"},
		"half":                   {Pacing{Scale: 0.5}, []string{"0 1"}, "0s 2s"},
		"max":                    {Pacing{Scale: Max()}, []string{"0 1", "5"}, "0s 0s | 0s"},
		"pause of all":           {Pacing{MaxGap: 5 * time.Second}, []string{"0 100", "101"}, "0s 5s | 6s"},
		"pause of one":           {Pacing{MaxGap: 5e9}, []string{"0 12", "3", "6", "9"}, "0s 5s | 3s | 6s | 9s"},
		"pauses that arise":      {Pacing{MaxGap: 5e9}, []string{"0 10", "4", "8", "14"}, "0s 5s | 4s | 8s | 13s"},
		"gap before scale":       {Pacing{Scale: 10, MaxGap: 5 * time.Second}, []string{"0 100"}, "0s 500ms"},
		"rate":                   {Pacing{Rate: 2}, []string{"0 0", "0.1", "9"}, "0s 500ms | 1s | 9s"},
		"rate at max":            {Pacing{Rate: 2, Scale: Max()}, []string{"0 3", "1 2"}, "0s 1.5s | 500ms 1s"},
		"rate that is not met":   {Pacing{Rate: 1000}, []string{"0 1"}, "0s 1s"},
		"same moment, all kinds": {Pacing{Scale: 3, MaxGap: 1, Rate: 1}, []string{"0 0", "0"}, "0s 1s | 2s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var parts []string
			for _, due := range test.pacing.Schedule(setOf(t, test.sessions...)).Due {
				parts = append(parts, strings.Trim(fmt.Sprint(due), "[]"))
			}
			if diff := cmp.Diff(test.want, strings.Join(parts, " | ")); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScheduleOfNothing(t *testing.T) {
	p := Pacing{Scale: 1}
	if s := p.Schedule(&traffic.Set{}); len(s.Due) != 0 || p.Duration(&traffic.Set{}) != 0 {
		t.Errorf("got %v", s.Due)
	}
}

func TestDuration(t *testing.T) {
	tests := map[string]struct {
		pacing   Pacing
		sessions []string
		want     time.Duration
	}{
		"one request":            {Pacing{Scale: 1}, []string{"0"}, time.Second},
		"the schedule rules":     {Pacing{Scale: 1, Concurrency: 2}, []string{"0 5", "1 9"}, 10 * time.Second},
		"the answers rule":       {Pacing{Scale: Max(), Concurrency: 2}, []string{"0 5 6", "1 9"}, 3 * time.Second},
		"sessions wait":          {Pacing{Scale: 1, Concurrency: 1}, []string{"0 5", "1 2"}, 8 * time.Second},
		"no concurrency is one":  {Pacing{Scale: Max()}, []string{"0", "0", "0"}, 3 * time.Second},
		"the ceiling rules":      {Pacing{Scale: Max(), Rate: 0.1, Concurrency: 9}, []string{"0", "0", "0"}, 21e9},
		"a late session shifts":  {Pacing{Scale: 1, Concurrency: 1}, []string{"0 9", "1 4"}, 14 * time.Second},
		"scaled, with long ends": {Pacing{Scale: 10, Concurrency: 1}, []string{"0 100"}, 11 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.pacing.Duration(setOf(t, test.sessions...)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestScale(t *testing.T) {
	for text, want := range map[string]Scale{"10x": 10, "1x": 1, "0.5x": 0.5, "2": 2, "max": Max(), "3.0x": 3} {
		got, err := ParseScale(text)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
		if again, err := ParseScale(got.String()); err != nil || again != want {
			t.Errorf("%q: %q reads as %v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "0x", "-1x", "x", "NaN", "inf", "infx", "10 times", "1e9x", "maxx"} {
		if got, err := ParseScale(text); err == nil {
			t.Errorf("%q passed as %v", text, got)
		}
	}
}

package replay

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

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
		"same moment, all kinds": {Pacing{Scale: 3, MaxGap: 1, Rate: 1}, []string{"0 0", "0"}, "0s 0s | 0s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var parts []string
			set := setOf(t, test.sessions...)
			schedule, err := test.pacing.Schedule(Of(set).Marks)
			if err != nil {
				t.Fatal(err)
			}
			for _, session := range set.Sessions {
				clock := schedule.Clock()
				var due []string
				for _, r := range session.Records {
					due = append(due, clock.Due(r.Time).String())
				}
				parts = append(parts, strings.Join(due, " "))
			}
			if diff := gocmp.Diff(test.want, strings.Join(parts, " | ")); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScheduleOfNothing(t *testing.T) {
	p := Pacing{Scale: 1}
	_, err := p.Schedule(Of(&traffic.Set{}).Marks)
	if d, err2 := p.Duration(Of(&traffic.Set{}).Marks); d != 0 || err != nil || err2 != nil {
		t.Errorf("got %s, %v, %v", d, err, err2)
	}
}

// plain computes due times with the whole timeline in memory.
func plain(p Pacing, set *traffic.Set) (all []time.Duration) {
	var sessions [][]time.Duration
	for _, s := range set.Sessions {
		var due []time.Duration
		for _, r := range s.Records {
			due = append(due, r.Time.Sub(set.Sessions[0].Start))
		}
		sessions = append(sessions, due)
	}
	shorten := func(list []*time.Duration) {
		slices.SortFunc(list, func(a, b *time.Duration) int { return cmp.Compare(*a, *b) })
		for i, cut := 1, time.Duration(0); i < len(list); i++ {
			*list[i] -= cut
			if gap := *list[i] - *list[i-1]; gap > p.MaxGap {
				cut += gap - p.MaxGap
				*list[i] -= gap - p.MaxGap
			}
		}
	}
	list := func(sessions ...[]time.Duration) (list []*time.Duration) {
		for _, due := range sessions {
			for i := range due {
				list = append(list, &due[i])
			}
		}
		return list
	}
	shorten(list(sessions...))
	for _, due := range sessions {
		shorten(list(due))
	}
	shorten(list(sessions...))
	return slices.Concat(sessions...)
}

func TestScheduleAsComputedInMemory(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		var sessions []string
		for range 1 + random.IntN(5) {
			at := random.Float64() * 30
			var seconds []string
			for range 1 + random.IntN(6) {
				seconds = append(seconds, fmt.Sprintf("%.3f", at))
				at += random.ExpFloat64() * float64(random.IntN(12))
			}
			sessions = append(sessions, strings.Join(seconds, " "))
		}
		set := setOf(t, sessions...)
		p := Pacing{MaxGap: time.Duration(1 + random.IntN(5e9))}
		schedule, err := p.Schedule(Of(set).Marks)
		if err != nil {
			t.Fatal(err)
		}
		var got []time.Duration
		for _, s := range set.Sessions {
			clock := schedule.Clock()
			for _, r := range s.Records {
				got = append(got, clock.Due(r.Time))
			}
		}
		if diff := gocmp.Diff(plain(p, set), got); diff != "" {
			t.Fatalf("%q with %s (-want +got):\n%s", sessions, p.MaxGap, diff)
		}
	}
}

// What a schedule needs of memory depends on the pauses.
func TestStretchesMerge(t *testing.T) {
	busy := stretches{width: time.Millisecond}
	for i := range 1_000_000 {
		at := time.Duration(i) * 900 * time.Microsecond
		if i >= 500_000 {
			at += time.Hour
		}
		busy.add(at)
	}
	if len(busy.list) > 10_000 {
		t.Errorf("%d stretches in memory", len(busy.list))
	}
	if got := busy.pauses(); len(got) != 1 {
		t.Errorf("%d pauses", len(got))
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
			got, err := test.pacing.Duration(Of(setOf(t, test.sessions...)).Marks)
			if got != test.want || err != nil {
				t.Errorf("got %s, want %s, %v", got, test.want, err)
			}
			other := test.pacing
			other.Scale = 3
			schedule, err := other.Schedule(Of(setOf(t, test.sessions...)).Marks)
			if err != nil {
				t.Fatal(err)
			}
			got, err = schedule.At(test.pacing.Scale).Duration(Of(setOf(t, test.sessions...)).Marks)
			if got != test.want || err != nil {
				t.Errorf("at another scale: got %s, want %s, %v", got, test.want, err)
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

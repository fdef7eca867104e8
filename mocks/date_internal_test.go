package mocks

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDateFormat(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	at := time.Date(2026, 3, 5, 17, 4, 9, 120_000_000, zone)
	tests := map[string]struct {
		pattern, text string
		back          time.Time // the zero time where the text does not hold all of it
	}{
		"iso":      {"yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2026-03-05T17:04:09.120+02:00", at},
		"adjacent": {"yyyyMMddHHmmssSSSZ", "20260305170409120+0200", at},
		"names":    {"EEEE, d MMMM uuuu h:mm a", "Thursday, 5 March 2026 5:04 PM", time.Time{}},
		"short":    {"EEE MMM dd yy", "Thu Mar 05 26", time.Time{}},
		"quotes":   {"h 'o''clock' ''", "5 o'clock '", time.Time{}},
		"day":      {"D Q k K", "64 1 17 5", time.Time{}},
		"seconds":  {"unix", "1772723049", at.Truncate(time.Second)},
		"millis":   {"epoch", "1772723049120", at},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := parseDateFormat(tt.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.text, f.format(at)); diff != "" {
				t.Errorf("formatted (-want +got):\n%s", diff)
			}
			got, _, err := f.parse(tt.text)
			if err != nil && !tt.back.IsZero() || err == nil && !tt.back.IsZero() && !got.Equal(tt.back) {
				t.Errorf("parsed %s, %v", got, err)
			}
		})
	}
	for _, pattern := range []string{"YYYY", "w", "'a", "[ss]"} {
		if _, err := parseDateFormat(pattern); err == nil {
			t.Errorf("%s was accepted", pattern)
		}
	}
}

func TestAddMonths(t *testing.T) {
	day := time.Date(2024, 1, 31, 5, 0, 0, 0, time.UTC)
	if got := addMonths(day, 1); !got.Equal(time.Date(2024, 2, 29, 5, 0, 0, 0, time.UTC)) {
		t.Errorf("a month later: %s", got)
	}
	if got := addMonths(day, -14); !got.Equal(time.Date(2022, 11, 30, 5, 0, 0, 0, time.UTC)) {
		t.Errorf("14 months before: %s", got)
	}
}

func TestTruncate(t *testing.T) {
	at := time.Date(2024, 2, 10, 5, 6, 7, 8, time.UTC)
	want := []string{
		"2024-02-10T05:06:00Z", "2024-02-10T05:00:00Z", "2024-02-10T00:00:00Z", "2024-02-01T00:00:00Z",
		"2024-03-01T00:00:00Z", "2024-02-29T00:00:00Z", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z",
		"2024-12-31T00:00:00Z",
	}
	var got []string
	for _, how := range truncations() {
		got = append(got, truncate(at, how).Format(time.RFC3339))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("truncated (-want +got):\n%s", diff)
	}
}

func FuzzDateFormat(f *testing.F) {
	f.Add("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2026-03-05T17:04:09.120+02:00")
	f.Add("EEE, d MMM yy h a z V D", "Thu")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		format, err := parseDateFormat(pattern)
		if err != nil {
			return
		}
		at, _, err := format.parse(text)
		if err != nil {
			at = time.Unix(1_700_000_000, 5).UTC()
		}
		if format.format(at) == "" && len(format.fields) > 0 && format.fields[0].letter != 0 {
			t.Errorf("%q writes nothing", pattern)
		}
	})
}

func TestJayway(t *testing.T) {
	tests := map[string]string{
		`a.b`:                         `$.a.b`,
		`[0].a`:                       `$[0].a`,
		`$.first-name['x-y'].b`:       `$['first-name']['x-y'].b`,
		`$..@type`:                    `$..['@type']`,
		`$[?(@.a =~ /x\/y'.*/i)]`:     `$[?((@.a && match(@.a, '(?i)x/y\'.*')))]`,
		`$.a[?(@.b == 'c.d-e' && 1)]`: `$.a[?(@.b == 'c.d-e' && 1)]`,
	}
	for in, want := range tests {
		got, err := fromJayway(in)
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{
		`$.a.length()`, `$.min()`, `$[?(@.a in ['b'])]`,
		`$[?(@.a =~ /(?=b)/)]`, `$[`, `$[?(@.a =~ /b/q)]`,
	} {
		if _, err := compileJSONPath(in); err == nil {
			t.Errorf("%s was accepted", in)
		}
	}
}

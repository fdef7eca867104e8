package embedded

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestWrap(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"empty":       {"", []string{""}},
		"short":       {"a\nb", []string{"a", "b"}},
		"as wide":     {strings.Repeat("x", columnWidth), []string{strings.Repeat("x", columnWidth)}},
		"wider":       {strings.Repeat("x", columnWidth+1), []string{strings.Repeat("x", columnWidth), "x"}},
		"wide runes":  {strings.Repeat("\u20ac", columnWidth+1), []string{strings.Repeat("\u20ac", columnWidth), "\u20ac"}},
		"wide emojis": {strings.Repeat("\U0001f600", columnWidth), []string{strings.Repeat("\U0001f600", columnWidth)}},
		"no UTF-8": {
			strings.Repeat("\xff", columnWidth+1), []string{strings.Repeat("\xff", columnWidth), "\xff"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, wrap(tt.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWrapLong: a body of many megabytes is cut short, and costs no more than it shows.
func TestWrapLong(t *testing.T) {
	lines := wrap(strings.Repeat("x", 64<<20))
	if len(lines) > mostBodyLines+1 || lines[len(lines)-1] != "..." {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
	for _, l := range lines {
		if utf8.RuneCountInString(l) > columnWidth {
			t.Fatalf("a line of %d", len(l))
		}
	}
}

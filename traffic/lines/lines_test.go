package lines

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestNext(t *testing.T) {
	cases := map[string]struct {
		text  string
		want  []string
		whole bool
	}{
		"nothing":       {"", nil, false},
		"no last break": {"a\nb", []string{"a", "b"}, false},
		"both breaks":   {"\xef\xbb\xbfa\r\n\r\nb\n", []string{"a", "", "b"}, true},
		"long lines": {
			strings.Repeat("x", 201) + "\na\n" + strings.Repeat("y", 300_000), []string{
				"!", "a",
				"!",
			}, true,
		},
		"as long as it is": {strings.Repeat("x", 199) + "\n", []string{strings.Repeat("x", 199)}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := New(strings.NewReader(c.text), 200)
			var got []string
			end := int64(0)
			for {
				line, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if errors.Is(err, ErrLong) {
					line = []byte("!")
				} else if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(line))
				if r.Number() != len(got) {
					t.Errorf("line %d is number %d", len(got), r.Number())
				}
				if place := c.text[r.Offset():][:r.Size()]; !errors.Is(err, ErrLong) &&
					strings.TrimRight(place, "\r\n") != string(line) {
					t.Errorf("line %d is %q, at its place is %q", len(got), line, place)
				}
				end = r.Offset() + r.Size()
			}
			if end != int64(len(c.text)) {
				t.Errorf("the last line ends at %d of %d", end, len(c.text))
			}
			if diff := cmp.Diff(c.want, got); diff != "" || r.Whole() != c.whole {
				t.Errorf("whole: %v\n%s", r.Whole(), diff)
			}
		})
	}
}

func TestBroken(t *testing.T) {
	r := New(io.MultiReader(strings.NewReader("abcdef"), iotest.ErrReader(iotest.ErrTimeout)), 200)
	if _, err := r.Next(); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

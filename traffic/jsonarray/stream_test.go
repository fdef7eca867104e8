package jsonarray

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/headgate-dev/headgate/traffic"
)

// walk goes through all values and writes them anew.
func walk(s *Stream) (string, error) {
	c, err := s.Next()
	if err != nil {
		return "", err
	}
	if c != '{' && c != '[' {
		raw, err := s.Value(1 << 20)
		return string(raw), err
	}
	if err := s.Enter(c); err != nil {
		return "", err
	}
	var parts []string
	for {
		more, err := s.More()
		if err != nil {
			return "", err
		}
		if !more {
			return string(c) + strings.Join(parts, ",") + string(c+2), nil
		}
		part := ""
		if c == '{' {
			key, err := s.Key()
			if err != nil {
				return "", err
			}
			quoted, _ := json.Marshal(key)
			part = string(quoted) + ":"
		}
		value, err := walk(s)
		if err != nil {
			return "", err
		}
		parts = append(parts, part+value)
	}
}

const document = ` {"a": [1, -2.5e3,true , null], "b\"\\": "x\\\"]}\\\\",` + "\n" + `"c": {"d": {}, "e": [ ]}} `

func TestWalk(t *testing.T) {
	const want = `{"a":[1,-2.5e3,true,null],"b\"\\":"x\\\"]}\\\\","c":{"d":{},"e":[]}}`
	for name, in := range map[string]io.Reader{
		"at once":                   strings.NewReader("\xef\xbb\xbf" + document),
		"byte by byte":              iotest.OneByteReader(strings.NewReader(document)),
		"error with the last bytes": iotest.DataErrReader(strings.NewReader(document)),
	} {
		t.Run(name, func(t *testing.T) {
			s := NewStream(in)
			got, err := walk(s)
			if err != nil || got != want {
				t.Errorf("%v, got %s", err, got)
			}
			if c, err := s.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("behind it %q, %v", c, err)
			}
		})
	}
}

// TestSkip passes over values and takes the one behind them, whatever the pieces in which they come.
func TestSkip(t *testing.T) {
	for _, passed := range []string{document, `"a\\"`, `"\\\""`, "12 ", "[{}]", `""`} {
		text := passed + ` "behind"`
		for _, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			s := NewStream(in)
			if err := s.Skip(); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if raw, err := s.Value(8); err != nil || string(raw) != `"behind"` {
				t.Errorf("%s: %v, got %s", text, err, raw)
			}
			if s.Offset() != int64(len(text)) {
				t.Errorf("%s: at %d", text, s.Offset())
			}
		}
	}
}

func TestLong(t *testing.T) {
	for _, in := range []io.Reader{
		strings.NewReader(`["0123456789", 7]`), iotest.OneByteReader(strings.NewReader(`["0123456789", 7]`)),
	} {
		s := NewStream(in)
		if err := s.Enter('['); err != nil {
			t.Fatal(err)
		}
		for i, want := range []error{ErrLong, nil} {
			if more, err := s.More(); err != nil || !more {
				t.Fatal(more, err)
			}
			if _, err := s.Value(5); !errors.Is(err, want) {
				t.Errorf("%d: %v", i, err)
			}
		}
	}
}

// TestStreamErrors has every text end or go wrong in another place.
func TestStreamErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{"a" 1}`: "found '1' at byte 5, expected ':'", `{a: 1}`: "found 'a' at byte 1, expected a name in quotes",
		`[1 2]`: "found '2' at byte 3, expected ',' or ']'", `[1}`: "found '}' at byte 2, expected ',' or ']'",
		`[x]`: "found 'x' at byte 1, expected a value", `[1,]`: "found ']' at byte 3, expected a value",
		`{"\x": 1}`: "at byte 1: invalid character 'x' in string escape code",
	} {
		if _, err := walk(NewStream(strings.NewReader(text))); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	broken := io.MultiReader(strings.NewReader(`["a`), iotest.ErrReader(errors.New("disk")))
	if _, err := walk(NewStream(broken)); err == nil || err.Error() != "at byte 1: disk" {
		t.Errorf("got %v", err)
	}
	trimmed := strings.TrimSpace(document)
	for n := range trimmed {
		if n == 0 {
			continue
		}
		if _, err := walk(NewStream(strings.NewReader(trimmed[:n]))); !errors.Is(err, traffic.ErrTruncated) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// TestBuffer reads one large value among small ones: its memory is given back.
func TestBuffer(t *testing.T) {
	large := `"` + strings.Repeat("x", 2*kept) + `"`
	s := NewStream(strings.NewReader("[" + large + strings.Repeat(`, "`+strings.Repeat("y", small)+`"`, 400) + "]"))
	if err := s.Enter('['); err != nil {
		t.Fatal(err)
	}
	n := 0
	for more, err := s.More(); more; more, err = s.More() {
		if err != nil {
			t.Fatal(err)
		}
		raw, err := s.Value(3 * kept)
		if err != nil || n == 0 && len(raw) != len(large) {
			t.Fatalf("%v, %d bytes", err, len(raw))
		}
		n++
	}
	if n != 401 || len(s.buf) > 4*small {
		t.Errorf("%d values, a buffer of %d bytes", n, len(s.buf))
	}
}

// FuzzWalk compares with encoding/json: what that takes for JSON is gone through alike.
func FuzzWalk(f *testing.F) {
	f.Add(document)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := walk(NewStream(iotest.HalfReader(strings.NewReader(text))))
		if err == nil && len(got) > 2*len(text)*6 {
			t.Errorf("%d bytes from %d", len(got), len(text))
		}
		if json.Valid([]byte(text)) && !strings.HasPrefix(text, mark) && (err != nil || !json.Valid([]byte(got))) {
			t.Errorf("%v, got %s", err, got)
		}
	})
}

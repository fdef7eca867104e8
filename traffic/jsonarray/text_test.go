package jsonarray

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzText compares with encoding/json.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		`""`, `"plain"`, `"\"\\\/\b\f\n\r\t"`, `"gr\u00fc\u00dfe"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83d\u0041"`, `"\u00e"`,
		"\"\xff\"", "\"\n\"", `"\x"`, `"\`, `1`, `null`, `"a\\"`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		value, err := NewStream(strings.NewReader(raw)).Value(len(raw))
		if err != nil {
			return
		}
		var want string
		failed := json.Unmarshal(value, &want)
		if got, err := Text(value); (err == nil) != (failed == nil) || got != want {
			t.Errorf("%v, got %q, want %q, %v", err, got, want, failed)
		}
	})
}

func TestText(t *testing.T) {
	for raw, want := range map[string]string{
		`"gr\u00fc\u00dfe \/ \ud83d\ude00 \\n\n"`: "grüße / \U0001f600 \\n\n", `"\ud83d!"`: "\ufffd!", "\"\xff\"": "\ufffd",
	} {
		if got, err := Text([]byte(raw)); err != nil || got != want {
			t.Errorf("%s: %v, got %q", raw, err, got)
		}
	}
	for _, raw := range []string{`"\x"`, `"\u00`, `7`, `"\`} {
		if got, err := Text([]byte(raw)); err == nil {
			t.Errorf("%s: got %q", raw, got)
		}
	}
}

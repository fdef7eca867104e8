package jsonarray

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// read collects the elements and what is told of the others; the last is how it ended.
func read(text string) (list []int, told []string) {
	r := New(Document{Name: "x", Kind: "list", Element: "number", Path: []string{"a", "b"}}, strings.NewReader(text))
	r.limit = 100
	for {
		var n int
		err := r.Next(&n)
		switch {
		case err == nil:
			list = append(list, n)
		case errors.Is(err, io.EOF):
			return list, told
		default:
			told = append(told, err.Error())
			if !errors.As(err, new(*traffic.MalformedError)) {
				return list, told
			}
		}
	}
}

func TestNext(t *testing.T) {
	cases := map[string]struct {
		text string
		want []int
		told []string
	}{
		"plain":   {`{"a": {"b": [1, 2]}}`, []int{1, 2}, nil},
		"mark":    {"\xef\xbb\xbf" + `{"a": {"b": []}}`, nil, nil},
		"between": {`{"x": {"a": [3]}, "a": {"y": 1, "b": [1], "z": {"b": []}}, "w": 1} `, []int{1}, nil},
		"malformed": {`{"a": {"b": [1, "x", 2]}}`, []int{1, 2}, []string{
			"x:2: number: json: cannot unmarshal string into Go value of type int",
		}},
		"absent":    {`{"a": {}}`, nil, []string{`x: no list: it has no "b"`}},
		"no object": {`[]`, nil, []string{`x: no list: found '[' at byte 0, expected '{'`}},
		"broken": {`{"a": {"b": [1, ]}}`, []int{1}, []string{
			"x: after number 1: found ']' at byte 16, expected a value",
		}},
		"long and malformed": {
			`{"a": {"b": [` + strings.Repeat("1", 101) + `, 1 , {"x"}, 2]}}`, []int{1, 2}, []string{
				"x:1: number: longer than can be read: more than 100 bytes",
				"x:3: number: invalid character '}' after object key",
			},
		},
		"twice": {`{"a": {"b": [1], "b": [2]}}`, []int{1}, []string{
			`x: after number 1: the key "b" comes twice, at byte 21`,
		}},
		"something behind": {`{"a": {"b": [1]}} {}`, []int{1}, []string{
			"x: after number 1: found '{' at byte 18, expected nothing behind the document",
		}},
		"cut off": {`{"a": {"b": [1, 2`, []int{1, 2}, []string{"x: after number 2: truncated at byte 17"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			list, told := read(c.text)
			if diff := cmp.Diff(c.want, list) + cmp.Diff(c.told, told); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEveryTruncation cuts a document at every byte: the end is told.
func TestEveryTruncation(t *testing.T) {
	const whole = `{"x": 1, "a": {"b": [1, 23], "c": "d"}, "e": []}`
	for n := range len(whole) {
		if _, told := read(whole[:n]); len(told) != 1 || !strings.Contains(told[0], "truncated") {
			t.Errorf("after %d bytes: %q", n, told)
		}
	}
}

func FuzzNext(f *testing.F) {
	f.Add(`{"a": {"b": [1, "x", {}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if list, _ := read(text); len(list) > len(text) {
			t.Errorf("%d numbers", len(list))
		}
	})
}

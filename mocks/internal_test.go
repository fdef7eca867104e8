package mocks

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCanonicalNumber(t *testing.T) {
	tests := map[string]struct{ a, b string }{
		"fraction":  {"1.0", "1"},
		"exponent":  {"10e-1", "1"},
		"large":     {"1E3", "1000"},
		"zero":      {"-0.00", "0e5"},
		"small":     {"0.00012", "1.2e-4"},
		"integers":  {"9007199254740993", "9007199254740993.0"},
		"negative":  {"-1.50", "-15e-1"},
		"hugepower": {"1e99999999999999999999", "1e99999999999999999999"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if !equalNumbers(json.Number(tt.a), json.Number(tt.b)) {
				t.Errorf("%s is not %s", tt.a, tt.b)
			}
		})
	}
	if equalNumbers("9007199254740993", "9007199254740992") || equalNumbers("1", "-1") || equalNumbers("1", "10") {
		t.Error("different numbers are equal")
	}
}

func TestCompileFull(t *testing.T) {
	refused := []string{
		`a(?=b)`, `a(?!b)`, `(?<=a)b`, `(?<!a)b`, `(?>a)`, `(?U)a`, `(a)\1`, `(?<n>a)\k<n>`, `a++`, `a*+`, `a?+`, `a{2}+`,
		`[a-z&&[^b]]`, `[a[b]]`, `(`, `\Z`,
	}
	for _, expr := range refused {
		if _, err := compileFull(expr); err == nil {
			t.Errorf("%s was accepted", expr)
		}
	}
	tests := map[string]struct{ expr, hit, miss string }{
		"full":      {`a|b`, "b", "ab"},
		"escaped":   {`a\++`, "a++", "a"},
		"brackets":  {`[]a]+`, "]a", "b"},
		"quoted":    {`\Q(?=\E+`, "(?==", "(?"},
		"in class":  {`[+*?(]+\[`, "+*?([", "["},
		"named":     {`(?<year>\d{4})-.*`, "2026-1", "26-1"},
		"negated":   {`[^]a]`, "b", "]"},
		"backslash": {`\\+`, `\\`, "+"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			re, err := compileFull(tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			if !re.MatchString(tt.hit) || re.MatchString(tt.miss) {
				t.Errorf("%s: %q %t, %q %t", tt.expr, tt.hit, re.MatchString(tt.hit), tt.miss, re.MatchString(tt.miss))
			}
		})
	}
}

// A key of the lookup must never tell two bodies apart that the stub takes for the same.
func TestBodyPin(t *testing.T) {
	tests := map[string]struct {
		pattern string
		bodies  []string
	}{
		"json": {`{"equalToJson": {"a": 1, "b": [1, {"c": null}]}}`, []string{`{"b":[1.0,{"c":null}],"a":1e0}`}},
		"placeholders": {
			`{"equalToJson": {"a": "${json-unit.ignore}", "b": ["${json-unit.any-string}", 1]}}`,
			[]string{`{"b":["x",1],"a":{}}`},
		},
		"optional": {
			`{"equalToJson": {"a": "${json-unit.ignore-element}", "b": 1}}`,
			[]string{`{"b":1}`, `{"a":[],"b":1}`},
		},
		"text":   {`{"equalTo": "x"}`, []string{"x"}},
		"absent": {`{"absent": true}`, []string{""}},
		"binary": {`{"binaryEqualTo": "eA=="}`, []string{"x"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stubs, err := ParseStubs("a.json", []byte(`{"request": {"bodyPatterns": [`+tt.pattern+`]}, "response": {}}`))
			if err != nil {
				t.Fatal(err)
			}
			p := stubs[0].Request
			shape, key, ok := p.BodyPin()
			if !ok {
				t.Fatal("the body is not pinned")
			}
			for _, body := range tt.bodies {
				v := Value{Text: body, Present: body != ""}
				if got, ok := shape.Key(&v); !ok || got != key || !p.BodyPatterns[0].Match(&v) {
					t.Errorf("%s: key %x, want %x", body, got, key)
				}
			}
			v := NewValue(strings.Repeat("y", 3))
			if got, ok := shape.Key(v); ok && got == key {
				t.Error("another body has the same key")
			}
		})
	}
}

func TestStepString(t *testing.T) {
	s := &step{parent: &step{parent: &step{name: "items", index: -1}, index: 3}, name: "it's", index: -1}
	if got, want := s.String(), `$.items[3]['it\'s']`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

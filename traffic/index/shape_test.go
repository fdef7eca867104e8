package index

import (
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

func shaped(url, requestType, request, response string) uint64 {
	r := &traffic.Record{
		Request: &traffic.Request{
			Method: "POST", URL: url, Header: map[string][]string{"Content-Type": {requestType}}, Body: []byte(request),
		},
	}
	if response != "" {
		r.Response = &traffic.Response{Status: 200, Body: []byte(response)}
	}
	return Shape(r)
}

func TestShape(t *testing.T) {
	const form, js = "application/x-www-form-urlencoded", "application/json"
	base := shaped("/a?x=1&y=2", js, `{"a":1,"b":[{"c":"x"}]}`, `{"ok":true}`)
	tests := map[string]struct {
		shape uint64
		same  bool
	}{
		"other values":    {shaped("/b?x=7&y=", js, `{"a":2.5e3,"b":[{"c":""},{"c":"z"}]}`, `{"ok":false}`), true},
		"other order":     {shaped("/a?y=2&x=1&x=3", js, `{ "b" : [ {"c":"\"}"} ] , "a" : 0 }`, ` {"ok":true} `), true},
		"one query more":  {shaped("/a?x=1&y=2&z=3", js, `{"a":1,"b":[{"c":"x"}]}`, `{"ok":true}`), false},
		"another type":    {shaped("/a?x=1&y=2", js, `{"a":"1","b":[{"c":"x"}]}`, `{"ok":true}`), false},
		"null":            {shaped("/a?x=1&y=2", js, `{"a":null,"b":[{"c":"x"}]}`, `{"ok":true}`), false},
		"empty array":     {shaped("/a?x=1&y=2", js, `{"a":1,"b":[]}`, `{"ok":true}`), false},
		"a field less":    {shaped("/a?x=1&y=2", js, `{"b":[{"c":"x"}]}`, `{"ok":true}`), false},
		"moved elsewhere": {shaped("/a?x=1&y=2", js, `{"b":1,"a":[{"c":"x"}]}`, `{"ok":true}`), false},
		"no answer":       {shaped("/a?x=1&y=2", js, `{"a":1,"b":[{"c":"x"}]}`, ``), false},
		"sides exchanged": {shaped("/a?x=1&y=2", js, `{"ok":true}`, `{"a":1,"b":[{"c":"x"}]}`), false},
		"a form":          {shaped("/a?x=1&y=2", form, `a=1&b=2`, `{"ok":true}`), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.shape == base; got != test.same {
				t.Errorf("the same: %t, want %t", got, test.same)
			}
		})
	}
	if shaped("/", form, "a=1&b=2", "") != shaped("/", form, "b=&a=5&a=6", "") {
		t.Error("forms with the same fields are told apart")
	}
	if shaped("/", js, `{"usr_8f3a92bc1":{"n":1}}`, "") != shaped("/", js, `{"usr_00aa11bb2":{"n":4}}`, "") {
		t.Error("issued keys are told apart")
	}
	if shaped("/", "text/plain", "abc", "") != shaped("/", "text/plain; charset=utf-8", "xyz", "") {
		t.Error("texts are told apart")
	}
}

func TestShapeOfStatements(t *testing.T) {
	of := func(sql string) uint64 {
		return Shape(&traffic.Record{Protocol: traffic.Postgres, Request: &traffic.Request{Query: &traffic.Query{SQL: sql}}})
	}
	if of("select a from t where b = 'x'") != of("select a from t where b = 'y'") {
		t.Error("statements with other values are told apart")
	}
	if of("select a from t") == of("select b from t") {
		t.Error("other statements are not told apart")
	}
}

func FuzzShape(f *testing.F) {
	f.Add([]byte(`{"a":[1,null,true,{"b":"\u0041"}],"c":-1.5e9}`))
	f.Add([]byte(`{"a":[[[[`))
	f.Fuzz(func(_ *testing.T, in []byte) {
		Shape(&traffic.Record{Request: &traffic.Request{URL: "/?" + string(in), Body: in}})
	})
}

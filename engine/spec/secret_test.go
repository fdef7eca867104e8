package spec_test

import (
	"testing"

	"github.com/headgate-dev/headgate/engine/spec"
)

func TestConcealLogins(t *testing.T) {
	doc, ds := spec.Parse("x.yaml", []byte("a: postgres://app:hunter2@db:5432/shop"), spec.Options{})
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	doc.Hide("made up")
	doc.Hide("abc")
	for text, want := range map[string]string{
		"postgres://app:hunter2@db:5432/shop":                 "postgres://app:***@db:5432/shop",
		"see http://a:b@c/ and https://d:e@f/":                "see http://a:***@c/ and https://d:***@f/",
		"http://db:5432/shop@home":                            "http://db:5432/shop@home",
		"postgres://app:${databases.a.password}@db:5432/shop": "postgres://app:${databases.a.password}@db:5432/shop",
		"it is made up, not abc":                              "it is ***, not abc",
	} {
		if got := doc.Conceal(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if got, want := string(spec.Effective(doc)), "a: postgres://app:***@db:5432/shop\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

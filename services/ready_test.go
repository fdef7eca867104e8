package services_test

import (
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

func decode[T any](t *testing.T, src string, into *T) spec.Diagnostics {
	t.Helper()
	doc, ds := spec.Parse("test.yaml", []byte(src), spec.Options{})
	if err := ds.Err(); err != nil {
		t.Fatalf("parsing: %v", err)
	}
	return spec.Decode(doc.Root, into)
}

func TestDecodeReady(t *testing.T) {
	cases := map[string]struct {
		src  string
		want func(*services.Ready)
	}{
		"http path": {"http: /healthz", func(r *services.Ready) { r.HTTP.Path = "/healthz" }},
		"http url":  {"http: https://x/y", func(r *services.Ready) { r.HTTP.Path = "https://x/y" }},
		"http long": {"http: {path: /h, status: 204}", func(r *services.Ready) {
			r.HTTP = services.HTTPCheck{Path: "/h", Status: 204}
		}},
		"tcp true":  {"tcp: true", func(r *services.Ready) { r.TCP.On = true }},
		"tcp false": {"tcp: false", func(*services.Ready) {}},
		"tcp port":  {"tcp: 5432", func(r *services.Ready) { r.TCP = services.TCPCheck{On: true, Port: 5432} }},
		"command": {"command: [./check, -q]", func(r *services.Ready) {
			r.Command = spec.Strings{"./check", "-q"}
		}},
		"numbers": {"{interval: 50ms, consecutive: 3, timeout: 60s}", func(r *services.Ready) {
			r.Interval, r.Consecutive = spec.Duration(50*time.Millisecond), 3
			r.Timeout = spec.Duration(time.Minute)
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, want := services.DefaultReady(), services.DefaultReady()
			if err := decode(t, c.src, &got).Err(); err != nil {
				t.Fatal(err)
			}
			c.want(&want)
			if got.HTTP != want.HTTP || got.TCP != want.TCP || got.Interval != want.Interval ||
				got.Consecutive != want.Consecutive || got.Timeout != want.Timeout ||
				strings.Join(got.Command, " ") != strings.Join(want.Command, " ") {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestDecodeReadyRefuses(t *testing.T) {
	cases := map[string]struct{ src, want string }{
		"relative path":     {"http: healthz", "must start with /"},
		"long without path": {"http: {status: 200}", "path"},
		"http list":         {"http: [/a]", "expected a path or a mapping"},
		"status":            {"http: {path: /, status: 20}", "100"},
		"tcp word":          {"tcp: maybe", "expected true or a port"},
		"tcp port":          {"tcp: 70000", "expected true or a port"},
		"log":               {"log: '('", "missing closing )"},
		"log list":          {"log: [a]", "expected a regular expression"},
		"consecutive":       {"consecutive: 0", "1"},
		"unknown":           {"htp: /", "htp"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := services.DefaultReady()
			err := decode(t, c.src, &r).Err()
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "test.yaml:1:") {
				t.Errorf("error is %v, want it to say %q and where", err, c.want)
			}
		})
	}
}

func TestDecodeLogRules(t *testing.T) {
	rules := services.DefaultLogRules()
	if err := decode(t, `{error: '\bOOPS\b', allow: ["known", 'retry \d+']}`, &rules).Err(); err != nil {
		t.Fatal(err)
	}
	if rules.Error.String() != `\bOOPS\b` || len(rules.Allow) != 2 || !rules.Allow[1].Match("retry 3") {
		t.Errorf("got %v", rules)
	}
	if err := decode(t, `allow: ["("]`, &rules).Err(); err == nil {
		t.Error("no error for a bad expression")
	}
}

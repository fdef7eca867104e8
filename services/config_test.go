package services_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

func settings(t *testing.T, text string) (services.Settings, spec.Diagnostics) {
	t.Helper()
	doc, ds := spec.Parse("x.yaml", []byte(text), spec.Options{Reserved: []string{"mocks", "run", "apps"}})
	if doc == nil {
		t.Fatal(ds)
	}
	var s services.Settings
	ds.Add(spec.Decode(doc.Root, &s))
	return s, ds
}

func fill(port int) services.Fill {
	return services.Fill{
		Port:    port,
		Expand:  func(text string) string { return text },
		Resolve: func(path string) string { return filepath.Join("/at", path) },
	}
}

func TestServiceOfSettings(t *testing.T) {
	s, ds := settings(t, `
image: shop/web:1.2
entrypoint: [/web]
command: [serve, -v]
user: "65534:65534"
port: 9000
ports: [9001]
env: {B: b, A: "${mocks.pay.url}"}
files: ["./app.conf:/etc/app.conf", {content: "x=1", target: /etc/x, mode: "0600"}]
volumes: ["./data:/data:ro", "cache:/cache", /tmp]
health: {test: "curl -f localhost", interval: 1s, retries: 3}
aliases: [web.local]
resources: {cpus: 1.5, memory: 64MiB}
stop_timeout: 2s
`)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	want := services.Service{
		Name: "web", Command: []string{"serve", "-v"}, Dir: "/at", Port: 9000, StopTimeout: 2 * time.Second,
		Env: []string{"PORT=9000", "A=${mocks.pay.url}", "B=b"},
		Container: &services.Container{
			Image: "shop/web:1.2", Entrypoint: []string{"/web"}, User: "65534:65534", CPUs: 1.5, Memory: 64 << 20,
			Files: []services.File{
				{Source: "/at/app.conf", Target: "/etc/app.conf"}, {Content: []byte("x=1"), Target: "/etc/x", Mode: 0o600},
			},
			Volumes: []services.Volume{
				{Source: "/at/data", Target: "/data", ReadOnly: true}, {Source: "cache", Target: "/cache"}, {Target: "/tmp"},
			},
			Ports: []int{9001}, Aliases: []string{"web.local"},
			Health: &services.Health{Test: []string{"CMD-SHELL", "curl -f localhost"}, Interval: time.Second, Retries: 3},
		},
	}
	if diff := cmp.Diff(want, s.Service("web", fill(9000))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"mocks.pay.url"}, s.References()); diff != "" {
		t.Error(diff)
	}
}

func TestHealthTests(t *testing.T) {
	cases := map[string][]string{
		`["CMD", "a", "b"]`:     {"CMD", "a", "b"},
		`["a", "b"]`:            {"CMD", "a", "b"},
		`a || b`:                {"CMD-SHELL", "a || b"},
		`["CMD-SHELL", "a; b"]`: {"CMD-SHELL", "a; b"},
	}
	for written, want := range cases {
		t.Run(written, func(t *testing.T) {
			s, ds := settings(t, "image: x:1\nhealth: {test: "+written+"}\n")
			if ds.Err() != nil {
				t.Fatal(ds)
			}
			if diff := cmp.Diff(want, s.Service("x", fill(0)).Container.Health.Test); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInsidePort(t *testing.T) {
	cases := map[string]struct {
		text string
		want int
	}{
		"given":   {"{image: x:1, port: 5000}", 5000},
		"default": {"{image: x:1}", 8080},
		"job":     {"{image: x:1, job: true}", 0},
		"compose": {"{compose: {service: x}}", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, _ := settings(t, c.text)
			if got := s.InsidePort(); got != c.want {
				t.Errorf("port %d, want %d", got, c.want)
			}
		})
	}
}

func TestOver(t *testing.T) {
	base, _ := settings(t, `{image: base:1, command: [a], env: {A: "1", B: "2"}, port: 80, user: u, resources: {cpus: 2}}`)
	given, _ := settings(t, `{compose: {service: x}, env: {B: "3"}, port: 81, needs: [db], isolation: {egress: deny}}`)
	given.Over(base)
	want := base
	want.Compose, want.Needs, want.Port = services.ComposeSettings{Service: "x"}, spec.Strings{"db"}, 81
	want.Env, want.Isolation.Egress = map[string]string{"A": "1", "B": "3"}, "deny"
	if diff := cmp.Diff(want, given); diff != "" {
		t.Error(diff)
	}
	other, _ := settings(t, `{compose: {service: x}, image: mine:2, command: [b]}`)
	other.Over(base)
	if other.Image != "mine:2" || other.Command[0] != "b" || other.User != "u" {
		t.Errorf("settings %+v", other)
	}
}

func FuzzSettings(f *testing.F) {
	f.Add("{image: x:1, volumes: ['./a:/b:ro'], files: ['a:/b'], health: {test: x}}")
	f.Add("{command: x, resources: {cpus: 1}}")
	f.Fuzz(func(t *testing.T, text string) {
		doc, ds := spec.Parse("x.yaml", []byte(text), spec.Options{})
		if doc == nil || ds.Err() != nil {
			return
		}
		var s services.Settings
		if spec.Decode(doc.Root, &s).Err() != nil {
			return
		}
		s.Check(doc.Root, fill(0).Resolve)
		if service := s.Service("x", fill(1)); (service.Container != nil) != s.Contained() {
			t.Errorf("container of %+v", s)
		}
	})
}

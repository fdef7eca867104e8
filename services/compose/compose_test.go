package compose_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/compose"
)

func load(t *testing.T, text string) (*compose.Project, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"compose.yaml": text, ".env": "TAG=1.7\n", "web.env": "FROM_FILE=yes\nBOTH=file\n", "app.conf": "x",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := compose.Load(t.Context(), filepath.Join(dir, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return p, dir
}

const shop = `
services:
  web:
    image: shop/web:${TAG}
    command: serve --price '$$5'
    env_file: ./web.env
    environment: {BOTH: environment, LITERAL: "$${mocks.x.url}"}
    ports: ["80:9000"]
    expose: ["9001"]
    mem_limit: 64m
    cpus: 1.5
    stop_grace_period: 3s
    restart: always
    configs: [{source: conf, target: /etc/app.conf}]
    volumes: ["./data:/data:ro", "cache:/cache", {type: tmpfs, target: /scratch}]
    networks: {default: {aliases: [shop.local]}}
    depends_on: {db: {condition: service_healthy}, migrate: {condition: service_completed_successfully}}
  db:
    image: postgres:15
    expose: ["5432"]
    healthcheck: {test: [CMD, pg_isready], interval: 500ms, retries: 9}
  migrate:
    build: {context: ./migrate, target: run, args: {V: "2"}}
    depends_on: [db]
configs: {conf: {file: ./app.conf}}
volumes: {cache: {}}
`

func TestSettings(t *testing.T) {
	p, dir := load(t, shop)
	got, err := p.Settings("web")
	if err != nil {
		t.Fatal(err)
	}
	want := services.Settings{
		Image: "shop/web:1.7", Command: spec.Strings{"serve", "--price", "$5"}, Port: 9000, Ports: []int{9001},
		Env:         map[string]string{"FROM_FILE": "yes", "BOTH": "environment", "LITERAL": "$${mocks.x.url}"},
		Aliases:     spec.Strings{"shop.local", "web"},
		Resources:   services.ResourceSettings{CPUs: 1.5, Memory: 64 << 20},
		StopTimeout: spec.Duration(3 * time.Second),
		Files:       []services.FileSetting{{Source: filepath.Join(dir, "app.conf"), Target: "/etc/app.conf"}},
		Volumes: []services.VolumeSetting{
			{Volume: services.Volume{Source: filepath.Join(dir, "data"), Target: "/data", ReadOnly: true}},
			{Volume: services.Volume{Source: "cache", Target: "/cache"}},
			{Volume: services.Volume{Target: "/scratch"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"db", "migrate"}, p.Needs("web")); diff != "" || p.Port("db") != 5432 {
		t.Errorf("needs %s, port %d", diff, p.Port("db"))
	}
	db, err := p.Settings("db")
	health := &services.HealthSettings{
		Test: spec.Strings{"CMD", "pg_isready"}, Interval: spec.Duration(500 * time.Millisecond), Retries: 9,
	}
	if diff := cmp.Diff(health, db.Health); diff != "" || err != nil || db.Job {
		t.Errorf("%s, %v", diff, err)
	}
	migrate, err := p.Settings("migrate")
	build := services.BuildSettings{
		Context: filepath.Join(dir, "migrate"), Dockerfile: "Dockerfile", Target: "run", Args: map[string]string{"V": "2"},
	}
	if diff := cmp.Diff(build, migrate.Build); diff != "" || err != nil || !migrate.Job {
		t.Errorf("%s, %v, job %v", diff, err, migrate.Job)
	}
}

func TestRefused(t *testing.T) {
	cases := map[string]struct{ service, want string }{
		"host network": {"network_mode: host", "network_mode: host"},
		"privileged":   {"privileged: true", "privileged"},
		"several":      {"cap_add: [NET_ADMIN]\n    pid: host", "cap_add, pid: host"},
		"replicas":     {"deploy: {replicas: 3}", "replicas"},
		"working dir":  {"working_dir: /x", "working_dir"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, _ := load(t, "services:\n  web:\n    image: x:1\n    "+c.service+"\n")
			_, err := p.Settings("web")
			if err == nil || !strings.Contains(err.Error(), "uses "+c.want+", which a run cannot do") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	p, dir := load(t, shop)
	_, err := p.Settings("wep")
	if err == nil || !strings.HasSuffix(err.Error(), "has no service wep; did you mean web?") {
		t.Errorf("error %v", err)
	}
	if _, err := compose.Load(t.Context(), filepath.Join(dir, "nope.yaml")); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestUnknownKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "compose.yaml")
	text := "services:\n  web:\n    imgae: x:1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := compose.Load(t.Context(), path)
	if err == nil || !strings.HasSuffix(err.Error(), "compose files have no services.web.imgae") {
		t.Errorf("error %v", err)
	}
}

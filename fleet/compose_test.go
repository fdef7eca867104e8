package fleet_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
)

// composed is a world whose run file takes services from a compose file.
func composed(t *testing.T, runFile, composeFile string) *world {
	t.Helper()
	w := newWorld(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"pipeline.yaml": runFile, "compose.yaml": composeFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, ds := engine.Load(filepath.Join(dir, "pipeline.yaml"), nil, func(string) (string, bool) { return "", false })
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	var err error
	if p.Metrics, err = metric.New(); err != nil {
		t.Fatal(err)
	}
	w.pipeline = p
	return w
}

const shop = `
services:
  web: {image: "web:1", depends_on: [db, payments, worker], environment: {PAY: "http://payments:%d"}}
  db: {image: "postgres:15", expose: ["5432"]}
  payments: {image: "payments:1", expose: ["%d"]}
  worker: {image: "worker:1", depends_on: {migrate: {condition: service_completed_successfully}}}
  migrate: {image: "migrate:1", depends_on: [db]}
  alone: {image: "alone:1"}
`

func TestCompose(t *testing.T) {
	port, err := services.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	w := composed(t, `
backends:
  mocks: [{name: payments, stubs: x}]
  real: [{name: orders-db, compose: {service: db}}]
sut: {apps: [{name: shop, compose: {file: compose.yaml, service: web}}]}
`, fmt.Sprintf(shop, port, port))
	found, ds := w.Compose(t.Context(), w.pipeline)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	var names []string
	for _, d := range found {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"migrate", "worker"}, names); diff != "" {
		t.Error(diff)
	}
	settle := func(name, service string) services.Settings {
		t.Helper()
		s := services.Settings{Compose: services.ComposeSettings{File: "./compose.yaml", Service: service}}
		if ds := w.Settle(w.pipeline, w.pipeline.SUT, name, &s); ds.Err() != nil {
			t.Fatal(ds)
		}
		return s
	}
	migrate, web := settle("migrate", "migrate"), settle("shop", "web")
	if diff := cmp.Diff(spec.Strings{"orders-db"}, migrate.Needs); diff != "" || !migrate.Job {
		t.Errorf("%s, job %v", diff, migrate.Job)
	}
	if diff := cmp.Diff(spec.Strings{"orders-db", "payments", "worker"}, web.Needs); diff != "" {
		t.Error(diff)
	}
	stands(t, w, web, port)
}

// stands checks that the mock answers for the service of the compose file, at its port.
func stands(t *testing.T, w *world, web services.Settings, port int) {
	t.Helper()
	mock := httptest.NewServer(http.HandlerFunc(greet))
	defer mock.Close()
	w.play(t, func(ctx context.Context, r *engine.Run) error {
		r.Publish("mocks.payments.url", mock.URL)
		r.Publish("real.orders-db.url", "http://127.0.0.1:1")
		r.PublishInside("real.orders-db.url", "http://orders-db:5432")
		web.Isolation.Egress = "deny"
		filled, err := w.Fill(ctx, r, fleet.Wanted{Pipeline: w.pipeline, Name: "shop", Settings: &web})
		if err != nil {
			t.Error(err)
			return err
		}
		if body, err := fetch(ctx, fmt.Sprintf("http://127.0.0.1:%d", port)); body != "hi" {
			t.Errorf("through the relay: %q, %v", body, err)
		}
		reach := []string{"db:5432", fmt.Sprintf("payments:%d", port)}
		if diff := cmp.Diff(reach, filled.Container.Egress.Allow); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"web"}, filled.Container.Aliases); diff != "" {
			t.Error(diff)
		}
		return nil
	})
}

func TestComposeThatCannotBe(t *testing.T) {
	cases := map[string]struct{ app, file, want string }{
		"no file":    {"{name: a, compose: {file: nope.yaml}}", "services: {a: {image: x}}", "nope.yaml"},
		"no service": {"{name: ab, compose: {}}", "services: {abc: {image: x}}", ""},
		"bad file":   {"{name: a, compose: {file: compose.yaml}}", "services: {a: {imag: x}}", "imag"},
		"misspelt":   {"{name: a, compose: {service: abd}}", "services: {abc: {image: x}}", "did you mean abc?"},
		"refused":    {"{name: a, compose: {service: a}}", "services: {a: {image: x, pid: host}}", "uses pid: host"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := composed(t, "sut: {apps: ["+c.app+"]}\n", c.file)
			_, ds := w.Compose(t.Context(), w.pipeline)
			at := w.pipeline.SUT.Key("apps").Items()[0]
			s := services.Settings{Compose: services.ComposeSettings{
				File: at.Key("compose").Key("file").Text(), Service: at.Key("compose").Key("service").Text(),
			}}
			ds.Add(w.Settle(w.pipeline, at, at.Key("name").Text(), &s))
			if !strings.Contains(ds.Error(), c.want) || (ds.Err() == nil) != (c.want == "") {
				t.Errorf("findings %s", ds.Error())
			}
		})
	}
}

package backends

import (
	"context"
	"crypto/rand"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker"
	"github.com/headgate-dev/headgate/services/postgres"
	"github.com/headgate-dev/headgate/services/process"
	"github.com/headgate-dev/headgate/services/servicestest"
)

// databaseStage is a stage with files of a shop and a container engine.
func databaseStage(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.inputs.Fleet = &fleet.Fleet{
		Processes: process.Driver{},
		Open: func(ctx context.Context, run string) (services.Site, error) {
			return docker.Open(ctx, docker.Options{RunID: run})
		},
	}
	s.write(t, "schema.sql", "create table orders (id int primary key, note text);\n"+
		"create table schema_migrations (version int);\ninsert into schema_migrations values (41);\n")
	s.write(t, "data/10.sql", "insert into orders select i, 'ten' from generate_series(10, 19) i;\n")
	s.write(t, "data/9.sql", "insert into orders values (9, 'nine');\n")
	s.write(t, "migrations/1.up.sql", "alter table orders add done bool;\nupdate schema_migrations set version = 42;\n")
	return s
}

const orders = `
  databases:
    - name: orders-db
      type: postgres
      image: postgres:15
      seed: [schema.sql, data]
      migrate: ["migrations/*.up.sql"]
      schema: {query: select max(version) from schema_migrations, equals: "42"}
      gates: {schema_current: "true", read_write: "true", restore: "true", restore_seconds: <= 30s}
`

// query asks the published database for one value.
func query(ctx context.Context, r *engine.Run, sql string) (string, error) {
	url, _ := r.Lookup("databases.orders-db.url")
	e, err := postgres.ParseURL(url)
	if err != nil {
		return "", err
	}
	c, err := postgres.Connect(ctx, e, "app")
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close(ctx) }()
	got, _, err := c.Value(ctx, sql)
	return got, err
}

func gauge(rep *engine.Report, name string) float64 {
	p, ok := rep.Snapshot.Get(metric.Ref{Scope: "databases", Subject: "orders-db", Name: name})
	if !ok {
		return -1
	}
	return p.Value
}

func TestDatabaseInContainer(t *testing.T) {
	servicestest.Engine(t, "postgres:15")
	s := databaseStage(t)
	rep := s.play(t, orders, func(ctx context.Context, r *engine.Run) error {
		inside, _ := r.LookupInside("databases.orders-db.url")
		if !strings.Contains(inside, "@orders-db:5432/"+postgres.Name(r.ID, "orders-db")+"?sslmode=disable") {
			t.Errorf("inside: %s", inside)
		}
		_, err := query(ctx, r, "insert into orders values (1, 'app') returning id")
		return err
	})
	if rep.Verdict != engine.Passed {
		t.Fatal(rep.Cause, rep.Hint, rep.Notes)
	}
	got := map[string]float64{}
	for _, name := range []string{"schema_current", "read_write", "restore", "tables", "rows", "writes"} {
		got[name] = gauge(rep, name)
	}
	want := map[string]float64{
		"schema_current": 1, "read_write": 1, "restore": 1, "tables": 2, "rows": 13, "writes": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(rep.Databases) != 1 || rep.Databases[0].Rows != 12 || rep.Databases[0].Schema != "42" {
		t.Errorf("%+v", rep.Databases)
	}
	t.Logf("%+v", rep.Databases)
}

// serve starts a server that stands for somebody else's and returns its URL.
func serve(t *testing.T) (string, services.Instance) {
	t.Helper()
	servicestest.Engine(t, "postgres:15")
	site, err := docker.Open(t.Context(), docker.Options{RunID: "backends-" + strings.ToLower(rand.Text()[:8])})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := site.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	db, err := site.Start(t.Context(), services.Service{
		Name: "theirs", Port: 5432, Env: []string{"POSTGRES_PASSWORD=s3cret pw", "PGDATA=/m/data"},
		Container: &services.Container{
			Image: "postgres:15", Volumes: []services.Volume{{Target: "/m", InMemory: true}},
		},
	}, func(services.Line) {})
	if err != nil {
		t.Fatal(err)
	}
	return "postgres://postgres:s3cret%20pw@" + db.Addr() + "/postgres?sslmode=disable", db
}

// databases lists what a server holds besides what it came with.
func databases(t *testing.T, url string) string {
	t.Helper()
	e, err := postgres.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c, err := postgres.Connect(t.Context(), e, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(t.Context()) }()
	got, _, err := c.Value(t.Context(), "select string_agg(datname, ' ') from pg_database where datname like 'headgate%'")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestDatabaseByURL(t *testing.T) {
	url, server := serve(t)
	const seeded = "\n      seed: [schema.sql, data]\n      migrate: [\"migrations/*.up.sql\"]"
	const at43 = "\n      schema: {query: select max(version) from schema_migrations, equals: \"43\"}"
	for name, c := range map[string]struct {
		url, rest, cause string
		verdict          engine.Verdict
	}{
		"passes": {url, seeded + "\n      gates: {restore: \"true\"}", "", engine.Passed},
		"schema unlike, judged by a gate": {
			url, seeded + at43 + "\n      gates: {schema_current: \"true\"}",
			`; the schema is at "42", expected "43"`, engine.Failed,
		},
		"schema unlike, judged by none": {
			url, seeded + at43, `database orders-db: the schema is at "42", expected "43"`, engine.Environment,
		},
		"no value of the schema": {
			url, seeded + "\n      schema: {query: select 1 where false, equals: \"1\"}",
			"database orders-db: the query gives no value", engine.Environment,
		},
		"mistake in a seed": {
			url, "\n      seed: [schema.sql, bad.sql]",
			`database orders-db: bad.sql:2: relation "nowhere" does not exist (SQLSTATE 42P01), in: insert into nowhere`,
			engine.Invalid,
		},
		"mistake in a migration": {
			url, "\n      seed: [schema.sql]\n      migrate: [bad.sql]", `database orders-db: bad.sql:2: relation "nowhere"`,
			engine.Invalid,
		},
		"wrong password": {
			strings.Replace(url, "s3cret", "s3cert", 1), seeded,
			`password authentication failed for user "postgres" (SQLSTATE 28P01)`, engine.Environment,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := databaseStage(t)
			s.write(t, "bad.sql", "select 1;\ninsert into nowhere\nvalues (1);\n")
			rep := s.play(t, "  databases:\n    - name: orders-db\n      url: "+c.url+c.rest, nil)
			if rep.Verdict != c.verdict || !strings.Contains(rep.Cause, c.cause) {
				t.Errorf("%s: %s", rep.Verdict, rep.Cause)
			}
			if left := databases(t, url); left != "" {
				t.Errorf("left behind: %s", left)
			}
		})
	}
	t.Run("the server goes away", func(t *testing.T) {
		rep := databaseStage(t).play(t, "  databases:\n    - name: orders-db\n      url: "+url+seeded,
			func(ctx context.Context, _ *engine.Run) error {
				if err := server.Stop(ctx); err != nil {
					return err
				}
				<-ctx.Done()
				return ctx.Err()
			})
		if rep.Verdict != engine.Environment || !strings.Contains(rep.Cause, "has ended the connection") {
			t.Errorf("%s: %s", rep.Verdict, rep.Cause)
		}
	})
}

func TestDatabaseIsFreshForEveryAttempt(t *testing.T) {
	url, _ := serve(t)
	s := databaseStage(t)
	p, phase, ds := s.load(t, "  databases:\n    - name: orders-db\n      url: "+url+"\n      seed: [schema.sql, data]")
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	r, err := engine.NewRun(engine.Options{ID: newRunID(), Dir: t.TempDir(), Clock: time.Now}, p.Metrics)
	if err != nil {
		t.Fatal(err)
	}
	if err := phase.Run(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := query(t.Context(), r, "select count(*) from orders"); err != nil || got != "11" {
			t.Fatalf("%s orders, %v", got, err)
		}
		if _, err := query(t.Context(), r, "delete from orders"); err != nil {
			t.Fatal(err)
		}
		if err := phase.rewind(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	d := phase.databases[0]
	if err := d.shadow.Drop(t.Context()); err != nil { // so that it cannot be put back
		t.Fatal(err)
	}
	if err := phase.rewind(t.Context()); err == nil {
		t.Error("put back to nothing")
	}
	if err := d.stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDatabaseSettings(t *testing.T) {
	for name, c := range map[string]struct{ section, want string }{
		"two servers":  {"image: postgres:15\n      url: postgres://a@b/c", "three ways to have a server"},
		"no such file": {"seed: [nothing.sql]", "nothing.sql: no such file or directory"},
		"empty glob":   {`seed: ["none*.sql"]`, "none*.sql: no file has such a name"},
		"bad URL":      {"url: mysql://a@b/c", `found the scheme "mysql"`},
		"no user":      {"url: postgres://b/c", "the host or the user is missing"},
		"unused":       {"url: postgres://a@b/c\n      user: me", "user is not used with this kind of server"},
		"rollback":     {"isolation: rollback", "isolation rollback cannot be done"},
		"stub_writes":  {"isolation: stub_writes", "isolation stub_writes cannot be done"},
		"replica":      {"isolation: replica", "isolation replica cannot be done"},
		"no query":     {`schema: {equals: "1"}`, "query"},
		"tar":          {"seed: [x.tar]", "a tar file; make the dump with --format=custom"},
	} {
		t.Run(name, func(t *testing.T) {
			s := databaseStage(t)
			s.write(t, "x.tar", strings.Repeat("\x00", 257)+"ustar"+strings.Repeat("\x00", 250))
			_, _, ds := s.load(t, "  databases:\n    - name: orders-db\n      "+c.section)
			if ds.Err() == nil || !strings.Contains(ds.Error(), c.want) {
				t.Errorf("got %v", ds)
			}
		})
	}
	for _, name := range []string{"Orders", "orders_db", "1st", strings.Repeat("a", 41)} {
		_, _, ds := databaseStage(t).load(t, "  databases:\n    - name: "+name)
		if ds.Err() == nil || !strings.Contains(ds.Error(), "cannot be the name of a database") {
			t.Errorf("%s: %v", name, ds)
		}
	}
}

func TestDatabaseFromDump(t *testing.T) {
	if _, err := exec.LookPath("pg_dump"); err != nil {
		t.Skip("needs pg_dump")
	}
	s := databaseStage(t)
	url, _ := serve(t)
	rep := s.play(t, "  databases:\n    - name: orders-db\n      url: "+url+"\n      seed: [schema.sql, data]\n"+
		"      gates: {restore: \"true\"}", func(ctx context.Context, r *engine.Run) error {
		from, _ := r.Lookup("databases.orders-db.url")
		dump := exec.CommandContext(ctx, "pg_dump", "--format=custom", "--file="+filepath.Join(s.dir, "orders.dump"), from)
		return dump.Run()
	})
	if rep.Verdict != engine.Passed {
		t.Fatal(rep.Cause)
	}
	rep = s.play(t, strings.Replace(orders, "[schema.sql, data]", "[orders.dump]", 1), nil)
	if rep.Verdict != engine.Passed || rep.Databases[0].Rows != 12 {
		t.Errorf("%s: %+v", rep.Cause, rep.Databases)
	}
}

func TestDatabaseContainerDies(t *testing.T) {
	servicestest.Engine(t, "postgres:15")
	s := databaseStage(t)
	rep := s.play(t, orders, func(ctx context.Context, _ *engine.Run) error {
		if err := s.inputs.Fleet.Member("orders-db").Instance().Stop(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if rep.Verdict != engine.Environment || !strings.Contains(rep.Cause, "orders-db died: exit status 0") {
		t.Errorf("%s: %s", rep.Verdict, rep.Cause)
	}
}

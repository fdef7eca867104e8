package postgres

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const shop = `-- a shop
CREATE TABLE orders (id int PRIMARY KEY, note text);
CREATE TABLE items (order_id int REFERENCES orders, sku text, n int);
CREATE SEQUENCE numbers START 7;
SELECT nextval('numbers');
COPY orders (id, note) FROM stdin;
1	first
2	with; a \\N and \ttab
3	\N
\.
INSERT INTO items VALUES (1, 'a', 2), (2, 'b', 1);
CREATE MATERIALIZED VIEW totals AS SELECT sum(n) FROM items;
`

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file(t, "more.sql.gz", b.String())
}

func exec1(t *testing.T, d *Shadow, sql string) string {
	t.Helper()
	got, err := d.Schema(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestLifeOfADatabase(t *testing.T) {
	s, run := openServer(t)
	d := filled(t, s, run, file(t, "shop.sql", shop), packed(t, "INSERT INTO orders VALUES (4, 'packed');"))
	if err := d.TryWriting(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.TryRestoring(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, err := d.Activity(t.Context())
	if diff := cmp.Diff(Activity{Rows: 7, ReadsKnown: true}, a); err != nil || diff != "" {
		t.Error("after the tests:", err, diff)
	}
	notes := exec1(t, d, "select string_agg(note, '|' order by id) from orders")
	if notes != "first|with; a \\N and \ttab|packed" {
		t.Errorf("notes: %q", notes)
	}
}

func activity(t *testing.T, d *Shadow) Activity {
	t.Helper()
	a, err := d.Activity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.Reads, a.ReadsKnown = 0, false
	return a
}

func run(t *testing.T, d *Shadow, statements ...string) {
	t.Helper()
	err := d.with(t.Context(), func(c *Conn) error {
		for _, sql := range statements {
			if err := c.Exec(t.Context(), sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestActivityAndRestore(t *testing.T) {
	s, id := openServer(t)
	d := filled(t, s, id, file(t, "shop.sql", shop))
	for _, step := range []struct {
		sql  string
		want Activity
	}{
		{"select 1", Activity{Rows: 6}},
		{"insert into orders values (5, 'new'), (6, 'new')", Activity{Rows: 8, Writes: 2}},
		{"update items set n = 9 where sku = 'a'", Activity{Rows: 8, Writes: 3}},
		{"create table own as select generate_series(1, 4)", Activity{Rows: 12, Writes: 7}},
		{"delete from items", Activity{Rows: 10, Writes: 8}},
		{"drop table items cascade", Activity{Rows: 9, Writes: 9}},
	} {
		run(t, d, step.sql)
		if diff := cmp.Diff(step.want, activity(t, d)); diff != "" {
			t.Error(step.sql, diff)
		}
	}
	app, err := Connect(t.Context(), s.Endpoint(d.Database()), "app") // what stays connected is no hindrance
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = app.Close(context.Background()) }()
	took, err := d.Restore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("restored in %s", took)
	if diff := cmp.Diff(Activity{Rows: 6}, activity(t, d)); diff != "" {
		t.Error(diff)
	}
	after, err := d.contents(t.Context())
	if diff := d.sealed.Difference(after); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if got := after.Sequences["public.numbers"]; got != "7" {
		t.Errorf("the sequence is at %s", got)
	}
}

func TestMistakesInFiles(t *testing.T) {
	s, id := openServer(t)
	d := s.Shadow(Name(id, "bad"))
	t.Cleanup(func() {
		if err := d.Drop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := d.Create(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ script, want, hint string }{
		"no such table": {
			"select 1;\n\n-- the mistake\ninsert into t\nvalues (1);",
			`x.sql:4: relation "t" does not exist (SQLSTATE 42P01), in: insert into t values (1)`, "",
		},
		"position within": {
			"select 1,\n  2,\n  nope;", `x.sql:3: column "nope" does not exist (SQLSTATE 42703), in: select 1, 2, nope`, "",
		},
		"copy": {
			"create temp table c (id int);\nCOPY c FROM stdin;\n1\n2\nx\n\\.\n",
			`x.sql:5: invalid input syntax for type integer: "x" (SQLSTATE 22P02), in: COPY c FROM stdin`, "",
		},
		"copy cut off": {
			"create temp table c (id int);\nCOPY c FROM stdin;\n1\n",
			`x.sql:3: the data of COPY begins here and does not end with the line \., in: COPY c FROM stdin`,
			"the file is cut off: make it again",
		},
		"owner": {
			"create table o (id int);alter table o owner to nobody_here;",
			`x.sql:1: role "nobody_here" does not exist (SQLSTATE 42704), in: alter table o owner to nobody_here`,
			"dump with pg_dump --no-owner --no-privileges, or name the role as user: of the database",
		},
		"another database": {
			"create database other;",
			`x.sql:1: a seed fills one database and leaves the server alone, in: create database other`,
			"leave the statement out; dump with pg_dump without --create",
		},
		"open transaction": {
			"begin; select 1;", "x.sql: a transaction is open at the end of the file: nothing of it would stay", "add COMMIT;",
		},
		"long": {
			"select '" + strings.Repeat("y", 100) + "', nope;",
			`x.sql:1: column "nope" does not exist (SQLSTATE 42703), in: select '` + strings.Repeat("y", 72) + "...", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "x.sql", c.script)
			err := d.Fill(t.Context(), []string{path}, RestoreHere)
			var bad *FileError
			if !errors.As(err, &bad) {
				t.Fatalf("got %v", err)
			}
			got := strings.ReplaceAll(bad.Error(), filepath.Dir(path)+"/", "")
			if diff := cmp.Diff([]string{c.want, c.hint}, []string{got, bad.Hint}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDumpOfPgDump(t *testing.T) {
	if _, err := exec.LookPath("pg_dump"); err != nil {
		t.Skip("needs pg_dump")
	}
	s, id := openServer(t)
	source := filled(t, s, id, file(t, "shop.sql", shop+`
		CREATE FUNCTION two() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;
		CREATE FUNCTION three() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 3; END $f$;
		CREATE RULE r AS ON DELETE TO orders DO ALSO (SELECT 1; SELECT 2);`))
	for _, format := range []string{"plain", "custom"} {
		t.Run(format, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dump")
			dump := exec.CommandContext(t.Context(), "pg_dump", "--format="+format, "--file="+path,
				s.Endpoint(source.Database()).URL())
			if out, err := dump.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			copied := filled(t, s, id+format, path)
			after, err := copied.contents(t.Context())
			if diff := source.sealed.Difference(after); err != nil || diff != "" {
				t.Error(err, diff)
			}
			if got := exec1(t, copied, "select two() + three()"); got != "5" {
				t.Errorf("two and three are %s", got)
			}
		})
	}
}

func TestBadDump(t *testing.T) {
	s, id := openServer(t)
	d := s.Shadow(Name(id, "bad"))
	t.Cleanup(func() {
		if err := d.Drop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := d.Create(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("pg_restore"); err != nil {
		t.Skip("needs pg_restore")
	}
	path := file(t, "x.dump", "PGDMP\x01\x63\x00more")
	err := d.Fill(t.Context(), []string{path}, RestoreHere)
	var bad *FileError
	if !errors.As(err, &bad) || !strings.Contains(bad.Error(), "unsupported version (1.99) in file header") {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(bad.Hint, "newer pg_dump") {
		t.Errorf("hint %q", bad.Hint)
	}
}

func TestServerRefuses(t *testing.T) {
	e := endpoint(t)
	s, _ := openServer(t)
	if err := s.exec(t.Context(), `create role weak login password 'weak'`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec(context.Background(), "drop role weak"); err != nil {
			t.Error(err)
		}
	})
	wrong, nobody, gone, readOnly := e, e, e, e
	wrong.Password = "wrong"
	nobody.User, nobody.Password = "weak", "weak"
	gone.Port = 1
	readOnly.Params += "&options=-c%20default_transaction_read_only%3Don"
	for name, c := range map[string]struct {
		e    Endpoint
		want string
	}{
		"wrong password": {wrong, `connecting to ` + e.Addr() +
			` as postgres: password authentication failed for user "postgres" (SQLSTATE 28P01)`},
		"no server": {gone, "connecting to " + gone.Addr() + " as postgres: connection refused"},
		"no right":  {nobody, "the role weak may not make databases at " + e.Addr()},
		"read-only": {readOnly, "the server at " + e.Addr() + " takes no writes: it is a replica or read-only"},
		"no database": {e.In("nowhere"), `connecting to ` + e.Addr() +
			` as postgres: database "nowhere" does not exist (SQLSTATE 3D000)`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), c.e, "x")
			if err == nil {
				t.Fatal("opened")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLeftovers(t *testing.T) {
	alive, _ := openServer(t) // first, so that it is closed last
	dead, id := openServer(t)
	d := filled(t, dead, id)
	if err := dead.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	names := func() string {
		t.Helper()
		list, err := alive.Leftovers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(list, " ")
	}
	if got := names(); strings.Contains(got, d.Database()) {
		t.Errorf("%s is in use, found %s", d.Database(), got)
	}
	if err := dead.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 100 { // the server notices the end of a connection a little later
		if strings.Contains(names(), d.Database()) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got, want := names(), d.Database()+" "+d.Seed(); !strings.Contains(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	d.server = alive // so that the test can remove it
}

func TestLost(t *testing.T) {
	s, id := openServer(t)
	if err := s.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Lost():
		t.Fatal("lost at once")
	default:
	}
	other, _ := openServer(t)
	if err := other.exec(t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity
		where application_name = %s and state is not null`, literal(owner(id))); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Lost():
	case <-time.After(5 * time.Second):
		t.Fatal("not noticed")
	}
}

func TestInterrupted(t *testing.T) {
	s, id := openServer(t)
	d := s.Shadow(Name(id, "slow"))
	t.Cleanup(func() {
		if err := d.Drop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := d.Create(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func(context.Context) error{
		"a script": func(ctx context.Context) error {
			return d.Fill(ctx, []string{file(t, "slow.sql", "select pg_sleep(60);")}, RestoreHere)
		},
		"a statement of the server": func(ctx context.Context) error { return s.exec(ctx, "select pg_sleep(60)") },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if err := do(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if err := s.exec(t.Context(), "select 1"); err != nil {
				t.Errorf("the connection cannot be used on: %v", err)
			}
		})
	}
}

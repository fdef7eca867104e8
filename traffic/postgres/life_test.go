package postgres

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	several = "create temp table a(n int); insert into a values (1),(null); " +
		"select n from a order by 1; select from a"
	constrained = "create temp table u(n int constraint positive check (n > 0), " +
		"m int constraint once unique deferrable initially deferred)"
)

// TestLife does with a server what applications do, and compares what was recorded.
func TestLife(t *testing.T) {
	scenarios := map[string]struct {
		params string
		do     func(t *testing.T, c *pgx.Conn)
		want   []string
		left   []string
	}{
		"several statements in one text": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				texts(t, c, several,
					"select 1 as x; select 1/0; select 2", "", "-- ping")
			},
			want: []string{
				several +
					" => [CREATE TABLE] => [INSERT 0 2] => n:int4 | 1 | NULL [SELECT 2] => [SELECT 2]",
				"select 1 as x; select 1/0; select 2 => x:int4 | 1 [SELECT 1] => [] 22012",
				"=> []",
				"-- ping => []",
			},
		},
		"transactions and their errors": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				texts(t, c, constrained)
				texts(t, c, "begin", "insert into u values (1, 1)", "insert into u values (0, 2)", "select 1", "rollback")
				params(t, c, "insert into u values ($1, 1)", "1")
				texts(t, c, "insert into u values (2, 1)")
				params(t, c, "insert into u values ($1, 1) returning m", "3")
			},
			want: []string{
				constrained +
					" => [CREATE TABLE]",
				"begin => [BEGIN]", "insert into u values (1, 1) => [INSERT 0 1]",
				"insert into u values (0, 2) => [] 23514 positive", "select 1 => [] 25P02", "rollback => [ROLLBACK]",
				"insert into u values ($1, 1) :1 => [INSERT 0 1]",
				"insert into u values (2, 1) => [] 23505 once",
				"insert into u values ($1, 1) returning m :3 => m:int4 | 1 [] 23505 once",
			},
		},
		"a batch": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				b := &pgx.Batch{}
				b.Queue("create temp table p(n int)")
				b.Queue("insert into p values ($1), ($2)", 1, nil)
				b.Queue("select n from p where n = $1", 1)
				if err := c.SendBatch(t.Context(), b).Close(); err == nil {
					t.Error("no error: the table is not there when the statements are prepared")
				}
			},
			want: []string{
				"insert into p values ($1), ($2) => [] 42P01",
			},
			left: []string{kindUnused},
		},
		"a batch without descriptions": {
			params: "&default_query_exec_mode=exec",
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				b := &pgx.Batch{}
				b.Queue("create temp table p(n int)")
				b.Queue("insert into p values ($1), ($2)", 1, nil)
				b.Queue("select n from p where n = $1", 1)
				b.Queue("select n/0 from p where n = $1", 1)
				b.Queue("select n from p")
				b.Queue("select n+1 from p")
				if err := c.SendBatch(t.Context(), b).Close(); err == nil {
					t.Error("no error")
				}
			},
			want: []string{
				"create temp table p(n int) => [CREATE TABLE]",
				"insert into p values ($1), ($2) :1 :NULL => [INSERT 0 2]",
				"select n from p where n = $1 :1 => n:int4 | 1 [SELECT 1]",
				"select n/0 from p where n = $1 :1 => ?column?:int4 [] 22012",
			},
			left: []string{kindSkipped, kindSkipped},
		},
		"a pipeline with several ends": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				p := c.PgConn().StartPipeline(t.Context())
				p.SendPrepare("one", "select $1::int4 as n", nil)
				p.SendQueryPrepared("one", [][]byte{[]byte("1")}, nil, nil)
				p.SendPipelineSync()
				p.SendQueryPrepared("one", [][]byte{[]byte("x")}, nil, nil)
				p.SendQueryPrepared("one", [][]byte{[]byte("2")}, nil, nil)
				p.SendPipelineSync()
				p.SendQueryPrepared("one", [][]byte{[]byte("3")}, nil, []int16{1})
				if err := p.Sync(); err != nil {
					t.Error(err)
				}
				_ = p.Close() // the error in the middle
			},
			want: []string{
				"select $1::int4 as n int4:1 => n:int4 | 1 [SELECT 1]",
				"select $1::int4 as n int4:x => [] 22P02",
				"select $1::int4 as n int4:3 => n:int4 | 3 [SELECT 1]",
			},
			left: []string{kindSkipped},
		},
		"COPY in and out": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				texts(t, c, "create temp table k(n int)")
				for _, data := range []string{"1\n2\n", "x\n"} {
					_, err := c.PgConn().CopyFrom(t.Context(), strings.NewReader(data), "copy k from stdin")
					if (err != nil) != (data == "x\n") {
						t.Error(err)
					}
				}
				var b bytes.Buffer
				if _, err := c.PgConn().CopyTo(t.Context(), &b, "copy k to stdout"); err != nil || b.String() != "1\n2\n" {
					t.Errorf("%q, %v", b.String(), err)
				}
				texts(t, c, "select count(*) from k")
			},
			want: []string{
				"create temp table k(n int) => [CREATE TABLE]",
				"select count(*) from k => count:int8 | 2 [SELECT 1]",
			},
			left: []string{kindCopy, kindCopy, kindCopy},
		},
		"COPY in the extended protocol": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				texts(t, c, "create temp table k(n int)")
				f := c.PgConn().Frontend()
				for _, data := range []string{"1\n2\n", "x\n"} {
					extended(t, f, "copy k from stdin", 0)
					f.Send(&pgproto3.Sync{}) // ignored by the server
					flush(t, f)
					until(t, f, &pgproto3.CopyInResponse{})
					f.Send(&pgproto3.CopyData{Data: []byte(data)})
					f.Send(&pgproto3.CopyDone{})
					f.Send(&pgproto3.Sync{})
					flush(t, f)
					until(t, f, &pgproto3.ReadyForQuery{})
				}
				texts(t, c, "select count(*) from k")
			},
			want: []string{
				"create temp table k(n int) => [CREATE TABLE]",
				"select count(*) from k => count:int8 | 2 [SELECT 1]",
			},
			left: []string{kindCopy, kindCopy},
		},
		"rows in portions": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				texts(t, c, "begin")
				f := c.PgConn().Frontend()
				extended(t, f, "select generate_series(1, 5) as n", 2)
				end(t, f)
				for range 2 {
					f.Send(&pgproto3.Execute{MaxRows: 2})
					end(t, f)
				}
				extended(t, f, "select generate_series(6, 9) as n", 2)
				end(t, f)
				texts(t, c, "commit")
				extended(t, f, "select generate_series(1, 2) as n", 1) // nobody asks for more
				end(t, f)
				extended(t, f, "select 1 as n", 1)
				end(t, f)
			},
			want: []string{
				"begin => [BEGIN]",
				"select generate_series(1, 5) as n => n:int4 | 1 | 2 | 3 | 4 | 5 [SELECT 1]",
				"select generate_series(6, 9) as n => n:int4 | 6 | 7 []",
				"commit => [COMMIT]",
				"select generate_series(1, 2) as n => n:int4 | 1 []",
				"select 1 as n => n:int4 | 1 []",
			},
		},
		"notices and notifications": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				texts(t, c, "listen h", "notify h, 'x'", "do $$ begin raise notice 'hello'; end $$", "select 1 as n")
			},
			want: []string{
				"listen h => [LISTEN]", "notify h, 'x' => [NOTIFY]", "do $$ begin raise notice 'hello'; end $$ => [DO]",
				"select 1 as n => n:int4 | 1 [SELECT 1]",
			},
		},
		"a cursor in binary": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				texts(t, c, "begin; declare x binary cursor for select 258 as n, 'a' as t; fetch 1 from x; commit")
			},
			want: []string{"begin; declare x binary cursor for select 258 as n, 'a' as t; fetch 1 from x; commit" +
				" => [BEGIN] => [DECLARE CURSOR] => n:int4 t:text | 258,a [FETCH 1] => [COMMIT]"},
		},
		"another encoding": {
			params: "&client_encoding=LATIN1",
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				texts(t, c, "select 'plain' as t", "select chr(228) as t", "select '\xe4'")
			},
			want: []string{"select 'plain' as t => t:text | plain [SELECT 1]"},
			left: []string{kindEncoding, kindEncoding},
		},
		"types of one's own": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				texts(t, c, "create type pg_temp.mood as enum ('sad', 'ok')")
				r := c.PgConn().ExecParams(t.Context(), "select 'ok'::pg_temp.mood is null as n", nil, nil, nil, []int16{1})
				if _, err := r.Close(); err != nil {
					t.Error(err)
				}
				r = c.PgConn().ExecParams(t.Context(), "select point(1,2) as p", nil, nil, nil, []int16{1})
				if _, err := r.Close(); err != nil {
					t.Error(err)
				}
			},
			want: []string{
				"create type pg_temp.mood as enum ('sad', 'ok') => [CREATE TYPE]",
				"select 'ok'::pg_temp.mood is null as n => n:bool | f [SELECT 1]",
				`select point(1,2) as p => p:point | \x3ff00000000000004000000000000000 [SELECT 1]`,
			},
		},
		"the server ends the connection": {
			do: func(t *testing.T, c *pgx.Conn) {
				t.Helper()
				texts(t, c, "select pg_terminate_backend(pg_backend_pid()), pg_sleep(9)")
			},
			want: []string{
				"select pg_terminate_backend(pg_backend_pid()), pg_sleep(9) => pg_terminate_backend:bool pg_sleep:void [] 57P01",
			},
		},
	}
	for name, s := range scenarios {
		t.Run(name, func(t *testing.T) {
			c, end := tapped(t, s.params, nil)
			s.do(t, c)
			k := end()
			if diff := cmp.Diff(s.want, tell(k)); diff != "" {
				t.Error(diff)
			}
			slices.Sort(k.left)
			slices.Sort(s.left)
			if diff := cmp.Diff(s.left, k.left); diff != "" {
				t.Errorf("left out: %s", diff)
			}
		})
	}
}

// texts asks simple queries; errors are what the server says.
func texts(t *testing.T, c *pgx.Conn, all ...string) {
	t.Helper()
	for _, sql := range all {
		_, _ = c.PgConn().Exec(t.Context(), sql).ReadAll()
	}
}

func params(t *testing.T, c *pgx.Conn, sql string, values ...string) {
	t.Helper()
	var all [][]byte
	for _, v := range values {
		all = append(all, []byte(v))
	}
	_, _ = c.PgConn().ExecParams(t.Context(), sql, all, nil, nil, nil).Close()
}

// extended sends a statement through the unnamed portal.
func extended(t *testing.T, f *pgproto3.Frontend, sql string, most uint32) {
	t.Helper()
	f.Send(&pgproto3.Parse{Query: sql})
	f.Send(&pgproto3.Bind{})
	f.Send(&pgproto3.Describe{ObjectType: 'P'})
	f.Send(&pgproto3.Execute{MaxRows: most})
}

func flush(t *testing.T, f *pgproto3.Frontend) {
	t.Helper()
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
}

func end(t *testing.T, f *pgproto3.Frontend) {
	t.Helper()
	f.Send(&pgproto3.Sync{})
	flush(t, f)
	until(t, f, &pgproto3.ReadyForQuery{})
}

// until reads up to a message of that type.
func until(t *testing.T, f *pgproto3.Frontend, last pgproto3.BackendMessage) {
	t.Helper()
	for {
		m, err := f.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if kindOf(m) == kindOf(last) {
			return
		}
	}
}

func kindOf(m pgproto3.BackendMessage) byte {
	b, err := m.Encode(nil)
	if err != nil {
		return 0
	}
	return b[0]
}

// TestPortalsKeepNoResults executes portals of a transaction that goes on.
func TestPortalsKeepNoResults(t *testing.T) {
	k := &kept{}
	c := NewConn(k.options())
	feed(c, []part{
		start, welcome,
		asked(
			&pgproto3.Parse{Query: "q"}, &pgproto3.Bind{DestinationPortal: "p"},
			&pgproto3.Describe{ObjectType: 'P', Name: "p"}, &pgproto3.Execute{Portal: "p"}, &pgproto3.Sync{},
		),
		answered(&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, textField, row1("v"), done("SELECT 1"),
			&pgproto3.ReadyForQuery{TxStatus: 'T'}),
	})
	if diff := cmp.Diff([]string{"q => t:text | v [SELECT 1]"}, tell(k)); diff != "" {
		t.Error(diff)
	}
	if p := c.portals["p"]; p == nil || p.query.results != nil || p.query.block.values != nil {
		t.Errorf("portal %+v", p)
	}
}

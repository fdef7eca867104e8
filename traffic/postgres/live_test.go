package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/headgate-dev/headgate/traffic"
)

// expressions are values of all types that are written as text, and of some that are not.
var expressions = []string{
	"true", "false", "null::bool", "1::int2", "(-32768)::int2", "2147483647", "(-9223372036854775808)::int8",
	"4294967295::oid", "'7'::xid", "'18446744073709551615'::xid8",
	"0::float8", "'-0'::float8", "1.5::float8", "1e14::float8", "1e15::float8", "123456789012345678::float8",
	"0.0001::float8", "0.00001::float8", "1e-300::float8", "'NaN'::float8", "'Infinity'::float8",
	"'-Infinity'::float4", "0.1::float4", "1e5::float4", "1e6::float4", "1234567::float4", "1e-5::float4",
	"3.4e38::float4", "0::numeric", "0.00::numeric(10,2)", "1.50::numeric", "-1.5::numeric", "1e20::numeric",
	"1e-20::numeric", "12345678901234567890.098765432100::numeric", "10000::numeric", "99990000::numeric",
	"0.0001::numeric", "0.00010000::numeric", "-0.5::numeric", "'NaN'::numeric", "'Infinity'::numeric",
	"'-Infinity'::numeric", "1234.5678::numeric(20,10)", "100010001::numeric", "10::numeric ^ 200",
	"'hello'::text", "''::text", "'ä€😀'::varchar(9)", "'x'::char(5)", "'a name'::name", `'c'::"char"`,
	`''::"char"`,
	"'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid", `'\x00ff10'::bytea`, `''::bytea`,
	"'2024-02-29'::date", "'0044-03-15 BC'::date", "'infinity'::date", "'-infinity'::date", "'12024-01-01'::date",
	"'4713-01-01 BC'::date", "'5874897-12-31'::date", "'0001-01-01'::date", "'0001-12-31 BC'::date",
	"'00:00'::time", "'24:00'::time", "'23:59:59.999999'::time", "'12:30:00.5'::time",
	"'12:30:00+02'::timetz", "'12:30:00.25-05:30'::timetz", "'12:30:00+01:02:03'::timetz",
	"'2024-02-29 13:14:15.123456'::timestamp", "'1999-12-31 23:59:59.9'::timestamp", "'infinity'::timestamp",
	"'0044-03-15 12:00 BC'::timestamp", "'294276-12-31 23:59:59'::timestamp",
	"'2024-02-29 13:14:15.123456+02'::timestamptz", "'-infinity'::timestamptz",
	"'0044-03-15 12:00+00 BC'::timestamptz",
	"'0'::interval", "'1 year 2 mons 3 days 04:05:06.789'::interval",
	"'-1 year -2 mons +3 days -04:05:06'::interval",
	"'1 mon -1 day'::interval", "'-1 mon 1 day 00:00:01'::interval", "'100:00:00'::interval",
	"'-00:00:00.5'::interval",
	"'-1 day 1 hour'::interval", "'1 year'::interval", "'25 mons'::interval", "'-13 mons'::interval",
	`'{"a" : [1, 2]}'::json`, `'{"b":2, "a": [1,2.50]}'::jsonb`, "'null'::jsonb", "'$.a[*]'::jsonpath",
	"'<a>b</a>'::xml",
	"'192.168.1.1'::inet", "'192.168.1.0/24'::inet", "'10.0.0.0/8'::cidr", "'10.1.2.3/32'::cidr", "'::1'::inet",
	"'2001:db8::/32'::cidr", "'::ffff:1.2.3.4'::inet", "'08:00:2b:01:02:03'::macaddr",
	"'08:00:2b:01:02:03:04:05'::macaddr8",
	"B'10110'", "B'1011010110'::varbit", "''::varbit", "'16/B374D848'::pg_lsn",
	"array[1,2,null]", "array[]::int4[]", "array[[1,2],[3,4]]", "'[0:1]={7,8}'::int4[]",
	"'[2:2][-1:0]={{7,8}}'::int8[]",
	`array['a', null, 'NULL', 'null', '', 'x y', 'a"b', 'a\b', '{', 'a,b', E'tab\t', 'ä']`,
	"array[true,false]", "array[1.5::float8]", "array[1.50::numeric, null]", "array['\\x00'::bytea]",
	"array['2024-02-29 13:14:15'::timestamp]", "array['2024-02-29 13:14:15+00'::timestamptz]",
	"array['1 day'::interval]",
	"array['2024-02-29'::date]", "array['6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid]", `array['{"a":1}'::jsonb]`,
	"array['a'::varchar]", "array['10.0.0.0/8'::cidr, '1.2.3.4/32'::cidr]", "array['12:30+02'::timetz]",
	"'[1,5)'::int4range", "'empty'::int8range", "'(,5]'::int8range", "'[1.5,)'::numrange", "'(,)'::daterange",
	"'[2024-01-01,2024-02-01)'::daterange", "'[2024-01-01 10:00,2024-02-01)'::tsrange",
	"'[2024-01-01 10:00+00,]'::tstzrange", "array['[1,5)'::int4range]", "'a'::unknown", "pg_sleep(0)", "null",
}

// TestTextForm compares what is written of values that were sent in binary with what the server writes.
func TestTextForm(t *testing.T) {
	client, end := tapped(t, "", nil)
	for _, e := range expressions {
		for _, f := range []int16{0, 1} {
			r := client.PgConn().ExecParams(t.Context(), "select "+e+" as v", nil, nil, nil, []int16{f})
			if _, err := r.Close(); err != nil {
				t.Fatalf("%s: %v", e, err)
			}
		}
	}
	k := end()
	if len(k.left) > 0 || len(k.records) != 2*len(expressions) {
		t.Fatalf("%d records of %d, left out: %q", len(k.records), 2*len(expressions), k.left)
	}
	for i, e := range expressions {
		want, got := k.records[2*i].Response.Result, k.records[2*i+1].Response.Result
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: in text (-) and in binary (+):\n%s", e, diff)
		}
		if want.Columns[0].Name != "v" || strings.Trim(want.Columns[0].Type, "0123456789") == "" {
			t.Errorf("%s: columns %v", e, want.Columns)
		}
	}
}

// TestParams binds each value in binary, as the server has sent it, and compares with its text.
func TestParams(t *testing.T) {
	client, end := tapped(t, "", nil)
	asked := 0
	for _, e := range expressions {
		r := client.PgConn().ExecParams(t.Context(), "select "+e, nil, nil, nil, []int16{1}).Read()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		oid := r.FieldDescriptions[0].DataTypeOID
		if name := typeName(oid); name == "void" || name == "unknown" {
			continue
		}
		r = client.PgConn().ExecParams(t.Context(), "select $1", [][]byte{r.Rows[0][0]}, []uint32{oid},
			[]int16{1}, nil).Read()
		if r.Err != nil {
			t.Fatalf("%s: %v", e, r.Err)
		}
		asked++
	}
	k := end()
	if len(k.left) > 0 {
		t.Fatalf("left out: %q", k.left)
	}
	compared := 0
	for _, r := range k.records {
		if len(r.Request.Query.Params) == 0 {
			continue
		}
		compared++
		p, result := r.Request.Query.Params[0], r.Response.Result
		if p.Type != result.Columns[0].Type {
			t.Errorf("the parameter is %s, the column %s", p.Type, result.Columns[0].Type)
		}
		if diff := cmp.Diff(result.Rows[0][0], p.Value); diff != "" {
			t.Errorf("%s:\n%s", p.Type, diff)
		}
	}
	if compared != asked || asked < 100 {
		t.Errorf("%d of %d parameters", compared, asked)
	}
}

// told is a record in few words.
func told(r *traffic.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", r.Request.Query.SQL)
	for _, p := range r.Request.Query.Params {
		fmt.Fprintf(&b, " %s:%s", p.Type, value(p.Value))
	}
	if r.Response == nil {
		return b.String() + " => nothing"
	}
	first := *r.Response.Result
	for _, one := range append([]traffic.Result{first}, first.Then...) {
		b.WriteString(" =>")
		for _, c := range one.Columns {
			fmt.Fprintf(&b, " %s:%s", c.Name, c.Type)
		}
		for _, row := range one.Rows {
			for i, v := range row {
				b.WriteString([]string{" | ", ","}[min(i, 1)] + value(v))
			}
		}
		fmt.Fprintf(&b, " [%s]", one.Tag)
		if one.Error != nil {
			fmt.Fprintf(&b, " %s %s", one.Error.SQLState, one.Error.Fields["constraint"])
		}
	}
	return strings.TrimSpace(b.String())
}

func value(v *string) string {
	if v == nil {
		return "NULL"
	}
	return *v
}

func tell(k *kept) []string {
	var all []string
	for _, r := range k.records {
		all = append(all, told(r))
	}
	return all
}

const series = "select g, $1::text as t from generate_series(1, $2::int4) g"

// TestModes asks the same in each way that a client has.
func TestModes(t *testing.T) {
	modes := map[string]pgx.QueryExecMode{
		"cached statements":   pgx.QueryExecModeCacheStatement,
		"cached descriptions": pgx.QueryExecModeCacheDescribe,
		"described each time": pgx.QueryExecModeDescribeExec,
		"one round trip":      pgx.QueryExecModeExec,
		"simple":              pgx.QueryExecModeSimpleProtocol,
	}
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			client, end := tapped(t, "", func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = mode })
			for i := range 2 {
				rows, err := client.Query(t.Context(), series,
					"x", 2+i)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := pgx.CollectRows(rows, pgx.RowToMap); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := client.Exec(t.Context(), "select 1/$1::int4", 0); err == nil {
				t.Fatal("no error")
			}
			if _, err := client.Exec(t.Context(), "select * from nowhere"); err == nil {
				t.Fatal("no error")
			}
			k := end()
			if len(k.left) > 0 {
				t.Errorf("left out: %q", k.left)
			}
			want := []string{
				series + " text:x int4:2 => g:int4 t:text | 1,x | 2,x [SELECT 2]",
				series + " text:x int4:3 => g:int4 t:text | 1,x | 2,x | 3,x [SELECT 3]",
				"select 1/$1::int4 int4:0 => [] 22012",
				"select * from nowhere => [] 42P01",
			}
			switch mode {
			case pgx.QueryExecModeExec: // types of parameters are left to the server
				for i := range want {
					want[i] = strings.NewReplacer(" text:x", " :x", " int4:", " :").Replace(want[i])
				}
			case pgx.QueryExecModeSimpleProtocol:
				want = []string{
					"select g,  'x' ::text as t from generate_series(1,  '2' ::int4) g => g:int4 t:text | 1,x | 2,x [SELECT 2]",
					"select g,  'x' ::text as t from generate_series(1,  '3' ::int4) g => g:int4 t:text | 1,x | 2,x | 3,x [SELECT 3]",
					"select 1/ '0' ::int4 => [] 22012",
					"select * from nowhere => [] 42P01",
				}
			}
			if diff := cmp.Diff(want, tell(k)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBigResult compares each row with what the client got, and cuts off what is too big.
func TestBigResult(t *testing.T) {
	const sql = "select g, md5(g::text) as hash, nullif(g % 7, 0) as n from generate_series(1, 30000) g"
	k := &kept{}
	addr, _, end := proxied(t, ProxyOptions{Target: server(t), Sink: k})
	small, _, endSmall := proxied(t, ProxyOptions{Target: server(t), MaxMessage: 1 << 20})
	for _, at := range []string{addr, small} {
		c := connect(t, dsn(at, "&default_query_exec_mode=simple_protocol"))
		want := c.PgConn().ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
		if want.Err != nil {
			t.Fatal(want.Err)
		}
		if _, err := c.PgConn().ExecParams(t.Context(), sql, nil, nil, nil, []int16{1}).Close(); err != nil {
			t.Fatal(err)
		}
		texts(t, c, "select 1 as n")
		if at == small {
			continue
		}
		end()
		for _, r := range k.records[:2] {
			rows := r.Response.Result.Rows
			if len(rows) != len(want.Rows) {
				t.Fatalf("%d rows of %d", len(rows), len(want.Rows))
			}
			for i, row := range want.Rows {
				for j, v := range row {
					if got := rows[i][j]; (v == nil) != (got == nil) || got != nil && *got != string(v) {
						t.Fatalf("row %d, column %d: %s instead of %q", i, j, value(got), v)
					}
				}
			}
		}
	}
	few, h := endSmall()
	if diff := cmp.Diff([]string{"select 1 as n => n:int4 | 1 [SELECT 1]"}, tell(few)); diff != "" {
		t.Error(diff)
	}
	if h.LeftOut[kindLarge] != 2 {
		t.Errorf("%+v", h)
	}
}

package postgres

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// told is a statement with its data read.
type told struct {
	Line int
	Text string
	Data string
	At   int
}

func readAll(script string) ([]told, error) {
	s := NewScript(strings.NewReader(script))
	var list []told
	for {
		st, err := s.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		t := told{Line: st.Line, Text: st.Text}
		if st.Data != nil {
			data, err := io.ReadAll(st.Data)
			if err != nil {
				return list, err
			}
			t.Data, t.At = string(data), st.DataLine
		}
		list = append(list, t)
	}
}

func TestScript(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   []told
	}{
		"empty":           {"", nil},
		"only comments":   {"-- a;\n/* b; /* c; */ ; */\n;;", nil},
		"two":             {"select 1;\n\nselect 2 ;", []told{{Line: 1, Text: "select 1"}, {Line: 3, Text: "select 2"}}},
		"no last mark":    {"select 1", []told{{Line: 1, Text: "select 1"}}},
		"byte order mark": {"\ufeffselect 1;", []told{{Line: 1, Text: "select 1"}}},
		"comment within": {
			"-- first\nselect 1 -- ; no end\n + 2;", []told{{Line: 2, Text: "select 1 -- ; no end\n + 2"}},
		},
		"block comment within": {"select /* ; */ 1;", []told{{Line: 1, Text: "select /* ; */ 1"}}},
		"quoted": {
			`insert into "a;b" values ('x;''y;', E'a\';b', 'back\');select 2;`,
			[]told{{Line: 1, Text: `insert into "a;b" values ('x;''y;', E'a\';b', 'back\')`}, {Line: 1, Text: "select 2"}},
		},
		"escaped quote doubled": {`select e'a'';b\\';select 2`, []told{
			{Line: 1, Text: `select e'a'';b\\'`}, {Line: 1, Text: "select 2"},
		}},
		"a name that ends with e": {`select name'x\';select 2`, []told{
			{Line: 1, Text: `select name'x\'`}, {Line: 1, Text: "select 2"},
		}},
		"dollar quoted": {
			"do $$ begin; end $$;\nselect $a1$ $$ ; $b$ $a1$, $1;",
			[]told{{Line: 1, Text: "do $$ begin; end $$"}, {Line: 2, Text: "select $a1$ $$ ; $b$ $a1$, $1"}},
		},
		"dollar in a name": {"select a$b$ ; select 2$$;$$", []told{
			{Line: 1, Text: "select a$b$"}, {Line: 1, Text: "select 2$$;$$"},
		}},
		"rule": {
			"create rule r as on insert to t do also (select 1; select 2);",
			[]told{{Line: 1, Text: "create rule r as on insert to t do also (select 1; select 2)"}},
		},
		"atomic body": {
			"CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;\n" +
				"select 3;",
			[]told{
				{
					Line: 1,
					Text: "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
				},
				{Line: 2, Text: "select 3"},
			},
		},
		"transaction": {"begin; select 1; end;", []told{
			{Line: 1, Text: "begin"}, {Line: 1, Text: "select 1"}, {Line: 1, Text: "end"},
		}},
		"copy": {
			"COPY public.t (id, note) FROM stdin;\n1\ta;b\n2\t\\N\n\\.\n\nselect 1;",
			[]told{
				{Line: 1, Text: "COPY public.t (id, note) FROM stdin", Data: "1\ta;b\n2\t\\N\n", At: 2},
				{Line: 6, Text: "select 1"},
			},
		},
		"copy of nothing, lines of Windows": {
			"copy t from STDIN with csv;\r\n\\.\r\nselect 1;",
			[]told{{Line: 1, Text: "copy t from STDIN with csv", At: 2}, {Line: 3, Text: "select 1"}},
		},
		"copy from a file": {"copy t from '/stdin'; select 1", []told{
			{Line: 1, Text: "copy t from '/stdin'"}, {Line: 1, Text: "select 1"},
		}},
		"goose": {
			"-- +goose Up\n-- +goose StatementBegin\nselect 1;\n-- +goose StatementEnd\n-- +goose Down\nselect 2;",
			[]told{{Line: 3, Text: "select 1"}},
		},
		"dbmate": {"-- migrate:up\nselect 1;\n\n--  migrate:down\nselect 2;", []told{{Line: 2, Text: "select 1"}}},
		"commands of pg_dump": {
			"\\restrict abc\n\nselect 1;\n\\unrestrict abc\n", []told{{Line: 3, Text: "select 1"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(c.script)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestScriptRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		script, want string
		line         int
	}{
		"text":            {"select 1;\nselect 'a\n;", "a text in ' quotes begins here and does not end", 2},
		"dollar quotes":   {"do $x$\nbegin $$ end", "a text in $x$ quotes begins here and does not end", 1},
		"comment":         {"\n/* /* */", "a comment begins here and does not end", 2},
		"copy cut off":    {"copy t from stdin;\n1\n2", `the data of COPY begins here and does not end with the line \.`, 2},
		"copy and more":   {"copy t from stdin; select 1;\n", "something follows COPY ... FROM stdin in the same line", 1},
		"other database":  {"\n\\connect shop\n", `a seed is loaded into one database: \connect shop cannot be followed`, 2},
		"included":        {`\i more.sql`, `\i more.sql: files are not included`, 1},
		"unknown command": {`\copy t from 'x'`, `a command of psql that is not known here: \copy t from 'x'`, 1},
		"command within":  {"select 1\n\\gexec", `a command of psql within a statement: \gexec`, 2},
		"bytes":           {"select '\xff'", "the statement is not UTF-8 text", 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readAll(c.script)
			var bad *SyntaxError
			if !errors.As(err, &bad) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(c.want, bad.Error()); diff != "" || bad.Line != c.line {
				t.Errorf("line %d, want %d: %s", bad.Line, c.line, diff)
			}
		})
	}
}

func TestCopyDataOfLongLines(t *testing.T) {
	row := strings.Repeat("x", 200_000)
	got, err := readAll("copy t from stdin;\n" + row + "\\.\n" + row + "\n\\.\nselect 1")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Data != row+"\\.\n"+row+"\n" || got[1].Line != 5 {
		t.Errorf("got %d statements, the last %+v", len(got), got[len(got)-1])
	}
}

// FuzzScript checks that no statement is lost or made up: all text but comments and marks comes out again, in
// order, with lines that only grow.
func FuzzScript(f *testing.F) {
	for _, seed := range []string{
		"select 1; select 'a;b';", "do $$ ; $$; -- x", "copy t from stdin;\n1\n\\.\nselect 1;", "/* a */ create function",
		"create procedure p() begin atomic case end; END;", "\\restrict x\nselect E'\\'';", "((;))",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		list, err := readAll(script)
		rest, last := script, 0
		for _, st := range list {
			i := strings.Index(rest, st.Text)
			if st.Text == "" || i < 0 {
				t.Fatalf("the statement %q is not in %q", st.Text, rest)
			}
			rest = rest[i+len(st.Text):]
			if st.Line < last || st.Line > 1+strings.Count(script, "\n") {
				t.Fatalf("line %d after %d", st.Line, last)
			}
			last = st.Line
		}
		var bad *SyntaxError
		if errors.As(err, &bad) && (bad.Line < 1 || bad.Line > 1+strings.Count(script, "\n")) {
			t.Fatalf("a mistake in line %d", bad.Line)
		}
	})
}

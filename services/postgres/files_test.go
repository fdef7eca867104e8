package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree makes files in a folder and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	dir := tree(t, map[string]string{
		"schema.sql": "", "seed/10-b.sql": "", "seed/9-c.sql.gz": "", "seed/009-a.sql": "", "seed/README.md": "",
		"seed/sub/x.sql": "", "m/1.up.sql": "", "m/1.down.sql": "", "scripts/a.sh": "", "dumped/toc.dat": "",
		"empty/notes.txt": "", "v/V1__a.sql": "", "v/V1.1__b.sql": "", "v/V2__c.sql": "",
	})
	for name, c := range map[string]struct{ paths, want, refused string }{
		"a file":                   {"schema.sql", "schema.sql", ""},
		"a folder":                 {"seed", "seed/009-a.sql seed/9-c.sql.gz seed/10-b.sql", ""},
		"in the order given":       {"seed/1*.sql schema.sql", "seed/10-b.sql schema.sql", ""},
		"versions":                 {"v", "v/V1__a.sql v/V1.1__b.sql v/V2__c.sql", ""},
		"up only":                  {"m/*.up.sql", "m/1.up.sql", ""},
		"up and down":              {"m/*.sql", "", "m/1.down.sql would undo 1.up.sql; write *.up.sql"},
		"nothing":                  {"none.sql", "", "none.sql: no such file or directory"},
		"empty glob":               {"none*.sql", "", "none*.sql: no file has such a name"},
		"bad pattern":              {"[", "", "[: not a pattern of file names"},
		"scripts":                  {"scripts", "", "scripts/a.sh: a seed runs no scripts"},
		"directory format":         {"dumped", "", "dumped: a dump in pg_dump's directory format"},
		"folder without any files": {"empty", "", "empty: the folder holds no file that ends with .sql"},
	} {
		t.Run(name, func(t *testing.T) {
			var paths []string
			for _, p := range strings.Fields(c.paths) {
				paths = append(paths, filepath.Join(dir, p))
			}
			found, err := Find(paths)
			got := strings.ReplaceAll(strings.Join(found, " "), dir+"/", "")
			if c.refused != "" {
				if err == nil || !strings.HasPrefix(strings.ReplaceAll(err.Error(), dir+"/", ""), c.refused) {
					t.Errorf("got %v", err)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
}

func TestIsDump(t *testing.T) {
	dir := tree(t, map[string]string{
		"a.dump": "PGDMP\x01", "b.sql": "select 1;", "c.tar": strings.Repeat("\x00", 257) + "ustar\x00", "d.sql": "",
	})
	for name, want := range map[string]string{
		"a.dump": "true", "b.sql": "false", "c.tar": "a tar file", "d.sql": "the file is empty", "e.sql": "no such file",
	} {
		dump, err := IsDump(filepath.Join(dir, name))
		switch {
		case want == "true" || want == "false":
			if err != nil || dump != (want == "true") {
				t.Errorf("%s: %v, %v", name, dump, err)
			}
		case err == nil || !strings.Contains(err.Error(), want):
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]struct {
		e   Endpoint
		err string
	}{
		"postgres://a:p%20w@h:1/d?sslmode=disable": {Endpoint{"h", 1, "a", "p w", "d", "sslmode=disable"}, ""},
		"postgresql://a@[::1]":                     {Endpoint{"::1", 5432, "a", "", "a", ""}, ""},
		"mysql://a:secret@h/d":                     {err: `found the scheme "mysql"`},
		"postgres://h/d":                           {err: "the host or the user is missing"},
		"postgres://a:secret@h:0/d":                {err: "expected a port from 1 to 65535, found 0"},
		"postgres://a:sec ret@h/d":                 {err: "not a URL"},
		"postgres://a:secret@h/d?sslmode=some":     {err: "its parameters cannot be used"},
	} {
		e, err := ParseURL(text)
		if want.err != "" {
			if err == nil || !strings.Contains(err.Error(), want.err) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: got %v", text, err)
			}
			continue
		}
		if diff := cmp.Diff(want.e, e); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("postgres://a:p%20w@h:1/d?sslmode=disable")
	f.Add("postgresql://a@[::1]/x%2Fy")
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseURL(text)
		if err != nil {
			return
		}
		again, err := ParseURL(e.URL())
		if diff := cmp.Diff(e, again); err != nil || diff != "" {
			t.Errorf("%s: %v %s", e.URL(), err, diff)
		}
	})
}

func TestName(t *testing.T) {
	if got := Name("20261120-2057-A1", "orders-db"); got != "headgate_20261120_2057_a1_orders_db" {
		t.Errorf("got %s", got)
	}
	if got := Name(strings.Repeat("x", 80), "a"); len(got) > maxName-len(snapshotSuffix) {
		t.Errorf("%s is too long", got)
	}
	if a, b := Name(strings.Repeat("x", 80), "a"), Name(strings.Repeat("x", 80), "b"); a == b {
		t.Errorf("%s stands for two", a)
	}
}

func TestDifference(t *testing.T) {
	base := Contents{
		Tables: map[string]Table{"a": {1, "x"}, "b": {2, "y"}}, Sequences: map[string]string{"s": "7"},
	}
	for want, other := range map[string]Contents{
		"":                           base,
		"the table b is missing":     {Tables: map[string]Table{"a": {1, "x"}}},
		"there is a table c":         {Tables: map[string]Table{"a": {1, "x"}, "b": {2, "y"}, "c": {}}},
		"b holds 3 rows, expected 2": {Tables: map[string]Table{"a": {1, "x"}, "b": {3, "y"}}},
		"rows of a differ":           {Tables: map[string]Table{"a": {1, "z"}, "b": {2, "y"}}},
		`the sequence s is at "8", expected "7"`: {
			Tables: base.Tables, Sequences: map[string]string{"s": "8"},
		},
	} {
		if diff := cmp.Diff(want, base.Difference(other)); diff != "" {
			t.Error(diff)
		}
	}
}

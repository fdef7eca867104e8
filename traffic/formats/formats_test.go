package formats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
)

func lines(tb testing.TB, ids ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for i, id := range ids {
		err := w.Write(&traffic.Record{
			ID: id, Time: time.Unix(int64(i), 0), Direction: traffic.Inbound, Protocol: traffic.HTTP,
			Request: &traffic.Request{Method: "GET", URL: "/" + id},
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(tb testing.TB, b []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func zstded(tb testing.TB, b []byte) []byte {
	tb.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		tb.Fatal(err)
	}
	out := z.EncodeAll(b, nil)
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out
}

func write(tb testing.TB, folder string, files map[string][]byte) {
	tb.Helper()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
}

// read collects the ids of everything at paths.
func read(tb testing.TB, paths ...string) ([]string, Counts, error) {
	tb.Helper()
	var ids []string
	counts, err := Each(tb.Context(), paths, func(r *traffic.Record) error {
		ids = append(ids, r.ID)
		return nil
	})
	return ids, counts, err
}

func TestCodingsAreSniffed(t *testing.T) {
	a, b := lines(t, "a"), lines(t, "b")
	tests := map[string][]byte{
		"plain":         append(bytes.Clone(a), b...),
		"gzip":          gzipped(t, append(bytes.Clone(a), b...)),
		"gzip members":  append(gzipped(t, a), gzipped(t, b)...),
		"member a half": append(gzipped(t, a[:30]), gzipped(t, append(bytes.Clone(a[30:]), b...))...),
		"zstd":          zstded(t, append(bytes.Clone(a), b...)),
		"zstd frames":   append(zstded(t, a), zstded(t, b)...),
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "any.name")
			write(t, filepath.Dir(path), map[string][]byte{"any.name": content})
			ids, counts, err := read(t, path)
			if err != nil {
				t.Fatal(err)
			}
			want := Counts{Files: 1, Records: 2, Inbound: 2, NoResponse: 2, OutOfOrder: counts.OutOfOrder}
			if diff := cmp.Diff([]string{"a", "b"}, ids); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

// A compressed capture that is cut anywhere gives what is whole, and says that it was cut.
func TestCompressedTruncationAtEveryByte(t *testing.T) {
	content := lines(t, "a", "b", "c")
	for coding, whole := range map[string][]byte{
		"gzip":         gzipped(t, content),
		"gzip members": append(gzipped(t, lines(t, "a")), gzipped(t, lines(t, "b"))...),
		"zstd":         zstded(t, content),
	} {
		t.Run(coding, func(t *testing.T) {
			clean := 0
			for n := 4; n < len(whole); n++ {
				path := filepath.Join(t.TempDir(), "x")
				write(t, filepath.Dir(path), map[string][]byte{"x": whole[:n]})
				ids, counts, err := read(t, path)
				if counts.Truncated == 0 && err == nil {
					clean++
					continue
				}
				if err != nil && !strings.Contains(err.Error(), "truncated") {
					t.Fatalf("cut at %d: %v", n, err)
				}
				if err == nil && (len(ids) == 0 || counts.Truncated != 1 || len(counts.Problems) != 1) {
					t.Fatalf("cut at %d: %v, %+v", n, ids, counts)
				}
			}
			// Between two members a cut cannot be seen.
			if allowed := strings.Count(coding, "members"); clean != allowed {
				t.Errorf("%d cuts went unnoticed, want %d", clean, allowed)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	corrupt := gzipped(t, lines(t, "a", "b"))
	corrupt[len(corrupt)-6] ^= 0xff
	tests := map[string]struct {
		content []byte
		want    string
	}{
		"text":         {[]byte("hello\n"), `unknown capture format: it starts with "hello"; readable are`},
		"other json":   {[]byte(`{"info":{"version":"1.2"}}`), "unknown capture format"},
		"no archive":   {[]byte(`{"log":{"version":"1.2"}}`), "no HTTP archive: it has no \"entries\""},
		"binary":       {[]byte{0, 1, 2, 3}, `it starts with "\x00\x01\x02\x03"`},
		"text in gzip": {gzipped(t, []byte("hello")), `it starts with "hello"`},
		"bad checksum": {corrupt, "decompressing gzip: gzip: invalid checksum"},
		"empty":        {nil, "no usable records in"},
		"only blanks":  {[]byte("\n \n"), "no usable records in"},
		"only bad":     {[]byte(`{"direction":"x"}` + "\n"), "first of 1 problems"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			write(t, filepath.Dir(path), map[string][]byte{"x": test.content})
			_, _, err := read(t, path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestEachCounts(t *testing.T) {
	folder := t.TempDir()
	const outbound = `{"id":"o","time":"1960-01-01T00:00:00Z","direction":"outbound",` +
		`"request":{"method":"GET","url":"/"},"response":{"status":200}}` + "\n"
	write(t, folder, map[string][]byte{
		"a.jsonl":   append(lines(t, "a", "b"), outbound+strings.Repeat("junk\n", 12)...),
		"b.jsonl":   lines(t, "a", "b", "c"),
		"c.jsonl":   append(lines(t, "x", "a"), `{"id":"cut`...),
		"d.jsonl":   nil,
		"README.md": []byte("not a capture"),
	})
	ids, counts, err := read(t, folder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "o", "c", "x", "a"}, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	problems := counts.Problems
	counts.Problems = nil
	want := Counts{
		Files: 4, Empty: 1, Records: 6, Inbound: 5, Outbound: 1, NoResponse: 5, Malformed: 12, Truncated: 1,
		Duplicates: 2, SharedIDs: 1, OutOfOrder: 1,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	first := filepath.Join(folder, "a.jsonl") + ":4: "
	if len(problems) != 10 || !strings.HasPrefix(problems[0].Error(), first) {
		t.Errorf("got %d problems, first %v, want %q", len(problems), problems[0], first)
	}
	const text = "12 malformed, 1 truncated files, 2 duplicates, 1 with an id that is not unique, 1 out of order"
	if got := counts.Unusable(); got != text {
		t.Errorf("got %q", got)
	}
}

// What is malformed because a part of it ends too early is not the end of the capture.
func TestEachGoesOnBehindAnEnd(t *testing.T) {
	e := each{use: func(*traffic.Record) error { return nil }}
	end := &traffic.MalformedError{Source: "x", Reason: fmt.Errorf("reading the head: %w", io.EOF)}
	if done, err := e.record(nil, end); done || err != nil || e.counts.Malformed != 1 {
		t.Errorf("got %t, %v, %d malformed", done, err, e.counts.Malformed)
	}
}

func TestEachStops(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string][]byte{"a.jsonl": lines(t, "a", "b", "c")})
	enough := errors.New("enough")
	n := 0
	_, err := Each(t.Context(), []string{folder}, func(*traffic.Record) error { n++; return enough })
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("got %v after %d", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n = 0
	_, err = Each(ctx, []string{folder}, func(*traffic.Record) error { n++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("got %v after %d", err, n)
	}
}

func TestWalk(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string][]byte{
		"b/2.jsonl": nil, "b/1.jsonl": nil, "a.jsonl": nil, "c.har": nil, ".hidden": nil, ".git/x": nil,
		"README": nil, "readme.txt": nil, "LICENSE-MIT": nil, "notes.md": nil, "noise.yaml": nil, "x.yml": nil,
		"docs/README.md": nil, "__files/a.txt": nil, "b/__files/deep/b.json": nil,
		// One tells how complete a recording is, the other one is a stub.
		"health.json":   []byte(`{"version": "1", "complete": true, "written": "2026-11-01T08:00:00Z"}`),
		"b/health.json": []byte(`{"request": {"method": "GET", "url": "/health"}, "response": {"status": 200}}`),
	})
	if err := os.Symlink(filepath.Join(folder, "a.jsonl"), filepath.Join(folder, "z.jsonl")); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ paths, want []string }{
		"a folder": {[]string{"."}, []string{
			"a.jsonl", "b/1.jsonl", "b/2.jsonl", "b/health.json", "c.har",
		}},
		"body files by name": {[]string{"./b/__files/deep"}, []string{"b/__files/deep/b.json"}},
		"named files count":  {[]string{"README", "notes.md"}, []string{"README", "notes.md"}},
		"twice":              {[]string{"b/", "c.har", "./b"}, []string{"b/1.jsonl", "b/2.jsonl", "b/health.json", "c.har"}},
		"by another name":    {[]string{"z.jsonl", "a.jsonl"}, []string{"z.jsonl"}},
		"file before folder": {[]string{"b/2.jsonl", "b"}, []string{"b/2.jsonl", "b/1.jsonl", "b/health.json"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(folder)
			got, err := Walk(t.Context(), test.paths)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWalkRefuses(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string][]byte{"empty/README.md": nil, "links/a": nil, "sub/a": nil})
	for name, to := range map[string]string{
		"links/folder": "../sub", "dangling/x": "nowhere", "round/x": "y", "round/y": "x", "upwards/x": ".",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		paths []string
		want  string
	}{
		"nothing":        {nil, "no traffic is named"},
		"missing":        {[]string{"gone"}, "is not there: expected a capture file or a folder"},
		"empty folder":   {[]string{"empty"}, "holds no captures: expected at least one"},
		"link to folder": {[]string{"links"}, "is neither a file nor a folder: name what it leads to"},
		"dangling link":  {[]string{"dangling"}, "no such file"},
		"loop of links":  {[]string{"round"}, "round"},
		"link to itself": {[]string{"upwards"}, "is neither a file nor a folder"},
		"device":         {[]string{os.DevNull}, "is a pipe or a device, not a file: write what it gives to a file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(folder)
			if _, err := Walk(t.Context(), test.paths); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func FuzzSniff(f *testing.F) {
	f.Add(lines(f, "a", "b"))
	f.Add(gzipped(f, lines(f, "a")))
	f.Add(zstded(f, lines(f, "a")))
	f.Fuzz(func(t *testing.T, in []byte) {
		reader, _, err := Options{}.sniff("x", io.LimitReader(bytes.NewReader(in), 1<<20))
		if err != nil {
			if !strings.Contains(err.Error(), "x") {
				t.Fatalf("no file in %v", err)
			}
			return
		}
		for n := 0; ; n++ {
			_, err := reader.Read()
			if _, ok := errors.AsType[*traffic.MalformedError](err); err == nil || ok {
				continue
			}
			if fmt.Sprint(err) == "" {
				t.Fatal("an error without text")
			}
			return
		}
	})
}

package formats

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

func zlibbed(tb testing.TB, b []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// TestDamaged reads files whose beginning is right: what follows is told, in the error or among the problems.
func TestDamaged(t *testing.T) {
	a, b := lines(t, "a"), lines(t, "b")
	member := gzipped(t, b)
	behind := []byte("something that is longer than the head of a gzip file")
	const goesOn = "the file goes on with something else behind its compressed data"
	tests := map[string]struct {
		content []byte
		ids     []string
		want    string
	}{
		"behind gzip":       {slices.Concat(gzipped(t, a), behind), []string{"a"}, "decompressing gzip: " + goesOn},
		"little behind":     {slices.Concat(gzipped(t, a), behind[:5]), []string{"a"}, "gzip data is truncated"},
		"behind zstd":       {slices.Concat(zstded(t, a), behind), []string{"a"}, "decompressing zstd: " + goesOn},
		"behind zlib":       {slices.Concat(zlibbed(t, a), behind), []string{"a"}, "decompressing zlib: " + goesOn},
		"gzip behind zstd":  {slices.Concat(zstded(t, a), member), []string{"a"}, "decompressing zstd: " + goesOn},
		"last member cut":   {slices.Concat(gzipped(t, a), member[:20]), []string{"a"}, "gzip data is truncated"},
		"middle member cut": {slices.Concat(gzipped(t, a), member[:20], member), []string{"a"}, "decompressing gzip: "},
		"gzip twice":        {gzipped(t, gzipped(t, a)), nil, "it is compressed twice"},
		"zstd in gzip":      {gzipped(t, zstded(t, a)), nil, "it is compressed twice"},
		"zeros behind":      {slices.Concat(a, make([]byte, 5000)), []string{"a"}, ":2: last line is truncated"},
		"another format": {
			slices.Concat(a, []byte("1.2.3.4 - - [01/Nov/2026:12:00:00 +0100] \"GET / HTTP/1.1\" 200 9\n")),
			[]string{"a"},
			":2: not valid JSON",
		},
		"no method": {
			slices.Concat([]byte(`{"time":1,"method":"GET","url":"/a","status":200,"id":"a"}`+"\n"),
				[]byte(`{"time":1,"method":"G T","url":"/b","status":200,"id":"b"}`+"\n")),
			[]string{"a"},
			`record "b": its method is "G T"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			write(t, filepath.Dir(path), map[string][]byte{"x": test.content})
			ids, counts, err := read(t, path)
			told := errors.Join(append(counts.Problems, err)...)
			if told == nil || !strings.Contains(told.Error(), test.want) || !strings.Contains(told.Error(), path) {
				t.Errorf("told %v, want %q", told, test.want)
			}
			if !slices.Equal(ids, test.ids) {
				t.Errorf("read %q, want %q", ids, test.ids)
			}
		})
	}
}

// TestBombs reads captures behind which nothing but zeros come, more of them than a machine has memory for.
func TestBombs(t *testing.T) {
	zeros := make([]byte, 16<<20)
	var member bytes.Buffer
	z, err := gzip.NewWriterLevel(&member, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(zeros)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	const repeated = 80
	for name, content := range map[string][]byte{
		"gzip": slices.Concat(gzipped(t, lines(t, "a")), bytes.Repeat(member.Bytes(), repeated)),
		"zstd": slices.Concat(zstded(t, lines(t, "a")), bytes.Repeat(zstded(t, zeros), repeated)),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			write(t, filepath.Dir(path), map[string][]byte{"x": content})
			if ids, _, err := read(t, path); len(ids) != 1 || !errors.Is(err, ErrBomb) {
				t.Errorf("%d records, %v", len(ids), err)
			}
		})
	}
}

// TestBeingWritten reads a capture twice while it grows: what is whole, then all of it.
func TestBeingWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	whole := lines(t, "a", "b", "c")
	for n := len(lines(t, "a")); n <= len(whole); n++ {
		write(t, filepath.Dir(path), map[string][]byte{"x.jsonl": whole[:n]})
		ids, counts, err := read(t, path)
		if done := bytes.Count(whole[:n], []byte("\n")); len(ids) < done {
			t.Fatalf("%d bytes: %d records of %d", n, len(ids), done)
		}
		cut := whole[n-1] != '\n' && whole[n] != '\n'
		if cut != (counts.Truncated == 1) || err != nil {
			t.Fatalf("%d bytes: %d records, %d truncated, %v", n, len(ids), counts.Truncated, err)
		}
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(lines(t, "d")); err != nil {
		t.Fatal(err)
	}
	if ids, _, err := read(t, path); err != nil || !slices.Equal(ids, []string{"a", "b", "c", "d"}) {
		t.Errorf("read %q, %v", ids, err)
	}
}

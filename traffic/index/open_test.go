package index

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An index that is not as it was written, or not of the files as they are, is not used.
func TestOpenWantsTheIndexFresh(t *testing.T) {
	const rewritten = "a file rewritten, and its time set back"
	tests := map[string]struct {
		change func(dir, index string) error
		fresh  bool
	}{
		"as it was": {func(string, string) error { return nil }, true},
		"a file grown": {func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, "a.jsonl"), append(capture(t, 0, 50), capture(t, 90, 95)...), 0o600)
		}, false},
		"a file more": {func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, "z.jsonl"), capture(t, 400, 401), 0o600)
		}, false},
		"a file touched": {func(dir, _ string) error {
			return os.Chtimes(filepath.Join(dir, "a.jsonl"), time.Time{}, time.Unix(1, 0))
		}, false},
		rewritten: {func(dir, _ string) error {
			name := filepath.Join(dir, "a.jsonl")
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			text := bytes.ReplaceAll(capture(t, 0, 50), []byte("/orders/"), []byte("/ORDERS/"))
			return errors.Join(os.WriteFile(name, text, 0o600), os.Chtimes(name, time.Time{}, info.ModTime()))
		}, false},
		"no index": {func(_, index string) error { return os.Remove(index) }, false},
		"empty":    {func(_, index string) error { return os.Truncate(index, 0) }, false},
		"of another version": {func(_, index string) error {
			return os.WriteFile(index, []byte("headgate index 0\n"), 0o600)
		}, false},
		"cut off": {func(_, index string) error {
			info, err := os.Stat(index)
			return errors.Join(err, os.Truncate(index, info.Size()-1))
		}, false},
	}
	if runtime.GOOS != "linux" {
		delete(tests, rewritten) // elsewhere nothing tells it
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			index := filepath.Join(dir, Name)
			put(t, filepath.Join(dir, "a.jsonl"), capture(t, 0, 50))
			put(t, filepath.Join(dir, "b.jsonl"), capture(t, 100, 140))
			if err := loaded(t, Options{}, dir).Save(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			if err := test.change(dir, index); err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), []string{dir}, Options{})
			if err != nil || (s != nil) != test.fresh {
				t.Fatalf("opened: %t, %v", s != nil, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			want := loaded(t, Options{}, dir)
			if err := want.Save(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(t.Context(), []string{dir}, Options{}); s == nil || err != nil {
				t.Fatalf("not opened after it was made again: %v", err)
			}
			defer s.Close()
			if diff := cmp.Diff(entries(t, want), entries(t, s)); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever bit of the index is flipped, it is never believed.
func TestFlippedBitsAreNotBelieved(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.jsonl"), capture(t, 0, 12))
	s := loaded(t, Options{}, dir)
	if err := s.Save(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(dir, Name)
	good, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(good); i += 7 {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		put(t, index, bad)
		got := loaded(t, Options{}, dir)
		if !got.Files()[0].Built {
			t.Fatalf("byte %d of %d was flipped, and the index believed", i, len(good))
		}
		got.Close()
	}
}

// Files that hold copies of each other, or tell sessions apart differently, are more than their sums.
func TestOpenWantsFilesThatStandAlone(t *testing.T) {
	copied := bytes.ReplaceAll(capture(t, 20, 30), []byte(`"id":"r`), []byte(`"id":"copy-r`))
	moved := bytes.ReplaceAll(capture(t, 20, 30), []byte("/orders/"), []byte("/o/"))
	nameless := bytes.ReplaceAll(capture(t, 100, 120), []byte("sid="), []byte("theme="))
	tests := map[string]struct {
		second []byte
		alone  bool
	}{
		"one after another":  {capture(t, 60, 90), true},
		"interleaved":        {append(capture(t, 90, 95), moved...), false},
		"copies, other ids":  {copied, false},
		"ids in common":      {bytes.ReplaceAll(capture(t, 60, 90), []byte(`"r00060"`), []byte(`"r00007"`)), false},
		"other sessions":     {nameless, false},
		"the same once more": {capture(t, 0, 60), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, filepath.Join(dir, "a.jsonl"), capture(t, 0, 60))
			put(t, filepath.Join(dir, "b.jsonl"), test.second)
			if err := loaded(t, Options{}, dir).Save(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), []string{dir}, Options{})
			if err != nil || (s != nil) != test.alone {
				t.Errorf("opened: %t, %v", s != nil, err)
			}
			s.Close()
		})
	}
}

// Records of one time that are called the same are not copies for that.
func TestOriginalsLooksAtRequests(t *testing.T) {
	dir := t.TempDir()
	const line = `{"id":"%d","time":"2026-11-01T08:00:00Z","direction":"inbound","protocol":"http",` +
		`"request":{"method":"GET","url":"%s","headers":{}}}` + "\n"
	put(t, filepath.Join(dir, "a.jsonl"), fmt.Appendf(nil, line+line, 1, "/a", 2, "/b"))
	put(t, filepath.Join(dir, "b.jsonl"), fmt.Appendf(nil, line+line, 1, "/c", 2, "/b"))
	var list []bool
	err := loaded(t, Options{}, dir).Originals(func(_ *Entry, original bool) error {
		list = append(list, original)
		return nil
	})
	if diff := cmp.Diff([]bool{true, true, true, false}, list); err != nil || diff != "" {
		t.Errorf("%v, originals (-want +got):\n%s", err, diff)
	}
}

func TestEndpointsAreConcealed(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.txt"), []byte("GET http://h/u/bob@corp.com\n\nGET http://h/u/eve%40corp.com\n"))
	if diff := cmp.Diff([]string{"GET /u/{email}"}, loaded(t, Options{}, dir).Files()[0].Endpoints); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	for sql, want := range map[string]string{" select/**/'x'": "SELECT", "": "", "COMMIT": "COMMIT"} {
		if got := verb(sql); got != want {
			t.Errorf("%q begins with %q", sql, got)
		}
	}
}

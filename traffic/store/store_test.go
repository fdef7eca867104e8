package store_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic/store"
	"github.com/headgate-dev/headgate/traffic/store/storetest"
)

// each runs a test against every store, in a folder of its own that may be there or not.
func each(t *testing.T, test func(t *testing.T, s store.Store, folder string)) {
	t.Helper()
	t.Run("folder", func(t *testing.T) {
		folder := t.TempDir()
		test(t, at(t, folder), folder)
	})
	t.Run("s3", func(t *testing.T) {
		storetest.Start(t)
		const folder = "s3://captures/some/folder"
		test(t, at(t, folder), folder)
	})
}

func at(tb testing.TB, location string) store.Store {
	tb.Helper()
	s, err := store.At(location)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func put(tb testing.TB, s store.Store, location string, content []byte) {
	tb.Helper()
	w, err := s.Create(tb.Context(), location)
	if err != nil {
		tb.Fatal(err)
	}
	_, err = w.Write(content)
	if err = errors.Join(err, w.Commit()); err != nil {
		tb.Fatal(err)
	}
	w.Discard() // of what is committed nothing is taken back
}

func get(tb testing.TB, s store.Store, location string, offset, length int64) string {
	tb.Helper()
	r, err := s.Open(tb.Context(), location, offset, length)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func list(tb testing.TB, s store.Store, location string) []string {
	tb.Helper()
	found, err := s.List(tb.Context(), location)
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for _, o := range found {
		names = append(names, o.Location)
	}
	return names
}

func TestStoresHoldFiles(t *testing.T) {
	each(t, func(t *testing.T, s store.Store, folder string) {
		t.Helper()
		for _, name := range []string{"b.jsonl", "a/1.jsonl", "a/2.jsonl", ".hidden", ".git/x", "a.jsonl", "empty"} {
			content := []byte("content of " + name)
			if name == "empty" {
				content = nil
			}
			put(t, s, store.Join(folder, name), content)
		}
		var want []string
		for _, name := range []string{"a.jsonl", "a/1.jsonl", "a/2.jsonl", "b.jsonl", "empty"} {
			want = append(want, store.Join(folder, name))
		}
		got := list(t, s, folder)
		if !store.Remote(folder) {
			want[0], want[1], want[2] = want[1], want[2], want[0] // a folder stands where its name does
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
		file := store.Join(folder, "b.jsonl")
		if diff := cmp.Diff([]string{file}, list(t, s, file)); diff != "" {
			t.Errorf("a file (-want +got):\n%s", diff)
		}
		hidden := store.Join(folder, ".hidden")
		if diff := cmp.Diff([]string{hidden}, list(t, s, hidden)); diff != "" {
			t.Errorf("a hidden file that is named (-want +got):\n%s", diff)
		}
		for at, want := range map[[2]int64]string{
			{0, -1}: "content of b.jsonl", {8, -1}: "of b.jsonl", {8, 2}: "of", {0, 1}: "c", {3, 0}: "", {11, 100}: "b.jsonl",
		} {
			if got := get(t, s, file, at[0], at[1]); got != want {
				t.Errorf("bytes %v are %q, want %q", at, got, want)
			}
		}
		if got := get(t, s, store.Join(folder, "empty"), 0, -1); got != "" {
			t.Errorf("an empty file holds %q", got)
		}
	})
}

func TestStoresReplaceAsAWhole(t *testing.T) {
	each(t, func(t *testing.T, s store.Store, folder string) {
		t.Helper()
		file := store.Join(folder, "x.jsonl")
		put(t, s, file, []byte("one"))
		before, err := s.List(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		w, err := s.Create(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("two, longer")); err != nil {
			t.Fatal(err)
		}
		if got := get(t, s, file, 0, -1); got != "one" {
			t.Errorf("before the end it holds %q", got)
		}
		w.Discard()
		w.Discard()
		if got := get(t, s, file, 0, -1); got != "one" {
			t.Errorf("after all was taken back it holds %q", got)
		}
		put(t, s, file, []byte("two"))
		after, err := s.List(t.Context(), file)
		if err != nil || get(t, s, file, 0, -1) != "two" {
			t.Errorf("it was not replaced: %v", err)
		}
		if before[0].Version == after[0].Version || before[0].Same != after[0].Same || after[0].Size != 3 {
			t.Errorf("before %+v, after %+v", before, after)
		}
		if diff := cmp.Diff([]string{file}, list(t, s, folder)); diff != "" {
			t.Errorf("left behind (-want +got):\n%s", diff)
		}
	})
}

func TestStoresSayWhatIsMissing(t *testing.T) {
	each(t, func(t *testing.T, s store.Store, folder string) {
		t.Helper()
		gone := store.Join(folder, "gone")
		if _, err := s.List(t.Context(), gone); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("listing: %v", err)
		}
		if _, err := s.Open(t.Context(), gone, 0, -1); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("opening: %v", err)
		}
	})
}

func TestStoresStopWhenTheContextEnds(t *testing.T) {
	each(t, func(t *testing.T, s store.Store, folder string) {
		t.Helper()
		put(t, s, store.Join(folder, "x"), []byte("x"))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.List(ctx, folder); !errors.Is(err, context.Canceled) {
			t.Errorf("listing: %v", err)
		}
	})
}

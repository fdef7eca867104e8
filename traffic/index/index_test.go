package index

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/session"
)

// exchange is the ith recorded exchange of some sessions told apart by a cookie.
func exchange(i, sessions int) *traffic.Record {
	r := &traffic.Record{
		ID: fmt.Sprintf("r%05d", i), Time: time.Unix(1_700_000_000, 0).Add(time.Duration(i)*time.Millisecond + 1),
		Direction: traffic.Inbound, Service: "shop", Protocol: traffic.HTTP, Duration: 3 * time.Millisecond,
		Request: &traffic.Request{
			Method: "GET", URL: fmt.Sprintf("/orders/%d?page=1", i), Host: "shop",
			Header: map[string][]string{"Cookie": {fmt.Sprintf("sid=s%d", i%sessions)}},
		},
		Response: &traffic.Response{Status: 200, Body: fmt.Appendf(nil, `{"id":%d}`, i)},
	}
	if i%10 == 9 {
		r.Direction, r.Service, r.Parent = traffic.Outbound, "payment-api", fmt.Sprintf("r%05d", i-1)
		r.Request.Header = nil
	}
	return r
}

func capture(tb testing.TB, first, end int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for i := first; i < end; i++ {
		if err := w.Write(exchange(i, 7)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func put(tb testing.TB, path string, content []byte) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
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

func loaded(tb testing.TB, o Options, paths ...string) *Set {
	tb.Helper()
	s, err := Load(tb.Context(), paths, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

func entries(tb testing.TB, s *Set) (list []Entry) {
	tb.Helper()
	if err := s.Each(func(e *Entry) error { list = append(list, *e); return nil }); err != nil {
		tb.Fatal(err)
	}
	return list
}

// What is stored and read again is what reading the files found.
func TestSavedIndexIsTheBuiltOne(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.jsonl"), capture(t, 0, 300))
	put(t, filepath.Join(dir, "sub", "b.jsonl.gz"), gzipped(t, capture(t, 300, 500)))
	broken := append([]byte("\xef\xbb\xbf"), capture(t, 500, 510)...)
	put(t, filepath.Join(dir, "sub", "c.jsonl"), append(append(broken, "{junk}\n\n"...), capture(t, 510, 520)...))
	built := loaded(t, Options{}, dir)
	if err := built.Save(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	again := loaded(t, Options{}, dir)
	for _, f := range again.Files() {
		if f.Built {
			t.Errorf("%s was indexed anew", f.Location)
		}
	}
	if diff := cmp.Diff(entries(t, built), entries(t, again)); diff != "" {
		t.Errorf("entries (-built +read):\n%s", diff)
	}
	var want formats.Counts
	want, err := formats.Each(t.Context(), []string{dir}, func(*traffic.Record) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	got := again.Counts()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("counts are\n%+v, want\n%+v", got, want)
	}
}

// Chosen records are read by their places, from lines, compressed data and behind what cannot be used.
func TestReadIsWhatWasChosen(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.jsonl"), append([]byte("\xef\xbb\xbf{junk}\r\n"), capture(t, 0, 300)...))
	put(t, filepath.Join(dir, "b.jsonl.gz"), gzipped(t, capture(t, 300, 400)))
	last := capture(t, 400, 402)
	put(t, filepath.Join(dir, "c.jsonl"), last[:len(last)-1])
	s := loaded(t, Options{}, dir)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		share := rng.Float64()
		chosen := map[uint64]bool{}
		var want []string
		for i := range 402 {
			if rng.Float64() < share || i == 401 {
				id := exchange(i, 7).ID
				chosen[hashed(id)] = true
				want = append(want, id)
			}
		}
		var got []string
		_, err := s.Read(t.Context(), func(e *Entry) bool { return chosen[e.ID] }, func(r *traffic.Record) error {
			got = append(got, r.ID)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("records (-want +got):\n%s", diff)
		}
	}
}

func TestReadTouchesWhatIsChosenOnly(t *testing.T) {
	dir := t.TempDir()
	big := capture(t, 0, 5000)
	put(t, filepath.Join(dir, "a.jsonl"), big)
	put(t, filepath.Join(dir, "b.jsonl.gz"), gzipped(t, capture(t, 5000, 5100)))
	s := loaded(t, Options{}, dir)
	n := 0
	read, err := s.Read(t.Context(), func(e *Entry) bool { return e.File == 0 && e.Number%2500 == 1 },
		func(*traffic.Record) error { n++; return nil })
	if err != nil || n != 2 || read > 2000 {
		t.Errorf("read %d bytes of %d for %d records, %v", read, len(big), n, err)
	}
}

// A file that changes between the index and the reading is noticed.
func TestReadNoticesChange(t *testing.T) {
	tests := map[string]func(content []byte) []byte{
		"another record": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"id":"r00042"`), []byte(`"id":"x00042"`), 1)
		},
		"cut off":     func(b []byte) []byte { return b[:len(b)/3] },
		"a line more": func(b []byte) []byte { return append([]byte("{}\n"), b...) },
	}
	for name, change := range tests {
		for _, coded := range []bool{false, true} {
			t.Run(fmt.Sprint(name, coded), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "a")
				code := func(b []byte) []byte {
					if coded {
						return gzipped(t, b)
					}
					return b
				}
				put(t, path, code(capture(t, 0, 100)))
				s := loaded(t, Options{}, path)
				changed := change(capture(t, 0, 100))
				if coded && name == "a line more" {
					changed = append(capture(t, 200, 201), changed...)
				}
				put(t, path, code(changed))
				_, err := s.Read(t.Context(), func(e *Entry) bool { return e.Number >= 40 },
					func(*traffic.Record) error { return nil })
				if !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), path) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// Sessions and their times are those that are replayed.
func TestSessionsAndMarks(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.jsonl"), capture(t, 0, 100))
	put(t, filepath.Join(dir, "b.jsonl"), capture(t, 100, 200))
	s := loaded(t, Options{}, dir)
	how, err := s.Sessions()
	if want := "sessions: 7, inferred from cookie sid"; err != nil || how != want {
		t.Errorf("got %q, %v, want %q", how, err, want)
	}
	if longest, err := s.Longest(); err != nil || longest != 26 {
		t.Errorf("longest is %d, %v", longest, err)
	}
	firsts, n := 0, 0
	var before time.Time
	err = s.Marks(func(m replay.Mark) {
		if n++; m.First {
			firsts++
		} else if m.At.Before(before) {
			t.Errorf("mark %d is older than the one before", n)
		}
		before = m.At
	})
	if err != nil || firsts != 7 || n != 180 {
		t.Errorf("%d sessions, %d records, %v", firsts, n, err)
	}
	sum, err := s.Summary()
	if err != nil || sum == nil {
		t.Errorf("got %v, %v", sum, err)
	}
}

// The sessions of the index are those of the recording that is replayed.
func TestSessionKeysAreThoseOfTheFinder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	put(t, path, capture(t, 0, 60))
	var records []*traffic.Record
	_, err := formats.Each(t.Context(), []string{path}, func(r *traffic.Record) error {
		records = append(records, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.Assign(records, session.Config{}); err != nil {
		t.Fatal(err)
	}
	for i, e := range entries(t, loaded(t, Options{}, path)) {
		if e.Flags&Outbound != 0 {
			continue
		}
		_, hex, _ := strings.Cut(records[i].Session, ":")
		if want := fmt.Sprintf("%016x", e.Session); hex != want || e.Flags&Keyed == 0 {
			t.Fatalf("record %d is of session %s, want %s", i, want, hex)
		}
	}
}

func TestSaveIntoAFolderThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.jsonl"), capture(t, 0, 10))
	s := loaded(t, Options{}, dir)
	if err := s.Save(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, Name)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an index was made that nobody asked for: %v", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	put(t, dir, nil) // a file in the place of the folder
	if err := s.Save(t.Context(), true); err == nil || !strings.Contains(err.Error(), "writing the index of "+dir) {
		t.Errorf("got %v", err)
	}
}

func TestEntriesAreSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	put(t, path, capture(t, 0, 5000))
	s := loaded(t, Options{}, path)
	if size := s.files[0].Bytes / 5000; size > 40 {
		t.Errorf("%d bytes for each record", size)
	}
}

func FuzzDecode(f *testing.F) {
	var c encoder
	var seed []byte
	for i := range 3 {
		seed = append(seed, c.encode(&Entry{Number: i + 1, Offset: int64(9 * i), Size: 9, Time: 5, Shape: 3, ID: 7})...)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, in []byte) {
		d := newDecoder(bytes.NewReader(in))
		for n := 0; ; n++ {
			e, err := d.next()
			if err != nil {
				return
			}
			if n > len(in) || e == nil {
				t.Fatal("more entries than bytes")
			}
		}
	})
}

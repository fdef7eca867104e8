package spool

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

func records() map[string]*traffic.Record {
	at := time.Date(2026, 11, 1, 8, 30, 0, 123456789, time.UTC)
	header := http.Header{"Accept": {"*/*"}, "X-Many": {"a", "", "b"}}
	return map[string]*traffic.Record{
		"whole": {
			ID: "r1", Time: at, Direction: traffic.Inbound, Service: "svc", Session: "s", Parent: "p",
			Protocol: traffic.HTTP, Duration: 1500 * time.Microsecond,
			Request:  &traffic.Request{Method: "POST", URL: "/a?b=c", Host: "h", Header: header, Body: []byte("\x00body\xff")},
			Response: &traffic.Response{Status: 201, Header: header, Body: []byte(`{"a":1}`)},
		},
		"query": {
			ID: "r8", Time: at, Direction: traffic.Outbound, Connection: "10.0.0.1:5000", Protocol: traffic.Postgres,
			Request: &traffic.Request{Host: "db:5432", Query: &traffic.Query{
				SQL: "select $1", Params: []traffic.Param{{Type: "int8", Value: new("20")}, {Value: new("")}, {}},
			}},
			Response: &traffic.Response{Result: &traffic.Result{
				Columns: []traffic.Column{{Name: "id", Type: "int8"}, {Name: "note"}},
				Rows:    [][]*string{{new("20"), nil}, {new(""), new("x")}}, Tag: "SELECT 2",
				Then: []traffic.Result{{Tag: "BEGIN"}, {Columns: []traffic.Column{}, Rows: [][]*string{}}},
			}},
		},
		"failed query": {
			ID: "r9", Time: at, Request: &traffic.Request{Query: &traffic.Query{Params: []traffic.Param{}}},
			Response: &traffic.Response{Result: &traffic.Result{
				Error: &traffic.QueryError{SQLState: "23505", Message: "duplicate key", Fields: map[string]string{"detail": "x"}},
			}},
		},
		"no answer": {ID: "r2", Time: at, Direction: traffic.Inbound, Request: &traffic.Request{Method: "GET", URL: "/"}},
		"empty bodies": {
			ID: "r7", Time: at, Request: &traffic.Request{Method: "GET", URL: "/", Body: []byte{}},
			Response: &traffic.Response{Status: 200, Body: []byte{}},
		},
		"nothing":      {ID: "r3", Time: at},
		"other zone":   {ID: "r4", Time: at.In(time.FixedZone("", -3600))},
		"distant time": {ID: "r5", Time: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
		"large": {ID: "r6", Time: at, Request: &traffic.Request{
			Method: "PUT", URL: "/", Body: []byte(strings.Repeat("x", 3*bufferSize)),
		}},
	}
}

func filled(t *testing.T, list []*traffic.Record) (*Spool, []Place) {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	var places []Place
	for _, r := range list {
		at, err := s.Add(r)
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, at)
	}
	if err := s.Done(); err != nil {
		t.Fatal(err)
	}
	return s, places
}

func TestRecordsComeBack(t *testing.T) {
	var list []*traffic.Record
	for _, r := range records() {
		list = append(list, r, r)
	}
	s, places := filled(t, list)
	order := rand.New(rand.NewPCG(1, 1)).Perm(len(list))
	for _, way := range [][]int{order, slices.Sorted(slices.Values(order))} {
		r := s.Reader()
		for _, i := range way {
			got, err := r.Record(places[i])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(list[i], got); diff != "" {
				t.Error(diff)
			}
			if !got.Time.Equal(list[i].Time) {
				t.Errorf("time %s, want %s", got.Time, list[i].Time)
			}
		}
		r.Release()
	}
}

func TestNotes(t *testing.T) {
	s, _ := filled(t, nil)
	at, err := s.Note([]byte("links"))
	if err := errors.Join(err, s.Done()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Reader().Note(at)
	if none, err2 := s.Reader().Note(Place{}); string(got) != "links" || none != nil || err != nil || err2 != nil {
		t.Errorf("%q, %q, %v, %v", got, none, err, err2)
	}
}

// Nothing is left in the folder for temporary files, whatever happens to the process.
func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, places := filled(t, []*traffic.Record{records()["whole"]})
	if found, _ := filepath.Glob(filepath.Join(dir, "*")); len(found) != 0 && os.PathSeparator == '/' {
		t.Errorf("left behind while in use: %q", found)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := s.Reader().Record(places[0]); err == nil {
		t.Error("a closed spool was read")
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*")); len(found) != 0 {
		t.Errorf("left behind: %q", found)
	}
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	s := &Spool{file: &file{disk: full}}
	defer s.Close()
	_, err = s.Add(records()["large"])
	if err == nil || !strings.Contains(err.Error(), "set TMPDIR to a folder with more space") {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, r := range records() {
		f.Add((&scratch{}).record(r))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := headers{}.decode(b)
		if err != nil {
			return
		}
		again, err := headers{}.decode((&scratch{}).record(r))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Error(diff)
		}
	})
}

func entries(t *testing.T, n int, make func(i int) Entry) *List {
	t.Helper()
	l, err := NewList()
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		e := make(i)
		if err := l.Add(&e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Done(); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEntryComesBack(t *testing.T) {
	want := Entry{
		At: -1, Took: 2, ID: 3, Session: 4, Start: 5, Pos: 6, Record: Place{7, 8}, Links: Place{9, 10},
		Digest: [16]byte{11, 15: 12}, Endpoint: 13, Flags: 14,
	}
	l := entries(t, 1, func(int) Entry { return want })
	defer l.Close()
	got, err := l.Cursor(0, 1).Next()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Error(diff)
	}
}

func TestSort(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, n := range map[string]int{"none": 0, "one": 1, "one piece": 1000, "many pieces": 2*chunk + 7} {
		t.Run(name, func(t *testing.T) {
			l := entries(t, n, func(i int) Entry { return Entry{Session: random.Uint64() % 50, Pos: uint64(i)} })
			defer l.Close()
			l, err := l.Sort(func(e *Entry) [2]uint64 { return [2]uint64{e.Session, e.Pos} })
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			var before [2]uint64
			count := 0
			err = l.Each(func(e *Entry) error {
				at := [2]uint64{e.Session, e.Pos}
				if count > 0 && !less(before, at) {
					return fmt.Errorf("%v comes before %v", before, at)
				}
				before = at
				count++
				return nil
			})
			if err != nil || count != n || l.Len() != n {
				t.Errorf("%d of %d entries, %v", count, n, err)
			}
		})
	}
}

func TestCursor(t *testing.T) {
	l := entries(t, 3*window, func(i int) Entry { return Entry{Pos: uint64(i)} })
	defer l.Close()
	c := l.Cursor(5, 5+2*window)
	for want := range 2 * window {
		if e, err := c.Next(); err != nil || e.Pos != uint64(want+5) {
			t.Fatalf("%v, %v", e, err)
		}
	}
	if _, err := c.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

func TestSeen(t *testing.T) {
	var s Seen
	defer s.Close()
	random := rand.New(rand.NewPCG(3, 4))
	const n = 2*recentMax + 100
	numbers := make([]uint64, n)
	for i := range numbers {
		numbers[i] = random.Uint64()
		if _, known, err := s.Add(numbers[i], uint64(i)); known || err != nil {
			t.Fatalf("number %d: %t, %v", i, known, err)
		}
	}
	for i, number := range numbers {
		if value, known, err := s.Add(number, 0); !known || value != uint64(i) || err != nil {
			t.Fatalf("number %d: %d, %t, %v", i, value, known, err)
		}
	}
	if s.filter.capacity() < n {
		t.Errorf("the filter has room for %d of %d", s.filter.capacity(), n)
	}
}

// Numbers that are not spread evenly are found as well, if more slowly.
func TestSeenUneven(t *testing.T) {
	var s Seen
	defer s.Close()
	for i := range uint64(recentMax + 10) {
		if _, known, err := s.Add(i*i, i); known || err != nil {
			t.Fatal(i, known, err)
		}
	}
	for i := range uint64(recentMax) {
		if value, known, err := s.Add(i*i, 0); !known || value != i || err != nil {
			t.Fatal(i, value, known, err)
		}
	}
}

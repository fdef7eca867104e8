package gor

import (
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	compare "github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// recorded opens a recording that GoReplay has made, see testdata/README.md.
func recorded(t *testing.T, name string) io.Reader {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if !strings.HasSuffix(name, ".gz") {
		return file
	}
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// TestRecorded reads what was sent and answered, each with the connection of its client.
func TestRecorded(t *testing.T) {
	sent := []string{
		`GET /orders/7?full=1 "" 200 "{\"id\": \"7\", \"note\": \"gr\\u00fc\\u00dfe\"}"`,
		fmt.Sprintf("POST /orders %[1]q 201 %[1]q", "{\"sku\": \"a\U0001F435\", \"n\": 2}\n"),
		fmt.Sprintf(`GET /zipped "" 200 %q`, strings.Repeat("zipped line\n", 100)),
		`GET /chunked "" 200 "part 0\npart 1\npart 2\n"`,
		fmt.Sprintf(`GET /large "" 200 %q`, strings.Repeat("0123456789abcdef", 192)),
		`HEAD /large "" 200 ""`,
		`GET /empty "" 204 ""`,
		`GET /missing "" 404 "404 page not found\n"`,
	}
	for name, replays := range map[string]int{"recorded.gor": 0, "recorded.gor.gz": 0, "replayed.gor": 16} {
		t.Run(name, func(t *testing.T) {
			records, told := read(NewReader(name, recorded(t, name)))
			want := make([]string, replays)
			for i := range want {
				want[i] = replayed
			}
			if diff := compare.Diff(want, kinds(told)); diff != "" {
				t.Fatal(diff)
			}
			slices.SortFunc(records, func(a, b *traffic.Record) int { return a.Time.Compare(b.Time) })
			byClient := map[string][]string{}
			for _, r := range records {
				client := r.Request.Header.Get("X-Client") + " " + r.Connection
				byClient[client] = append(byClient[client], exchange(r))
				checkTimes(t, r)
			}
			if len(byClient) != 2 {
				t.Errorf("%d pairs of client and connection", len(byClient))
			}
			for client, got := range byClient {
				if diff := compare.Diff(sent, got); diff != "" {
					t.Errorf("client %s:\n%s", client, diff)
				}
			}
		})
	}
}

func checkTimes(t *testing.T, r *traffic.Record) {
	t.Helper()
	least := map[string]time.Duration{"/orders/7?full=1": 5 * time.Millisecond, "/chunked": 9 * time.Millisecond}
	if r.Duration <= least[r.Request.URL] || r.Duration > 20*time.Millisecond {
		t.Errorf("%s took %v", r.Request.URL, r.Duration)
	}
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	if !r.Time.Truncate(24 * time.Hour).Equal(day) {
		t.Errorf("%s at %v", r.Request.URL, r.Time)
	}
}

func exchange(r *traffic.Record) string {
	q, a := r.Request, r.Response
	return fmt.Sprintf("%s %s %q %d %q", q.Method, q.URL, q.Body, cmp.Or(a, &traffic.Response{}).Status, a.Body)
}

// TestSplit reads a message that GoReplay has cut apart: the parts are told.
func TestSplit(t *testing.T) {
	head := make([]byte, 64)
	if n, err := recorded(t, "split.gor").Read(head); err != nil || !Sniff(head[:n]) {
		t.Errorf("%v, or not sniffed: %s", err, head)
	}
	records, told := read(NewReader("split.gor", recorded(t, "split.gor")))
	if len(records) != 1 || records[0].Request.URL != "/zipped" {
		t.Errorf("%d records", len(records))
	}
	want := []string{
		`split.gor:1: request: it begins with "8"` + apart,
		`split.gor:2: request: it begins with "0"` + apart,
		"split.gor:3: left out: " + orphans,
	}
	if diff := compare.Diff(want, kinds(told)); diff != "" {
		t.Error(diff)
	}
}

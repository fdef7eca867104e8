package formats

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// A collection has no times, and its requests have no ids but their numbers.
func TestEachKeepsWhatIsNotTheSame(t *testing.T) {
	collection := func(path string) []byte {
		return []byte(`{"info":{"schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},` +
			`"item":[{"name":"x","request":{"method":"GET","url":"http://localhost` + path + `"}}]}`)
	}
	tests := map[string]struct {
		files              map[string][]byte
		want               []string
		duplicates, shared int
	}{
		"files of one name": {
			map[string][]byte{"a/c.json": collection("/a"), "b/c.json": collection("/b")},
			[]string{"/a", "/b"},
			0, 1,
		},
		"the same file twice": {
			map[string][]byte{"a/c.json": collection("/a"), "b/c.json": collection("/a")},
			[]string{"/a"},
			1, 0,
		},
		"another answer": {
			map[string][]byte{"a.jsonl": answered("/a", 200), "b.jsonl": answered("/a", 500)},
			[]string{"/a", "/a"},
			0, 1,
		},
		"the second of one name twice": {
			map[string][]byte{
				"a/c.json": collection("/a"), "b/c.json": collection("/b"), "c/c.json": collection("/b"),
			},
			[]string{"/a", "/b"},
			1, 1,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			for file, content := range test.files {
				if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(file)), 0o700); err != nil {
					t.Fatal(err)
				}
				write(t, folder, map[string][]byte{file: content})
			}
			var got []string
			counts, err := Each(t.Context(), []string{folder}, func(r *traffic.Record) error {
				got = append(got, r.Request.Target().Path)
				return nil
			})
			if err != nil || counts.Duplicates != test.duplicates || counts.SharedIDs != test.shared {
				t.Errorf("got %d duplicates, %d shared, %v", counts.Duplicates, counts.SharedIDs, err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// answered is a capture of one request with its answer.
func answered(path string, status int) []byte {
	return fmt.Appendf(nil, `{"id": "1", "time": "2026-11-01T10:00:00Z", "direction": "inbound", `+
		`"request": {"method": "GET", "url": %q}, "response": {"status": %d}}`+"\n", path, status)
}

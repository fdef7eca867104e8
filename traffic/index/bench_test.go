package index

import (
	"path/filepath"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
)

// BenchmarkBuild is the making of an index, and the reading of the same file without.
func BenchmarkBuild(b *testing.B) {
	content := capture(b, 0, 20_000)
	path := filepath.Join(b.TempDir(), "a.jsonl")
	put(b, path, content)
	b.Run("index", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			s, err := Load(b.Context(), []string{path}, Options{})
			if err != nil {
				b.Fatal(err)
			}
			s.Close()
		}
	})
	b.Run("reading", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			_, err := formats.Each(b.Context(), []string{path}, func(*traffic.Record) error { return nil })
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

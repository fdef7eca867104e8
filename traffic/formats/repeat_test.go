package formats

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
)

// exchanges are records of one URL, each given by its id and its time; some have a client behind a slash.
func exchanges(tb testing.TB, list ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for _, text := range list {
		id, at, _ := strings.Cut(text, "@")
		at, client, _ := strings.Cut(at, "/")
		header := http.Header{}
		if client != "" {
			header.Set("X-Client", client)
		}
		took, err := time.ParseDuration(at)
		if err != nil {
			tb.Fatal(err)
		}
		err = w.Write(&traffic.Record{
			ID: id, Time: time.Unix(1_700_000_000, 0).Add(took), Direction: traffic.Inbound, Protocol: traffic.HTTP,
			Request: &traffic.Request{Method: "GET", URL: "/x", Header: header}, Response: &traffic.Response{Status: 200},
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

// The same exchange in two files is one, whatever its id; what happened twice happened twice.
func TestEachDropsCopies(t *testing.T) {
	tests := map[string]struct {
		files      [][]string
		want       []string
		duplicates int
	}{
		"other ids":                 {[][]string{{"a@1us", "b@2us"}, {"c@1us", "d@3us"}}, []string{"a", "b", "d"}, 1},
		"another time":              {[][]string{{"a@1us"}, {"b@2us"}}, []string{"a", "b"}, 0},
		"twice in one file":         {[][]string{{"a@1us", "b@1us"}}, []string{"a", "b"}, 0},
		"twice in each":             {[][]string{{"a@1us", "b@1us"}, {"c@1us", "d@1us"}}, []string{"a", "b"}, 2},
		"once and twice":            {[][]string{{"a@1us"}, {"b@1us", "c@1us"}}, []string{"a", "c"}, 1},
		"three files":               {[][]string{{"a@1us"}, {"b@1us"}, {"c@1us", "d@1us"}}, []string{"a", "d"}, 2},
		"headers may differ":        {[][]string{{"a@1us/x"}, {"b@1us"}}, []string{"a"}, 1},
		"milliseconds":              {[][]string{{"a@1ms/x"}, {"b@1ms/x"}}, []string{"a"}, 1},
		"milliseconds, two clients": {[][]string{{"a@1ms/x"}, {"b@1ms/y"}}, []string{"a", "b"}, 0},
		"milliseconds, no client":   {[][]string{{"a@1ms"}, {"b@1ms"}}, []string{"a", "b"}, 0},
		"whole seconds, no body":    {[][]string{{"a@1s/x"}, {"b@1s/x"}}, []string{"a", "b"}, 0},
		"the same id, and another":  {[][]string{{"a@1us"}, {"a@1us", "b@1us"}}, []string{"a", "b"}, 1},
		"a fraction makes it a one": {[][]string{{"a@1s"}, {"b@1s", "c@1001us"}, {"d@1001us"}}, []string{"a", "b", "c"}, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			for i, list := range test.files {
				write(t, folder, map[string][]byte{string(rune('a'+i)) + ".jsonl": exchanges(t, list...)})
			}
			ids, counts, err := read(t, folder)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, ids); diff != "" || counts.Duplicates != test.duplicates {
				t.Errorf("%d duplicates, ids (-want +got):\n%s", counts.Duplicates, diff)
			}
		})
	}
}

// Many of one content in one file do not take the square of the time.
func TestRepeatsCountsManyOfOne(t *testing.T) {
	var p Repeats
	defer p.Close()
	for file := range 2 {
		p.File()
		for range 50_000 {
			if copied, err := p.Copied(7); err != nil || copied != (file == 1) {
				t.Fatalf("file %d: %t, %v", file, copied, err)
			}
		}
	}
}

func TestOpenRefusesArchives(t *testing.T) {
	tests := map[string]struct {
		content []byte
		want    string
	}{
		"zip":    {[]byte("PK\x03\x04rest"), "a zip archive, and archives are not read; unpack it and name the folder"},
		"tar":    {append(append([]byte("a.jsonl"), make([]byte, 250)...), "ustar\x0000"...), "a tar archive"},
		"tar.gz": {gzipped(t, append(make([]byte, 257), "ustar  "...)), "a tar archive"},
		"xz":     {[]byte("\xfd7zXZ\x00rest"), "compressed with xz, and only gzip, zstd and zlib are undone"},
		"7z":     {[]byte("7z\xbc\xaf\x27\x1crest"), "a 7z archive"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, folder, map[string][]byte{"x": test.content})
			_, _, err := read(t, folder)
			if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// endless gives zeros, a bounded number of them.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	clear(p)
	e.left -= int64(len(p))
	return len(p), nil
}

func TestDecompressionIsBounded(t *testing.T) {
	in, out := io.Pipe()
	go func() {
		z, err := zstd.NewWriter(out)
		if err == nil {
			_, err = io.Copy(z, &endless{left: 3 << 30})
			err = errors.Join(err, z.Close())
		}
		out.CloseWithError(err)
	}()
	plain, err := decompress(in)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, plain)
	in.Close()
	if !errors.Is(err, ErrBomb) || n > expandable+1<<20 || !strings.Contains(err.Error(), "times as many") {
		t.Errorf("got %d bytes, %v", n, err)
	}
}

// A frame that asks for 256 MiB of memory.
func TestDecompressionBoundsTheWindow(t *testing.T) {
	const window = (28 - 10) << 3 // RFC 8878, section 3.1.1.1.2: the exponent stands in the upper five bits
	plain, err := decompress(bytes.NewReader([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, window, 0x09, 0, 0, 'x'}))
	if err == nil {
		_, err = io.ReadAll(plain)
	}
	if !errors.Is(err, zstd.ErrWindowSizeExceeded) {
		t.Errorf("got %v", err)
	}
}

// What is added up is all that is counted: a new count has to be added in Merge, too.
func TestCountsMerge(t *testing.T) {
	var one, want Counts
	for i, v := 0, reflect.ValueOf(&one).Elem(); i < v.NumField(); i++ {
		if f := v.Field(i); f.Kind() == reflect.Int {
			f.SetInt(int64(i + 1))
			reflect.ValueOf(&want).Elem().Field(i).SetInt(int64(2 * (i + 1)))
		}
	}
	one.LeftOut, want.LeftOut = map[string]int{"x": 1}, map[string]int{"x": 2}
	for i := range 7 {
		one.Problems = append(one.Problems, errors.New(string(rune('a'+i))))
	}
	got := Counts{}
	got.Merge(one)
	got.Merge(one)
	if len(got.Problems) != maxProblems {
		t.Errorf("%d problems", len(got.Problems))
	}
	got.Problems = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

package postgres

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Find lists the files of paths: files, folders and globs, in the order in which they are given. Files
// of a folder or a glob are in the order of their names, with numbers in the order of their values. A path
// that leads to no file is an error.
func Find(paths []string) ([]string, error) {
	var list []string
	for _, path := range paths {
		found, err := find(path)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, checkDirections(list)
}

func find(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return folder(path)
	case err == nil:
		return []string{path}, nil
	case !strings.ContainsAny(path, "*?["):
		return nil, fmt.Errorf("%s: %w", path, errors.Unwrap(err))
	}
	found, err := filepath.Glob(path)
	if err != nil {
		return nil, fmt.Errorf("%s: not a pattern of file names", path)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: no file has such a name", path)
	}
	slices.SortFunc(found, natural)
	return found, nil
}

// loadable are the endings of the files of a folder that are loaded; what else lies there is left alone.
var loadable = []string{".sql", ".sql.gz", ".sql.zst", ".dump", ".pgdump", ".backup"}

func folder(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		switch {
		case e.Name() == "toc.dat":
			return nil, fmt.Errorf("%s: a dump in pg_dump's directory format; make it with --format=custom", path)
		case filepath.Ext(name) == ".sh":
			return nil, fmt.Errorf("%s: a seed runs no scripts; list the files to load one by one", name)
		case !e.IsDir() && slices.ContainsFunc(loadable, func(end string) bool { return strings.HasSuffix(name, end) }):
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: the folder holds no file that ends with %s", path, strings.Join(loadable, ", "))
	}
	slices.SortFunc(list, natural)
	return list, nil
}

// checkDirections finds migrations that are followed by their own undoing.
func checkDirections(list []string) error {
	for _, path := range list {
		if up := strings.Replace(path, ".down.", ".up.", 1); up != path && slices.Contains(list, up) {
			return fmt.Errorf("%s would undo %s; write *.up.sql", path, filepath.Base(up))
		}
	}
	return nil
}

// natural compares names with the numbers in them by value: 2.sql comes before 10.sql, and V1__a.sql before
// V1.1__b.sql.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x == "" || y == "" {
			if c := cmp.Compare(a[0], b[0]); c != 0 {
				return c
			}
			a, b = a[1:], b[1:]
			continue
		}
		p, q := strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if c := cmp.Or(cmp.Compare(len(p), len(q)), cmp.Compare(p, q), cmp.Compare(x, y)); c != 0 {
			return c
		}
		a, b = a[len(x):], b[len(y):]
		if p, q := part(a), part(b); p != q {
			return p - q
		}
	}
	return cmp.Compare(len(a), len(b))
}

// part is 1 where a version goes on, as in .1, and else 0.
func part(s string) int {
	if len(s) > 1 && s[0] == '.' && isDigit(s[1]) {
		return 1
	}
	return 0
}

func digits(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}

// IsDump tells whether a file is a dump in pg_dump's custom format, which pg_restore reads. A file in a
// format that cannot be loaded is an error.
func IsDump(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PGDMP")):
		return true, nil
	case n > 262 && string(head[257:262]) == "ustar":
		return false, fmt.Errorf("%s: a tar file; make the dump with --format=custom", path)
	case n == 0:
		return false, fmt.Errorf("%s: the file is empty", path)
	}
	return false, nil
}

// open reads a file of SQL, unpacked where it is packed with gzip or zstd.
func open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(f)
	head, _ := in.Peek(4)
	var unpacked io.Reader = in
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		unpacked, err = gzip.NewReader(in)
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		unpacked, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return &source{Reader: unpacked, file: f}, nil
}

// source is an open file of SQL.
type source struct {
	io.Reader
	file *os.File
}

func (s *source) Close() error {
	if z, ok := s.Reader.(*zstd.Decoder); ok {
		z.Close()
	}
	return s.file.Close()
}

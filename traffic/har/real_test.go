package har

import (
	"bufio"
	"compress/zlib"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

// TestRealArchives reads archives that browsers and proxies wrote. Every entry must be told of.
func TestRealArchives(t *testing.T) {
	root := os.Getenv("HEADGATE_REALDATA")
	if root == "" {
		t.Skip("HEADGATE_REALDATA does not point to a folder of real captures")
	}
	counts, err := os.Open(filepath.Join(root, "har", "counts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer counts.Close()
	lines := bufio.NewScanner(counts)
	for lines.Scan() {
		columns := strings.Split(lines.Text(), "\t")
		entries, err := strconv.Atoi(columns[3])
		if err != nil {
			entries = -1 // no archive: reading must fail
		}
		if columns[0] == "file" {
			continue
		}
		t.Run(columns[0], func(t *testing.T) { readReal(t, filepath.Join(root, "har", columns[0]), entries) })
	}
}

func readReal(t *testing.T, path string, entries int) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(path, ".zhar") { // mitmproxy's compressed archives
		if in, err = zlib.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	r := NewReader(path, in)
	for seen := 0; ; seen++ {
		record, err := r.Read()
		var left *traffic.LeftOutError
		switch {
		case errors.Is(err, io.EOF):
			if seen != entries {
				t.Errorf("%d entries, want %d", seen, entries)
			}
			return
		case errors.As(err, &left):
			t.Log(err)
		case errors.As(err, new(*traffic.MalformedError)):
			t.Log(err)
		case err != nil:
			if entries >= 0 {
				t.Errorf("ended: %v", err)
			}
			return
		case record.Request.Method == "" || record.Request.Host == "":
			t.Errorf("record %+v", record.Request)
		}
	}
}

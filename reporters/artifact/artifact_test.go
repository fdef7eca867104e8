package artifact_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/headgate-dev/headgate/reporters/artifact"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWrite(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		before string
		write  func(io.Writer) error
		want   string
		err    error
	}{
		"new":      {write: text("a"), want: "a"},
		"replaced": {before: "old and longer", write: text("a"), want: "a"},
		"kept on error": {before: "old", want: "old", err: broken, write: func(w io.Writer) error {
			return errors.Join(text("half")(w), broken)
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "x.txt")
			if tt.before != "" {
				if err := os.WriteFile(path, []byte(tt.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := artifact.Write(path, tt.write); !errors.Is(err, tt.err) {
				t.Fatalf("error %v; want %v", err, tt.err)
			}
			got, err := os.ReadFile(path)
			if err != nil || string(got) != tt.want {
				t.Errorf("read %q, %v; want %q", got, err, tt.want)
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) != 1 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestWriteWhereNoFolderIs(t *testing.T) {
	err := artifact.Write(filepath.Join(t.TempDir(), "no", "x.txt"), text("a"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v; want it to say that the folder does not exist", err)
	}
}

func TestWriteOverFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "x.txt", "y"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := artifact.Write(filepath.Join(dir, "x.txt"), text("a")); err == nil {
		t.Error("a folder was replaced")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// Package artifact writes the files of a report so that nobody ever reads half of one.
package artifact

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Write makes the file at path out of what write puts out. The file appears, or replaces an older one,
// as a whole: on error what stood there before is left alone and nothing else stays behind.
func Write(path string, write func(io.Writer) error) error {
	// The file is not secret and follows the umask, which os.CreateTemp would not.
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	out := bufio.NewWriter(f)
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

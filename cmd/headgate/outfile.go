package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/headgate-dev/headgate/engine"
)

// outFile is a file that is there as a whole or not at all: it gets its name when all is written. It is
// compressed where its name ends in .gz or .zst.
type outFile struct {
	io.Writer
	path string
	temp *os.File // nil for what goes to the standard output
	code io.Closer
}

// createOutput begins the file at path, which must not be there yet unless force is set. "-" stands for
// the standard output.
func (p *program) createOutput(path string, force bool) (*outFile, error) {
	if path == "-" {
		return &outFile{Writer: p.out, path: path}, nil
	}
	if _, err := os.Stat(path); err == nil && !force {
		return nil, usage(fmt.Errorf("%s is there already", path), "choose another name, or overwrite it with --force")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &engine.Fault{Verdict: engine.Environment, Err: err}
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, &engine.Fault{Verdict: engine.Environment, Err: err}
	}
	temp, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, &engine.Fault{Verdict: engine.Environment, Err: err}
	}
	o := &outFile{Writer: temp, path: path, temp: temp}
	switch filepath.Ext(path) {
	case ".gz":
		z := gzip.NewWriter(temp)
		o.Writer, o.code = z, z
	case ".zst":
		z, err := zstd.NewWriter(temp)
		if err != nil {
			o.discard()
			return nil, err
		}
		o.Writer, o.code = z, z
	}
	return o, nil
}

// commit ends the file and gives it its name.
func (o *outFile) commit() error {
	if o.temp == nil {
		return nil
	}
	var err error
	if o.code != nil {
		err = o.code.Close()
		o.code = nil
	}
	const readable = 0o644
	err = errors.Join(err, o.temp.Chmod(readable), o.temp.Close())
	if err == nil {
		err = os.Rename(o.temp.Name(), o.path)
	}
	if err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: fmt.Errorf("writing %s: %w", o.path, err)}
	}
	o.temp = nil
	return nil
}

// discard takes the file away unless it was committed.
func (o *outFile) discard() {
	if o.temp == nil {
		return
	}
	if o.code != nil {
		_ = o.code.Close() // nothing of it is kept
	}
	o.temp.Close()
	os.Remove(o.temp.Name())
}

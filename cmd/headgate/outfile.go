package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/traffic/store"
)

// outFile is a file that is there as a whole or not at all: it gets its name when all is written. It is
// compressed where its name ends in .gz or .zst.
type outFile struct {
	io.Writer
	path string
	file store.Writer // nil for what goes to the standard output
	code io.Closer
}

// createOutput begins the file at a path or in object storage, which must not be there yet unless force is
// set. "-" stands for the standard output.
func (p *program) createOutput(ctx context.Context, location string, force bool) (*outFile, error) {
	if location == "-" {
		return &outFile{Writer: p.out, path: location}, nil
	}
	s, err := store.At(location)
	if err != nil {
		return nil, usage(err, "")
	}
	if _, err := s.List(ctx, location); err == nil && !force {
		return nil, usage(fmt.Errorf("%s is there already", location), "choose another name, or overwrite it with --force")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &engine.Fault{Verdict: engine.Environment, Err: err}
	}
	file, err := s.Create(ctx, location)
	if err != nil {
		return nil, &engine.Fault{Verdict: engine.Environment, Err: err}
	}
	o := &outFile{Writer: file, path: location, file: file}
	switch path.Ext(location) {
	case ".gz":
		z := gzip.NewWriter(file)
		o.Writer, o.code = z, z
	case ".zst":
		z, err := zstd.NewWriter(file)
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
	if o.file == nil {
		return nil
	}
	var err error
	if o.code != nil {
		err = o.code.Close()
		o.code = nil
	}
	if err == nil {
		err = o.file.Commit()
	}
	if err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: fmt.Errorf("writing %s: %w", o.path, err)}
	}
	return nil
}

// discard takes the file away unless it was committed.
func (o *outFile) discard() {
	if o.file == nil {
		return
	}
	o.file.Discard()
	if o.code != nil {
		_ = o.code.Close() // nothing of it is kept
	}
}

// Package spool keeps captured requests on disk, so that what a replay needs of memory does not depend on
// how many there are.
package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
)

// file is a temporary file that is only appended to. Nothing of it is left behind: where the operating
// system allows it, it has no name from the start.
type file struct {
	disk *os.File
	out  []byte // what is not on disk yet
	size uint64 // with what is in out
	// stored is what can be read.
	stored uint64
	// remove is set where the name could not be removed yet.
	remove bool
}

// bufferSize is how much is written at a time.
const bufferSize = 64 << 10

func create() (*file, error) {
	disk, err := os.CreateTemp("", "headgate-*.spool")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file for the traffic: %w", explained(err))
	}
	remove := runtime.GOOS == "windows" || os.Remove(disk.Name()) != nil
	return &file{disk: disk, remove: remove}, nil
}

// append adds b and returns where it stands.
func (f *file) append(b []byte) (offset uint64, err error) {
	offset = f.size
	f.size += uint64(len(b))
	if len(f.out)+len(b) > bufferSize {
		if err := f.flush(); err != nil {
			return 0, err
		}
	}
	if len(b) > bufferSize {
		return offset, f.write(b)
	}
	if f.out == nil {
		f.out = make([]byte, 0, bufferSize)
	}
	f.out = append(f.out, b...)
	return offset, nil
}

func (f *file) write(b []byte) error {
	if _, err := f.disk.Write(b); err != nil {
		return fmt.Errorf("writing traffic to a temporary file: %w", explained(err))
	}
	f.stored += uint64(len(b))
	return nil
}

// flush writes what append has kept back. The file can then be read to its end.
func (f *file) flush() error {
	if len(f.out) == 0 {
		return nil
	}
	err := f.write(f.out)
	f.out = f.out[:0]
	return err
}

// done flushes and frees the buffer of a file that is complete.
func (f *file) done() error {
	err := f.flush()
	f.out = nil
	return err
}

// read fills b from an offset on.
func (f *file) read(b []byte, offset uint64) error {
	n, err := f.disk.ReadAt(b, int64(offset))
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading traffic from a temporary file: %w", err)
}

// Close frees the file. It may be called again.
func (f *file) Close() error {
	if f == nil || f.disk == nil {
		return nil
	}
	err := f.disk.Close()
	if f.remove {
		err = errors.Join(err, os.Remove(f.disk.Name()))
	}
	f.disk = nil
	return err
}

// explained says what can be done about a full disk.
func explained(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("the disk of %s is full; set TMPDIR to a folder with more space: %w", os.TempDir(), err)
	}
	return err
}

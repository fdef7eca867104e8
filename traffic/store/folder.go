package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folders is the file system.
type folders struct{}

func join(folder, name string) string { return filepath.Join(folder, name) }

func split(location string) (folder, name string) {
	return filepath.Dir(location), filepath.Base(location)
}

// List implements [Store].
func (f folders) List(ctx context.Context, location string) ([]Object, error) {
	info, err := os.Stat(location)
	if err != nil {
		return nil, err
	}
	switch {
	case info.Mode().IsRegular():
		o, err := object(location, info)
		return []Object{o}, err
	case !info.IsDir(): // a pipe would be waited for, and can be read only once
		return nil, fmt.Errorf("%s is a pipe or a device, not a file: write what it gives to a file first",
			location)
	}
	var found []Object
	// The separator makes a link to a folder count as the folder.
	root := filepath.Clean(location) + string(filepath.Separator)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case path == root:
			return nil
		case strings.HasPrefix(d.Name(), ".") && d.IsDir():
			return fs.SkipDir
		case strings.HasPrefix(d.Name(), ".") || d.IsDir():
			return nil
		}
		o, err := regular(path)
		found = append(found, o)
		return err
	})
	return found, err
}

// regular is a file found in a folder.
func regular(path string) (Object, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Object{}, err
	}
	if !info.Mode().IsRegular() {
		return Object{}, fmt.Errorf("%s is neither a file nor a folder: name what it leads to instead", path)
	}
	return object(path, info)
}

func object(path string, info fs.FileInfo) (Object, error) {
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		target, err = filepath.Abs(target)
	}
	version := fmt.Sprintf("%s-%d", inode(info), info.ModTime().UnixNano())
	return Object{Location: path, Same: target, Size: info.Size(), Version: version}, err
}

// Open implements [Store].
func (folders) Open(_ context.Context, location string, offset, length int64) (io.ReadCloser, error) {
	file, err := os.Open(location)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		if _, err = file.Seek(offset, io.SeekStart); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	if length < 0 {
		return file, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(file, length), file}, nil
}

// Create implements [Store].
func (folders) Create(_ context.Context, location string) (Writer, error) {
	dir := filepath.Dir(location)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp(dir, "."+strings.TrimPrefix(filepath.Base(location), ".")+"-*")
	if err != nil {
		return nil, err
	}
	return &fileWriter{File: temp, location: location}, nil
}

// fileWriter is a file that gets its name at the end.
type fileWriter struct {
	*os.File

	location string
	done     bool
}

// Commit implements [Writer].
func (w *fileWriter) Commit() error {
	if w.done {
		return nil
	}
	w.done = true
	const readable = 0o644
	err := errors.Join(w.Chmod(readable), w.Close())
	if err == nil {
		err = os.Rename(w.Name(), w.location)
	}
	if err != nil {
		os.Remove(w.Name())
		return fmt.Errorf("writing %s: %w", w.location, err)
	}
	return nil
}

// Discard implements [Writer].
func (w *fileWriter) Discard() {
	if !w.done {
		w.done = true
		w.Close()
		os.Remove(w.Name())
	}
}

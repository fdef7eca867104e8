package formats

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Walk lists the capture files at paths: files as they are, folders recursively in the order of
// names, without dot files, README*, LICENSE*, and without *.md, *.yaml and *.yml that do not begin like
// a capture. A file that comes up again is left out. A path that is not there and a folder without captures are errors.
func Walk(paths []string) ([]string, error) {
	if len(paths) == 0 {
		return nil, errors.New("no traffic is named: expected a capture file or a folder of captures")
	}
	w := walk{seen: make(map[string]bool)}
	for _, path := range paths {
		if err := w.add(path); err != nil {
			return nil, err
		}
	}
	return w.files, nil
}

type walk struct {
	files []string
	seen  map[string]bool
}

func (w *walk) add(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("traffic %s is not there: expected a capture file or a folder of captures: %w", path, err)
	case err != nil:
		return fmt.Errorf("looking for traffic: %w", err)
	case !info.IsDir():
		return w.file(path)
	}
	found, err := captures(path)
	if err != nil {
		return fmt.Errorf("listing traffic in %s: %w", path, err)
	}
	if len(found) == 0 {
		return fmt.Errorf("folder %s holds no captures: expected at least one file such as traffic.jsonl", path)
	}
	for _, file := range found {
		if err := w.file(file); err != nil {
			return err
		}
	}
	return nil
}

// file adds a file unless it is there already, under whatever name.
func (w *walk) file(path string) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("looking for traffic: %w", err)
	}
	if target, err = filepath.Abs(target); err != nil {
		return fmt.Errorf("looking for traffic: %w", err)
	}
	if !w.seen[target] {
		w.seen[target] = true
		w.files = append(w.files, path)
	}
	return nil
}

// captures lists the files of a folder.
func captures(folder string) ([]string, error) {
	// The separator makes a link to a folder count as the folder.
	root := filepath.Clean(folder) + string(filepath.Separator)
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == root:
			return nil
		case passedOver(d.Name()) && d.IsDir() && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || passedOver(d.Name()):
			return nil
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a folder: name what it leads to instead", path)
		}
		if capture, err := capture(path); err != nil || !capture {
			return err
		}
		found = append(found, path)
		return nil
	})
	return found, err
}

// passedOver tells whether a name found in a folder is no capture.
func passedOver(name string) bool {
	upper := strings.ToUpper(name)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(upper, "README") || strings.HasPrefix(upper, "LICENSE")
}

// capture tells whether a file found in a folder is to be read. What is usually text or settings must
// begin like a capture; all else is taken for one.
func capture(path string) (bool, error) {
	if !slices.Contains([]string{".md", ".yaml", ".yml"}, strings.ToLower(filepath.Ext(path))) {
		return true, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	head, err := bufio.NewReaderSize(file, headSize).Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return known(head, trimmed(head)) != nil, nil
}

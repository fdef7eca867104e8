package formats

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/traffic/store"
)

// Walk lists the capture files at locations of a [store.Store]: files as they are, folders recursively in
// the order of names, without dot files, README*, LICENSE* and WireMock's __files, and without health.json,
// *.md, *.yaml and *.yml that do not begin like a capture. A file that comes up again is left out. A
// location where nothing is and a folder without captures are errors.
func Walk(ctx context.Context, locations []string) ([]string, error) {
	files, err := List(ctx, locations)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(files))
	for i, o := range files {
		names[i] = o.Location
	}
	return names, nil
}

// List is Walk with what the store tells of the files.
func List(ctx context.Context, locations []string) ([]store.Object, error) {
	if len(locations) == 0 {
		return nil, errors.New("no traffic is named: expected a capture file or a folder of captures")
	}
	w := walk{seen: make(map[string]bool), stores: new(store.Stores)}
	for _, location := range locations {
		if err := w.add(ctx, location); err != nil {
			return nil, err
		}
	}
	return w.files, nil
}

type walk struct {
	files  []store.Object
	seen   map[string]bool
	stores *store.Stores
}

func (w *walk) add(ctx context.Context, location string) error {
	found, err := w.captures(ctx, location)
	switch {
	case errors.Is(err, fs.ErrNotExist) && found == nil:
		return fmt.Errorf("traffic %s is not there: expected a capture file or a folder of captures: %w", location, err)
	case err != nil:
		return fmt.Errorf("looking for traffic: %w", err)
	case len(found) == 0:
		return fmt.Errorf("folder %s holds no captures: expected at least one file such as traffic.jsonl", location)
	}
	for _, o := range found {
		if !w.seen[o.Same] {
			w.seen[o.Same] = true
			w.files = append(w.files, o)
		}
	}
	return nil
}

// captures is the file at a location, or those in the folder.
func (w *walk) captures(ctx context.Context, location string) ([]store.Object, error) {
	s, err := w.stores.At(location)
	if err != nil {
		return nil, err
	}
	all, err := s.List(ctx, location)
	if err != nil || len(all) == 1 && all[0].Location == location {
		return all, err
	}
	var found []store.Object
	for _, o := range all {
		if bodyFile(location, o.Location) {
			continue
		}
		is, err := capture(ctx, s, o.Location)
		if err != nil {
			return all, err
		}
		if is {
			found = append(found, o)
		}
	}
	return found, nil
}

// bodyFile tells whether a file below a folder is a body of WireMock's mappings. Their reader leaves out the
// mappings that need one, and counts them.
func bodyFile(folder, location string) bool {
	below := strings.TrimPrefix(location, strings.TrimPrefix(folder, "./"))
	return strings.Contains("/"+below, "/__files/")
}

// health is what a recording says about itself.
const health = "health.json"

// capture tells whether a file found in a folder is to be read. What is usually text or settings must
// begin like a capture, and so must health.json, as stubs have that name, too; all else is taken for one.
func capture(ctx context.Context, s store.Store, location string) (bool, error) {
	_, name := store.Split(location)
	upper := strings.ToUpper(name)
	if strings.HasPrefix(upper, "README") || strings.HasPrefix(upper, "LICENSE") {
		return false, nil
	}
	if name != health && !slices.Contains([]string{".md", ".yaml", ".yml"}, strings.ToLower(path.Ext(name))) {
		return true, nil
	}
	file, err := s.Open(ctx, location, 0, headSize)
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

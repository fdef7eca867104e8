package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/mocks"
)

const (
	filesFolder    = "__files"
	mappingsFolder = "mappings"
)

func (h *Handler) fileRoutes() map[string]action {
	return map[string]action{
		"GET /files":              h.listFiles,
		"GET /files/{name...}":    h.readFile,
		"PUT /files/{name...}":    h.writeFile,
		"DELETE /files/{name...}": h.deleteFile,
	}
}

// folder opens a folder of the root, from which no name leads out.
func (h *Handler) folder(name string) (*os.Root, error) {
	if h.options.Root == "" {
		return nil, refused("this mock has no folder to keep files in; start it with headgate mock --root-dir DIR")
	}
	dir := filepath.Join(h.options.Root, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making %s: %w", dir, err)
	}
	return os.OpenRoot(dir)
}

// fileError tells a name that leads out of the folder and one that is not there from other errors.
func fileError(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case !filepath.IsLocal(filepath.FromSlash(name)):
		return invalid("%q leads out of %s", name, filesFolder)
	case errors.Is(err, fs.ErrNotExist):
		return notFound("no file %q in %s", name, filesFolder)
	}
	return invalid("%q: %v", name, err)
}

func (h *Handler) listFiles(*http.Request) (any, error) {
	root, err := h.folder(filesFolder)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing is written through the folder itself
	names := []string{}
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, name)
		}
		return err
	})
	slices.Sort(names)
	return names, err
}

func (h *Handler) readFile(r *http.Request) (any, error) {
	root, err := h.folder(filesFolder)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing is written through the folder itself
	name := r.PathValue("name")
	data, err := root.ReadFile(name)
	return content(data), fileError(name, err)
}

func (h *Handler) writeFile(r *http.Request) (any, error) {
	root, err := h.folder(filesFolder)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing is written through the folder itself
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return nil, fileError(name, err)
	}
	return content(data), fileError(name, root.WriteFile(name, data, 0o644))
}

func (h *Handler) deleteFile(r *http.Request) (any, error) {
	root, err := h.folder(filesFolder)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing is written through the folder itself
	name := r.PathValue("name")
	return nothing{}, fileError(name, root.Remove(name))
}

// save writes all stubs that did not come from a file.
func (h *Handler) save(*http.Request) (any, error) {
	for _, s := range h.server.Stubs() {
		if err := h.write(s); err != nil {
			return nil, err
		}
	}
	return nothing{}, nil
}

// keep saves a stub that asks for it, where there is a folder.
func (h *Handler) keep(s *mocks.Stub) error {
	if !s.Persistent || h.options.Root == "" {
		return nil
	}
	return h.write(s)
}

func (h *Handler) write(s *mocks.Stub) error {
	root, err := h.folder(mappingsFolder)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing is written through the folder itself
	if s.File != "" {
		return nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return fmt.Errorf("saving stub %q: %w", s.Label(), err)
	}
	name := strings.TrimLeft(plain(s.Name)+"-"+plain(s.ID), "-") + ".json"
	if err := root.WriteFile(name, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("saving stub %q: %w", s.Label(), err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.saved[s.ID] = name
	return nil
}

// plain keeps letters, digits and dashes, so that a name is no path.
func plain(s string) string {
	s = strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return '-'
	}, s)
	return s[:min(len(s), 80)]
}

// forget removes the file that was written for a stub.
func (h *Handler) forget(id string) error {
	h.mu.Lock()
	name, known := h.saved[id]
	delete(h.saved, id)
	h.mu.Unlock()
	if !known {
		return nil
	}
	root, err := h.folder(mappingsFolder)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing is written through the folder itself
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the file of stub %s: %w", id, err)
	}
	return nil
}

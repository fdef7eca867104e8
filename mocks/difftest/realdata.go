package difftest

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Folder reads every WireMock mapping under a folder, one case for each file, with the __files that
// belong to it; files that hold no mapping are left out. Requests are drawn by the generator.
// Addresses of other servers are replaced by upstream, and delays are cut to what a test can wait.
func (g *Generator) Folder(dir, upstream string) ([]*Case, error) {
	var cases []*Case
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == "__files":
			return filepath.SkipDir
		case e.IsDir() || !strings.HasSuffix(name, ".json"):
			return nil
		}
		c, err := g.file(dir, name, upstream)
		if c != nil {
			cases = append(cases, c)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading mappings: %w", err)
	}
	return cases, nil
}

func (g *Generator) file(dir, name, upstream string) (*Case, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var top map[string]any
	if err := decode(data, &top); err != nil {
		return nil, nil //nolint:nilerr,nilnil // not every file here is a mapping
	}
	all := list(top["mappings"])
	if all == nil {
		all = []any{top}
	}
	relative, err := filepath.Rel(dir, name)
	if err != nil {
		return nil, err
	}
	c := &Case{Name: relative}
	for _, one := range all {
		m := object(one)
		if object(m["request"]) == nil && object(m["response"]) == nil {
			continue
		}
		c.Mappings = append(c.Mappings, g.tamed(m, upstream))
	}
	if c.Mappings == nil {
		return nil, nil //nolint:nilnil // not every file here is a mapping
	}
	if c.Files, err = filesBeside(name); err != nil {
		return nil, err
	}
	for _, m := range c.Mappings {
		named := text(object(m["response"])["bodyFileName"])
		if named != "" && c.Files[named] == nil && !strings.Contains(named, "{{") {
			c.Files[named] = []byte("made up for " + named)
		}
	}
	g.ask(c)
	return c, nil
}

// tamed makes a mapping fit for a test: it has an ID, waits little and asks nobody outside.
func (g *Generator) tamed(m tree, upstream string) tree {
	if m["uuid"] == nil || m["id"] != nil {
		m["id"] = g.id()
		delete(m, "uuid")
	}
	response := object(m["response"])
	for _, name := range []string{"fixedDelayMilliseconds", "delayDistribution"} {
		delete(response, name)
	}
	if dribble := object(response["chunkedDribbleDelay"]); dribble != nil {
		dribble["totalDuration"] = 20
	}
	redirected(m, upstream)
	return m
}

// redirected points what WireMock would call at upstream.
func redirected(v any, upstream string) {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			if address, ok := child.(string); ok && (name == "proxyBaseUrl" || name == "url") {
				if u, err := url.Parse(address); err == nil && u.Host != "" {
					v[name] = upstream + u.Path
				}
			}
			redirected(child, upstream)
		}
	case []any:
		for _, child := range v {
			redirected(child, upstream)
		}
	}
}

// filesBeside reads the nearest __files above a mapping.
func filesBeside(name string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for dir := filepath.Dir(name); len(dir) > 1; dir = filepath.Dir(dir) {
		root := filepath.Join(dir, "__files")
		if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return files, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			files[filepath.ToSlash(relative)], err = os.ReadFile(path)
			return err
		})
	}
	return files, nil
}

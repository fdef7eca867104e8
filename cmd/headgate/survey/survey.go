// Package survey looks through a folder for what a run file is made of, and drafts one.
package survey

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Findings are what a folder holds. All paths are relative to it, with forward slashes.
type Findings struct {
	// Name is the folder's own name.
	Name     string
	Captures Captures
	// Starts are ways to start the service, the likeliest first.
	Starts []Start
	// Compose and OpenAPI are the files of these kinds.
	Compose []Compose
	OpenAPI []string
	// Variables are the names in the sources that look like addresses of other services.
	Variables []string
	// Health are the paths in the sources that look like those of a readiness check.
	Health []string
}

// Start is a way to start the service.
type Start struct {
	// From is the file or folder that says so, Dir the folder to start it in, empty for the folder itself.
	From, Dir string
	// Build is empty where nothing has to be built.
	Build, Command []string
}

// Compose is a compose file and the services that it describes.
type Compose struct {
	Path     string
	Services []string
}

// maxFiles bounds how much of a folder is looked at.
const maxFiles = 20_000

// errEnough ends the walk.
var errEnough = errors.New("enough files")

// Look goes through a folder. It changes nothing; what it cannot read it passes over.
func Look(ctx context.Context, dir string) (*Findings, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	l := &look{
		dir: abs, found: &Findings{Name: filepath.Base(abs)},
		variables: map[string]bool{}, serving: map[string]bool{},
	}
	err = filepath.WalkDir(abs, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == abs:
			return err
		case err != nil:
			return nil //nolint:nilerr // a folder that cannot be read holds nothing for us
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case d.IsDir() && path != abs && passedOver(d.Name()):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		return l.file(ctx, path)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("looking through %s: %w", dir, err)
	}
	return l.finish(), nil
}

// passedOver are folders of other people's files, and of what tools leave behind.
func passedOver(name string) bool {
	return strings.HasPrefix(name, ".") ||
		slices.Contains([]string{"node_modules", "vendor", "dist", "target", "testdata", "__pycache__", "venv"}, name)
}

type look struct {
	dir       string
	found     *Findings
	files     int
	variables map[string]bool
	serving   map[string]bool // folders of Go sources that listen
	mains     []string        // folders of Go programs
	modules   []string        // folders of Go modules
	loose     []Start         // other ways to start
}

func (l *look) rel(path string) string {
	rel, err := filepath.Rel(l.dir, path)
	if err != nil {
		return path
	}
	return "./" + filepath.ToSlash(rel)
}

func (l *look) file(ctx context.Context, path string) error {
	if l.files++; l.files > maxFiles {
		return errEnough
	}
	name := strings.ToLower(filepath.Base(path))
	switch ext := filepath.Ext(name); {
	case name == "go.mod":
		l.modules = append(l.modules, filepath.Dir(path))
	case name == "package.json":
		l.packageJSON(path)
	case name == "procfile":
		l.procfile(path)
	case name == "dockerfile":
		l.dockerfile(path)
	case ext == ".go":
		l.goSource(path)
	case ext == ".yaml" || ext == ".yml":
		l.yaml(path, name)
		l.capture(ctx, path)
	case ext == ".json" && openAPIJSON.MatchString(source(path)):
		l.found.OpenAPI = append(l.found.OpenAPI, l.rel(path))
	case slices.Contains(sourceKinds(), ext) || name == ".env.example":
		l.names(path)
	default:
		l.capture(ctx, path)
	}
	return nil
}

func sourceKinds() []string {
	return []string{".js", ".mjs", ".ts", ".py", ".rb", ".java", ".kt", ".rs", ".cs", ".php", ".env"}
}

// finish puts what was found into an order of its own.
func (l *look) finish() *Findings {
	l.goStarts()
	rank := []string{"package.json", "Procfile", "Dockerfile"}
	slices.SortStableFunc(l.loose, func(a, b Start) int {
		return slices.Index(rank, filepath.Base(a.From)) - slices.Index(rank, filepath.Base(b.From))
	})
	l.found.Starts = append(l.found.Starts, l.loose...)
	for name := range l.variables {
		l.found.Variables = append(l.found.Variables, name)
	}
	slices.Sort(l.found.Variables)
	l.found.Captures.finish()
	return l.found
}

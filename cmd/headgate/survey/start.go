package survey

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
)

// maxSource is how much of a source file is read.
const maxSource = 256 << 10

// source reads the beginning of a file; empty if it cannot be read.
func source(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := bufio.NewReaderSize(f, maxSource).Peek(maxSource)
	if len(text) == 0 && err != nil {
		return ""
	}
	return string(text)
}

var (
	goMain   = regexp.MustCompile(`(?m)^package main\b`)
	goServes = regexp.MustCompile(`\bListenAndServe|\bhttp\.Serve\(|\.Serve\(|\bnet\.Listen\(`)
	goIgnore = regexp.MustCompile(`(?m)^//go:build (ignore|tools)\b`)
	// healthPath is a path, in quotes, that a service commonly tells its readiness at.
	healthPath = regexp.MustCompile("[\"'` ](/(?:api/)?_?(?:healthz|health|readyz|ready|livez|healthcheck))[\"'`]")
	// addressName is the name of a variable that holds where another service is.
	addressName = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:URL|URI|ADDR|ADDRESS|ENDPOINT|HOST|BASE)\b`)
)

func (l *look) goSource(path string) {
	if strings.HasSuffix(path, "_test.go") {
		return
	}
	text := l.names(path)
	dir := filepath.Dir(path)
	if goServes.MatchString(text) {
		l.serving[dir] = true
	}
	if goMain.MatchString(text) && strings.Contains(text, "\nfunc main()") && !goIgnore.MatchString(text) &&
		!slices.Contains(l.mains, dir) {
		l.mains = append(l.mains, dir)
	}
}

// names notes the variables in a source file that look like addresses.
func (l *look) names(path string) string {
	text := source(path)
	for _, name := range addressName.FindAllString(text, -1) {
		l.variables[name] = true
	}
	for _, m := range healthPath.FindAllStringSubmatch(text, -1) {
		l.found.Health = appendNew(l.found.Health, m[1])
	}
	return text
}

// goStarts makes a way to start out of each Go program of a module: those that serve something
// themselves first, and then those nearest to the top.
func (l *look) goStarts() {
	rank := func(dir string) int {
		if l.serving[dir] {
			return depth(dir)
		}
		return depth(dir) + maxFiles
	}
	slices.SortStableFunc(l.mains, func(a, b string) int { return rank(a) - rank(b) })
	for _, dir := range l.mains {
		module := l.module(dir)
		if module == "" {
			continue
		}
		binary := "${run.dir}/bin/" + filepath.Base(dir)
		start := Start{
			From: l.rel(dir), Build: []string{"go", "build", "-o", binary, "./" + strings.TrimPrefix(dir[len(module):], "/")},
			Command: []string{binary},
		}
		if module != l.dir {
			start.Dir = l.rel(module)
		}
		l.found.Starts = append(l.found.Starts, start)
	}
}

// module is the folder of the innermost module that a folder belongs to, or nothing.
func (l *look) module(dir string) string {
	best := ""
	for _, m := range l.modules {
		if (dir == m || strings.HasPrefix(dir, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

func depth(path string) int { return strings.Count(filepath.ToSlash(path), "/") }

// atTop tells whether a file lies in the folder itself: deeper ones are started from elsewhere.
func (l *look) atTop(path string) bool { return filepath.Dir(path) == l.dir }

func (l *look) packageJSON(path string) {
	var doc struct {
		Scripts map[string]string `json:"scripts"`
	}
	if !l.atTop(path) || json.Unmarshal([]byte(source(path)), &doc) != nil || doc.Scripts["start"] == "" {
		return
	}
	l.loose = append(l.loose, Start{From: l.rel(path), Command: []string{"npm", "start"}})
}

func (l *look) procfile(path string) {
	for line := range strings.Lines(source(path)) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "web:"); ok && l.atTop(path) {
			l.loose = append(l.loose, Start{
				From: l.rel(path), Command: []string{"sh", "-c", "exec " + literal(command)},
			})
		}
	}
}

// dockerfile takes the last ENTRYPOINT and CMD, as a build of it would.
func (l *look) dockerfile(path string) {
	if !l.atTop(path) {
		return
	}
	last := map[string][]string{}
	for line := range strings.Lines(source(path)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		word = strings.ToUpper(word)
		switch word {
		case "FROM":
			clear(last)
		case "CMD", "ENTRYPOINT":
			last[word] = dockerWords(strings.TrimSpace(rest))
		}
	}
	if words := slices.Concat(last["ENTRYPOINT"], last["CMD"]); len(words) > 0 {
		l.loose = append(l.loose, Start{From: l.rel(path), Command: words})
	}
}

// dockerWords reads the exec form, or has a shell read the other one.
func dockerWords(text string) []string {
	var words []string
	if json.Unmarshal([]byte(text), &words) == nil {
		return names(words)
	}
	if text == "" {
		return nil
	}
	return []string{"sh", "-c", "exec " + literal(text)}
}

func literal(command string) string {
	return unexpanded(strings.TrimPrefix(strings.TrimSpace(command), "exec "))
}

var (
	openAPI     = regexp.MustCompile(`(?m)^"?(?:openapi|swagger)"?\s*:\s*["']?[23]`)
	openAPIJSON = regexp.MustCompile(`^\s*\{\s*"(?:openapi|swagger)"\s*:\s*"[23]`)
)

// yaml looks whether a YAML file is a compose file or an OpenAPI document.
func (l *look) yaml(path, name string) {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".yml"), ".yaml")
	if openAPI.MatchString(source(path)) {
		l.found.OpenAPI = append(l.found.OpenAPI, l.rel(path))
		return
	}
	if base != "compose" && base != "docker-compose" {
		return
	}
	l.names(path)
	doc, _ := spec.Parse(path, []byte(strings.ReplaceAll(source(path), "${", "$ {")), spec.Options{})
	c := Compose{Path: l.rel(path)}
	for _, e := range doc.Root.Key("services").Entries() {
		c.Services = append(c.Services, e.Key)
	}
	l.found.Compose = append(l.found.Compose, c)
}

package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Inherited names the variables of this process that a service gets, as far as they are set.
// Everything else must be given in the service's own environment.
func Inherited() []string {
	return []string{
		"PATH", "HOME", "USER", "TMPDIR", "LANG", "LC_ALL", "TZ", "SystemRoot",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_CACHE_HOME",
		"GOCACHE", "GOMODCACHE", "GOPATH", "GOROOT", "GOFLAGS", "GOPROXY", "GOTOOLCHAIN", "GONOSUMDB",
		"GONOSUMCHECK", "GOSUMDB", "GOPRIVATE",
	}
}

// environment is the inherited variables with own on top.
func environment(own []string) []string {
	var env []string
	for _, name := range Inherited() {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return append(env, own...)
}

// checkDir says why a folder cannot be worked in; exec would blame the command.
func checkDir(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("looking at the working folder: %w", err)
	case !info.IsDir():
		return fmt.Errorf("the working folder %s is a file", dir)
	}
	return nil
}

// explain says what a command that did not start lacks.
func explain(name, dir string, env []string, err error) error {
	if !filepath.IsAbs(name) && strings.ContainsRune(name, filepath.Separator) {
		return fmt.Errorf("command %q in folder %q: %w", name, dir, reason(err))
	}
	if filepath.IsAbs(name) {
		return fmt.Errorf("command %q: %w", name, reason(err))
	}
	hint := ""
	if _, statErr := os.Stat(filepath.Join(dir, name)); statErr == nil {
		hint = fmt.Sprintf("; to run the file in that folder, write ./%s", name)
	}
	return fmt.Errorf("command %q in folder %q: %w; PATH is %q%s", name, dir, reason(err), pathOf(env), hint)
}

// reason drops what exec and os put before the error itself.
func reason(err error) error {
	if e := (*exec.Error)(nil); errors.As(err, &e) {
		return e.Err
	}
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

func pathOf(env []string) string {
	for _, kv := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(kv, "PATH="); ok {
			return value
		}
	}
	return ""
}

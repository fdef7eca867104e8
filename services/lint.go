package services

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Check finds what does not go together in the settings of a service, and files that are not there. at is
// the service's node, resolve makes its paths absolute.
func (s *Settings) Check(at *spec.Node, resolve func(string) string) spec.Diagnostics {
	var ds spec.Diagnostics
	if !s.Contained() {
		s.checkProcess(at, &ds)
		return ds
	}
	if s.Build.image() && s.Build.Context == "" {
		ds.Errorf(at.Key("build").Pos(), "add: context: .", "an image build needs the folder that is sent to the engine")
	}
	if s.Isolation.Egress != "deny" && len(s.Isolation.Allow) > 0 {
		ds.Errorf(at.Key("isolation").Pos(), "add: egress: deny", "allow says nothing without egress: deny")
	}
	if m := s.Resources.Memory; m > 0 && m < minMemory {
		ds.Errorf(at.Key("resources").Key("memory").Pos(), "write at least 6MiB",
			"no container engine bounds memory to %s", m)
	}
	if name := at.Key("name"); name.Text() != "" && !hostName.MatchString(name.Text()) {
		ds.Errorf(name.Pos(), "use letters, digits, dashes, dots and underscores",
			"%q cannot be the name of a container: it becomes a host name", name.Text())
	}
	s.checkJob(at, &ds)
	s.checkPaths(at, resolve, &ds)
	return ds
}

// hostName are names that others can write into a URL.
var hostName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// minMemory is the least memory that Docker gives a container.
const minMemory = 6 << 20

// Path is the compose file.
func (c ComposeSettings) Path() string {
	if c.File == "" {
		return "./compose.yaml"
	}
	return c.File
}

// checkProcess refuses what only a container has.
func (s *Settings) checkProcess(at *spec.Node, ds *spec.Diagnostics) {
	for _, key := range []string{
		"entrypoint", "user", "ports", "files", "volumes", "health", "job", "aliases", "resources", "isolation",
	} {
		n := at.Key(key)
		if n.Kind() == spec.Null {
			continue
		}
		hint := "add image: or build: {context: .}, or leave it out"
		if key == "resources" {
			hint = "gate on mem_peak_bytes and cpu_seconds instead, or add image:"
		}
		ds.Errorf(n.Pos(), hint, "%s needs a container, and this is a local process", key)
	}
}

// CheckElsewhere refuses what says how a service is run where it runs already, somewhere else.
func CheckElsewhere(at *spec.Node) spec.Diagnostics {
	var ds spec.Diagnostics
	for _, key := range []string{
		"build", "entrypoint", "dir", "user", "port", "ports", "env", "files", "volumes", "health", "job", "aliases",
		"resources", "isolation", "stop_timeout", "logs",
	} {
		if n := at.Key(key); n.Kind() != spec.Null {
			ds.Errorf(n.Pos(), "leave it out, or add image: or command: in place of url:",
				"%s is for a service that the run starts, and this one is there already", key)
		}
	}
	return ds
}

// checkJob refuses what a job has no use for.
func (s *Settings) checkJob(at *spec.Node, ds *spec.Diagnostics) {
	if !s.Job {
		return
	}
	for _, key := range []string{"ready", "probe", "warm_up", "health"} {
		if n := at.Key(key); n.Kind() != spec.Null {
			ds.Errorf(n.Pos(), "leave it out", "a job is ready when it ends with exit status 0: %s says nothing", key)
		}
	}
}

// checkPaths finds local files and folders that are not there. What a build is yet to make, or stands
// behind ${...}, cannot be checked.
func (s *Settings) checkPaths(at *spec.Node, resolve func(string) string, ds *spec.Diagnostics) {
	if len(s.Build.Command) > 0 {
		return
	}
	build := at.Key("build")
	checkPath(build, build.Key("context"), resolve, s.Build.Context, ds)
	files := at.Key("files").Items()
	for i, f := range s.Files {
		switch {
		case (f.Source == "") == (f.Content == "") && i < len(files):
			ds.Errorf(files[i].Pos(), "write source: or content:", "a file needs one of source and content")
		case !strings.HasPrefix(f.Target, "/") && i < len(files):
			ds.Errorf(files[i].Pos(), "write the path inside, such as /etc/app.conf", "the target %q is not absolute", f.Target)
		case i < len(files):
			checkPath(files[i], nil, resolve, f.Source, ds)
		}
	}
	volumes := at.Key("volumes").Items()
	for i, v := range s.Volumes {
		if v.local() && i < len(volumes) {
			checkPath(volumes[i], nil, resolve, v.Source, ds)
		}
	}
}

func checkPath(at, value *spec.Node, resolve func(string) string, path string, ds *spec.Diagnostics) {
	if path == "" || strings.Contains(path, "${") {
		return
	}
	if value.Kind() != spec.Null {
		at = value
	}
	if _, err := os.Stat(resolve(path)); err != nil {
		ds.Errorf(at.Pos(), "paths start at the run file's folder", "there is no %s", resolve(path))
	}
}

// CheckAllow finds what isolation.allow names and is neither a service of the run nor host:port.
func (s *Settings) CheckAllow(at *spec.Node, known []string) spec.Diagnostics {
	var ds spec.Diagnostics
	list := at.Key("isolation").Key("allow")
	for i, name := range s.Isolation.Allow {
		pos := list.Pos()
		if items := list.Items(); i < len(items) {
			pos = items[i].Pos()
		}
		if slices.Contains(known, name) || isHostPort(name) {
			continue
		}
		hint := "services of the run: " + strings.Join(known, ", ") + "; others as host:port"
		if near := spec.Nearest(name, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		ds.Errorf(pos, hint, "%q is neither a service of this run nor host:port", name)
	}
	return ds
}

func isHostPort(text string) bool {
	host, port, ok := strings.Cut(text, ":")
	n, err := strconv.Atoi(port)
	return ok && host != "" && err == nil && n > 0 && n < 1<<16
}

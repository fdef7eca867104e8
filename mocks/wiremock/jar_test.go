package wiremock_test

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/process"
)

// jar runs WireMock's jar as a local process in the place of its container.
type jar struct {
	path, dir string
	// java options, instead of those of the service
	options string
}

func jarPath() string {
	if path := os.Getenv("HEADGATE_WIREMOCK_JAR"); path != "" {
		return path
	}
	return ""
}

// Start gives the process a port and a folder of its own.
func (j jar) Start(ctx context.Context, s services.Service, logs services.LogSink) (services.Instance, error) {
	port, err := services.FreePort()
	if err != nil {
		return nil, err
	}
	root, err := os.MkdirTemp(j.dir, "root-*")
	if err != nil {
		return nil, err
	}
	env := slices.Clone(s.Env)
	if j.options != "" {
		env = append(env, "JAVA_TOOL_OPTIONS="+j.options)
	}
	local := services.Service{
		Name: s.Name, Dir: root, Env: env, Port: port, StopTimeout: s.StopTimeout,
		Command: append([]string{
			cmp.Or(os.Getenv("JAVA"), "java"), "-jar", filepath.Clean(j.path),
			"--bind-address", "127.0.0.1", "--port", strconv.Itoa(port), "--root-dir", root,
		}, s.Command...),
	}
	return process.Driver{}.Start(ctx, local, logs)
}

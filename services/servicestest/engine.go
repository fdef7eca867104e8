package servicestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Engine skips the test where no container engine answers, or where it does not have one of the images.
// With HEADGATE_DOCKER=required it fails instead, so that a machine which is meant to test containers cannot
// pass without.
func Engine(tb testing.TB, images ...string) {
	tb.Helper()
	err := ask(tb.Context(), "/_ping")
	for _, image := range images {
		if err != nil {
			break
		}
		if err = ask(tb.Context(), "/images/"+image+"/json"); err != nil {
			err = fmt.Errorf("the image %s (docker pull %s, or .ci/images): %w", image, image, err)
		}
	}
	switch {
	case err == nil:
	case os.Getenv("HEADGATE_DOCKER") == "required":
		tb.Fatalf("HEADGATE_DOCKER=required, but %v", err)
	default:
		tb.Skipf("needs a container engine: %v", err)
	}
}

// ask asks the engine at DOCKER_HOST, or at its usual socket; any answer but 200 is an error.
func ask(ctx context.Context, path string) error {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = "unix:///var/run/docker.sock"
	}
	network, addr, ok := strings.Cut(host, "://")
	if !ok {
		return fmt.Errorf("DOCKER_HOST=%s is not a URL", host)
	}
	if network != "unix" {
		network = "tcp"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine"+path, http.NoBody)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the engine at %s answers %s", host, res.Status)
	}
	return nil
}

// BuildContext builds a static program that runs any of [Programs], beside a Dockerfile for an image that
// holds nothing else, and returns the folder. [Inside] is how its programs are started.
func BuildContext(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	const source = "github.com/headgate-dev/headgate/services/servicestest/program"
	build := exec.CommandContext(tb.Context(), "go", "build", "-o", filepath.Join(dir, "program"), source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("building the program: %v\n%s", err, out)
	}
	dockerfile := []byte("FROM scratch\nCOPY program /program\nENV HOST=0.0.0.0\n")
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), dockerfile, 0o600); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Inside is the command that runs a program of [Programs] within the image of [BuildContext].
func Inside(name string) []string { return []string{"/program", childArg, name} }

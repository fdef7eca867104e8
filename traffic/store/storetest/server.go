// Package storetest runs an S3-compatible server for tests.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Credentials of the server.
const (
	AccessKey = "headgate-test"
	SecretKey = "headgate-test-secret"
)

// Server is a server that is running.
type Server struct {
	// URL is where it listens.
	URL string
	// Dir holds a folder for each bucket.
	Dir string
}

// Start runs a server with one bucket, captures, until the test ends, and sets the environment such that object
// storage is found there. The program is that of HEADGATE_S3_SERVER (see .ci/s3), else versitygw on the PATH; without
// it the test is skipped, or fails where HEADGATE_DOCKER is "required".
func Start(tb testing.TB) *Server {
	tb.Helper()
	program := find(tb)
	dir := tb.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "captures"), 0o755); err != nil {
		tb.Fatal(err)
	}
	s := &Server{Dir: dir}
	s.run(tb, program)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": s.URL, "AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey,
		"AWS_REGION": "us-east-1", "AWS_PROFILE": "", "AWS_SESSION_TOKEN": "",
	} {
		tb.Setenv(name, value)
	}
	return s
}

func find(tb testing.TB) string {
	tb.Helper()
	program := os.Getenv("HEADGATE_S3_SERVER")
	if program != "" {
		return program
	}
	program, err := exec.LookPath("versitygw")
	switch {
	case err == nil:
	case os.Getenv("HEADGATE_DOCKER") == "required":
		tb.Fatal("no S3-compatible server: set HEADGATE_S3_SERVER to what .ci/s3 prints")
	default:
		tb.Skip("no S3-compatible server: set HEADGATE_S3_SERVER to what .ci/s3 prints")
	}
	return program
}

func (s *Server) run(tb testing.TB, program string) {
	tb.Helper()
	port := free(tb)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--access", AccessKey, "--secret", SecretKey,
		"--port", fmt.Sprintf("127.0.0.1:%d", port), "--quiet", "posix", "--sidecar", tb.TempDir(), s.Dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		cancel()
		tb.Fatalf("starting the S3-compatible server: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it was told to end, or ready notices
	}()
	s.URL = fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := ready(ctx, s.URL, ended); err != nil {
		cancel()
		<-ended
		tb.Fatalf("starting the S3-compatible server: %v: %s", err, said.Bytes())
	}
	tb.Cleanup(func() {
		cancel()
		<-ended
	})
}

// ready waits until a server answers.
func ready(ctx context.Context, url string, ended chan struct{}) error {
	for range 400 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			return answer.Body.Close()
		}
		select {
		case <-ended:
			return errors.New("it has ended")
		case <-time.After(25 * time.Millisecond):
		}
	}
	return errors.New("it does not answer")
}

func free(tb testing.TB) int {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine"
	jsonreport "github.com/headgate-dev/headgate/reporters/json"
)

// prepare puts the shop's run file and its capture into a folder.
func prepare(dir string) error {
	src, err := os.ReadFile("testdata/shop/pipeline.yaml")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "pipeline.yaml"), src, 0o644); err != nil {
		return err
	}
	return writeCapture(dir)
}

// started is a running headgate with a folder, a port and a process id file of its own.
type started struct {
	t     *testing.T
	cmd   *exec.Cmd
	dir   string
	port  string
	lines chan string
	ended chan struct{}
	// text is all that was written, complete once ended is closed.
	text strings.Builder
}

// story is a run to start: changes to the run file as old and new text, further flags, and variables
// as NAME=value.
type story struct {
	old, replacement string
	args, vars       []string
}

// start starts headgate run in a folder of its own.
func start(t *testing.T, story story) *started {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	if err := prepare(dir); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, "pipeline.yaml"), story.old, story.replacement)
	words := append([]string{"run", "pipeline.yaml"}, story.args...)
	for _, v := range append([]string{"PIDFILE=" + filepath.Join(dir, pidFile), "PORT=" + port}, story.vars...) {
		words = append(words, "--var", v)
	}
	s := launch(t, dir, words...)
	s.port = port
	return s
}

// launch starts headgate in a folder.
func launch(t *testing.T, dir string, words ...string) *started {
	t.Helper()
	s := &started{t: t, dir: dir, lines: make(chan string, 1000), ended: make(chan struct{})}
	s.cmd = exec.Command("headgate", words...)
	s.cmd.Dir = dir
	r, w := io.Pipe()
	s.cmd.Stdout, s.cmd.Stderr = w, w
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go s.read(r)
	go func() {
		_ = s.cmd.Wait() // how it ended stands in ProcessState
		w.Close()
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // where the test has failed it may still run
		<-s.ended
	})
	return s
}

// edit replaces the one place of a file where old stands.
func edit(t *testing.T, name, old, replacement string) {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if old != "" && strings.Count(string(src), old) != 1 {
		t.Fatalf("%q is not exactly once in %s", old, name)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(src), old, replacement, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pidFile is where the shop writes its process id.
const pidFile = "shop.pid"

func (s *started) pidFile() string { return filepath.Join(s.dir, pidFile) }

func (s *started) read(r io.Reader) {
	defer close(s.ended)
	defer close(s.lines)
	in := bufio.NewScanner(r)
	for in.Scan() {
		fmt.Fprintln(&s.text, in.Text())
		s.lines <- in.Text()
	}
}

// await waits for a line that holds text.
func (s *started) await(text string) {
	s.t.Helper()
	for line := range s.lines {
		if strings.Contains(line, text) {
			return
		}
	}
	s.t.Fatalf("no line with %q in:\n%s", text, s.text.String())
}

// shop waits until the shop has told its process id.
func (s *started) shop() int {
	s.t.Helper()
	return eventually(s.t, func() (int, error) {
		src, err := os.ReadFile(s.pidFile())
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(string(src))
	})
}

// signal sends a signal to headgate.
func (s *started) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// code waits for the end, for at most limit, and returns the exit code.
func (s *started) code(limit time.Duration) int {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(limit):
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // its stacks tell where it hangs
		<-s.ended
		s.t.Fatalf("still runs after %s:\n%s", limit, s.text.String())
	}
	return s.cmd.ProcessState.ExitCode()
}

// report reads the verdict of the latest run.
func (s *started) report() *engine.Report {
	s.t.Helper()
	rep, err := jsonreport.Read(filepath.Join(s.dir, ".headgate/runs/latest"))
	if err != nil {
		s.t.Fatalf("%v in:\n%s", err, s.text.String())
	}
	return rep
}

// clean fails the test if the shop or its port is left. A killed process may need a moment.
func (s *started) clean() {
	s.t.Helper()
	if src, err := os.ReadFile(s.pidFile()); err == nil {
		pid, err := strconv.Atoi(string(src))
		if err != nil {
			s.t.Fatal(err)
		}
		gone(s.t, pid)
	}
	eventually(s.t, func() (int, error) {
		l, err := net.Listen("tcp", "127.0.0.1:"+s.port)
		if err != nil {
			return 0, err
		}
		return 0, l.Close()
	})
}

// gone waits until a process has ended; a zombie has.
func gone(t *testing.T, pid int) {
	t.Helper()
	eventually(t, func() (int, error) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, nil //nolint:nilerr // what is not in the table has ended
		}
		if _, after, ok := strings.Cut(string(stat), ") "); ok && strings.HasPrefix(after, "Z") {
			return 0, nil
		}
		return 0, fmt.Errorf("process %d still runs", pid)
	})
}

// eventually asks until there is no error, for at most ten seconds.
func eventually[T any](t *testing.T, ask func() (T, error)) T {
	t.Helper()
	give := time.After(10 * time.Second)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		v, err := ask()
		if err == nil {
			return v
		}
		select {
		case <-again.C:
		case <-give:
			t.Fatal(err)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// output runs a command to its end and returns its exit code and what it wrote.
func output(t *testing.T, dir string, words ...string) (code int, text string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/services"
)

// promptly is how long an interrupted run may take to end.
const promptly = 5 * time.Second

// TestSignals interrupts runs wherever they may wait: each ends promptly with its verdict written, and
// leaves nothing behind.
func TestSignals(t *testing.T) {
	deaf := listener(t)
	probed := fmt.Sprintf("backends:\n  real: [{name: bank, url: 'http://%s', probe: {http: /}}]\n", deaf.Addr())
	building := `build: {command: [sh, -c, 'echo -n $$ > "$PIDFILE"; exec sleep 60']}` +
		"\n      command: [fixture]"
	warming := "warm_up: {requests: 1, path: /items/1}\n      command: [fixture]"
	places := map[string]struct {
		story
		line string
		shop bool // wait for the shop's process, too
	}{
		"backends": {line: "--> backends", story: story{old: "backends:\n", replacement: probed}},
		"build": {line: "--> sut", shop: true, story: story{
			old: "command: [fixture]", replacement: building,
		}},
		"readiness":    {line: "--> sut", shop: true, story: story{vars: []string{"FIXTURE=never-ready"}}},
		"listens late": {line: "--> sut", shop: true, story: story{vars: []string{"FIXTURE=late=60s"}}},
		"warm-up": {line: "--> sut", shop: true, story: story{
			old: "command: [fixture]", replacement: warming, vars: []string{"FIXTURE=slow=60s"},
		}},
		"hold":   {line: "--> sut", shop: true, story: story{vars: []string{"HOLD=60"}}},
		"canary": {line: "--> quality_gates", story: story{vars: []string{"FIXTURE=slow=60s"}}},
		"replay": {line: "--> replay", story: story{vars: []string{"FIXTURE=slow=60s", "CANARY=0"}}},
		"pause":  {line: "--> replay", story: story{vars: []string{"CANARY=0", "SCALE=0.01x"}}},
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		for name, tt := range places {
			t.Run(name+" "+sig.String(), func(t *testing.T) {
				t.Parallel()
				s := start(t, tt.story)
				s.await(tt.line)
				if tt.shop {
					s.shop()
				}
				s.signal(sig)
				interrupted(t, s, sig)
			})
		}
	}
}

// interrupted checks how a run ends after a signal.
func interrupted(t *testing.T, s *started, sig syscall.Signal) {
	t.Helper()
	want, name := engine.Interrupted, "SIGINT"
	if sig == syscall.SIGTERM {
		want, name = engine.Terminated, "SIGTERM"
	}
	if code := s.code(promptly); code != want.ExitCode() {
		t.Errorf("exit code %d, want %d:\n%s", code, want.ExitCode(), s.text.String())
	}
	rep := s.report()
	if rep.Verdict != want || rep.ExitCode != want.ExitCode() {
		t.Errorf("verdict %s, exit code %d, want %s", rep.Verdict, rep.ExitCode, want)
	}
	if a := rep.Accounting; a.Planned != 2*sessions*visits || a.Sum() != a.Planned {
		t.Errorf("accounting is off: %+v", a)
	}
	results, err := os.ReadFile(filepath.Join(s.dir, ".headgate/runs/latest/results.jsonl"))
	if lines := bytes.Count(results, []byte("\n")); err == nil && lines != rep.Accounting.Planned {
		t.Errorf("%d lines in results.jsonl, %d requests", lines, rep.Accounting.Planned)
	}
	if !strings.Contains(rep.Cause, name) {
		t.Errorf("cause: %s", rep.Cause)
	}
	s.clean()
}

// TestSignalWhileHeld ends --keep: the verdict stands.
func TestSignalWhileHeld(t *testing.T) {
	t.Parallel()
	s := start(t, story{args: []string{"--keep"}})
	s.await("passed: 40 of 40")
	s.await("still up")
	s.signal(os.Interrupt)
	if code := s.code(promptly); code != 0 {
		t.Errorf("exit code %d:\n%s", code, s.text.String())
	}
	if rep := s.report(); rep.Verdict != engine.Passed {
		t.Errorf("verdict %s", rep.Verdict)
	}
	s.clean()
}

// TestSecondSignal ends at once although the service ignores SIGTERM.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	s := start(t, story{vars: []string{"FIXTURE=ignore-term,slow=60s", "CANARY=0"}})
	s.await("--> replay")
	s.signal(os.Interrupt)
	s.signal(syscall.SIGTERM)
	// Which of the two comes second is up to the operating system.
	code := s.code(services.DefaultStopTimeout / 2)
	if code != engine.Terminated.ExitCode() && code != engine.Interrupted.ExitCode() {
		t.Errorf("exit code %d:\n%s", code, s.text.String())
	}
	s.clean()
}

// TestSignalWhileReading interrupts a command that reads traffic.
func TestSignalWhileReading(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells in /proc that a process has opened a file")
	}
	capture := filepath.Join(t.TempDir(), "long.jsonl.gz")
	writeLong(t, capture)
	for name, words := range map[string][]string{
		"inspect": {"inspect", capture}, "validate": {"validate", "pipeline.yaml"}, "run": {"run", "pipeline.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := prepare(dir); err != nil {
				t.Fatal(err)
			}
			edit(t, filepath.Join(dir, "pipeline.yaml"), "./inbound.jsonl", capture)
			s := launch(t, dir, words...)
			s.opens(capture)
			s.signal(os.Interrupt)
			if code := s.code(promptly); code != engine.Interrupted.ExitCode() {
				t.Errorf("exit code %d:\n%s", code, s.text.String())
			}
		})
	}
}

// writeLong writes a capture that takes seconds to read: a gigabyte, of which most are copies.
func writeLong(t *testing.T, name string) {
	t.Helper()
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	filler := strings.Repeat("as before, ", 36)
	for i := range 20_000 {
		fmt.Fprintf(z, `{"id": "%08x", "time": "2026-11-01T10:00:00Z", "direction": "inbound", "service": "shop", `+
			`"request": {"method": "POST", "url": "/items/%d", "body": %q}, "response": {"status": 200}}`+"\n",
			i*2654435761, i, filler)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, bytes.Repeat(member.Bytes(), 90), 0o600); err != nil {
		t.Fatal(err)
	}
}

// opens waits until the process has a file open.
func (s *started) opens(name string) {
	s.t.Helper()
	deadline := time.Now().Add(promptly)
	for time.Now().Before(deadline) {
		open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.cmd.Process.Pid))
		for _, fd := range open {
			if target, err := os.Readlink(fd); err == nil && target == name {
				return
			}
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatalf("%s was not opened:\n%s", name, s.text.String())
}

// TestKilled kills headgate without a chance to stop anything: on Linux its service goes too.
func TestKilled(t *testing.T) {
	t.Parallel()
	s := start(t, story{vars: []string{"FIXTURE=never-ready,ignore-term", "TIMEOUT=60s"}})
	pid := s.shop()
	s.signal(os.Kill)
	s.code(promptly)
	gone(t, pid)
	s.clean()
}

// TestIgnoredSIGTERM runs against a service that ignores SIGTERM: it is killed after its grace.
func TestIgnoredSIGTERM(t *testing.T) {
	t.Parallel()
	s := start(t, story{vars: []string{"FIXTURE=ignore-term"}})
	if code := s.code(20 * time.Second); code != 0 {
		t.Errorf("exit code %d:\n%s", code, s.text.String())
	}
	s.clean()
}

// listener takes connections and never answers.
func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

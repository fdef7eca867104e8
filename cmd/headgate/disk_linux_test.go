package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	jsonreport "github.com/headgate-dev/headgate/reporters/json"
)

// TestFullDisk runs with disks that get full at once, during the replay, and while the reports are written.
// No run passes there; the cause names the file, and nothing is left running.
func TestFullDisk(t *testing.T) {
	tests := map[string]struct {
		pages int
		cause string
	}{
		"at once":     {1, `results\.jsonl: .*no space left`},
		"canary":      {2, `results\.jsonl: .*no space left`},
		"end":         {4, `metrics\.json: .*no space left`},
		"metrics":     {6, `metrics\.json: .*no space left`},
		"last report": {12, `(metrics\.txt|junit\.xml|verdict\.json): .*no space left`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			disk := mount(t, tt.pages)
			s := start(t, story{args: []string{"--out", disk}})
			if code := s.code(promptly); code != engine.Environment.ExitCode() {
				t.Errorf("exit code %d:\n%s", code, s.text.String())
			}
			if !regexp.MustCompile(`(?m)^ENVIRONMENT .*` + tt.cause).MatchString(s.text.String()) {
				t.Errorf("the cause does not name the file:\n%s", s.text.String())
			}
			if strings.Contains(s.text.String(), "PASSED") {
				t.Errorf("says that it has passed:\n%s", s.text.String())
			}
			s.clean()
			rep, err := jsonreport.Read(filepath.Join(disk, "latest"))
			if err == nil && rep.Verdict != engine.Environment {
				t.Errorf("verdict.json says %s", rep.Verdict)
			}
		})
	}
}

// mount makes a disk of a number of memory pages.
func mount(t *testing.T, pages int) string {
	t.Helper()
	dir := t.TempDir()
	size := fmt.Sprintf("size=%d", pages*os.Getpagesize())
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, size); err != nil {
		t.Skipf("mounting a small disk is not permitted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic/store/storetest"
)

// headgate runs a command and returns what it says.
func headgate(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	p := &program{args: args, out: &out, err: &out, env: os.LookupEnv}
	if code := p.execute(t.Context()); code != want {
		t.Fatalf("headgate %s: exit code %d, want %d:\n%s", strings.Join(args, " "), code, want, out.String())
	}
	return out.String()
}

// Object storage does wherever a path of traffic does.
func TestObjectStorage(t *testing.T) {
	server := storetest.Start(t)
	dir := t.TempDir()
	if err := writeCapture(dir); err != nil {
		t.Fatal(err)
	}
	inbound, outbound := filepath.Join(dir, "inbound.jsonl"), filepath.Join(dir, "outbound.jsonl")
	headgate(t, 0, "import", inbound, "-o", "s3://captures/all/in.jsonl.gz")
	headgate(t, 0, "import", outbound, "-o", "s3://captures/all/out.jsonl")
	said := headgate(t, 3, "import", inbound, "-o", "s3://captures/all/in.jsonl.gz")
	if !strings.Contains(said, "there already") {
		t.Error(said)
	}
	said = headgate(t, 0, "inspect", "s3://captures/all")
	if local := headgate(t, 0, "inspect", inbound, outbound); said != local {
		t.Errorf("of the storage is said\n%s\nof the files\n%s", said, local)
	}
	headgate(t, 0, "traffic", "index", "s3://captures/all")
	if _, err := os.Stat(filepath.Join(server.Dir, "captures", "all", ".headgate-index")); err != nil {
		t.Error(err)
	}
	if indexed := headgate(t, 0, "inspect", "s3://captures/all"); indexed != said {
		t.Errorf("without an index is said\n%s\nwith it\n%s", said, indexed)
	}
	said = headgate(t, 0, "traffic", "select", "s3://captures/all", "-o", "s3://captures/small.jsonl", "--budget", "10")
	if !strings.Contains(said, "wrote      15 records to s3://captures/small.jsonl") {
		t.Error(said)
	}
	// Copies from another place are counted once.
	said = headgate(t, 0, "inspect", "s3://captures/small.jsonl", dir)
	if !strings.Contains(said, "records    60 in 3 files") || !strings.Contains(said, "15 duplicates") {
		t.Error(said)
	}
	headgate(t, 0, "export", "s3://captures/small.jsonl", "-o", filepath.Join(dir, "small.har"))
	said = headgate(t, 4, "inspect", "s3://elsewhere/x")
	if !strings.Contains(said, "there is no bucket elsewhere") || !strings.Contains(said, "hint: see the AWS_ variables") {
		t.Error(said)
	}
}

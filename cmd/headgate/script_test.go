package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the stories in testdata/script. Each finds the shop's run file and its capture in its
// folder.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			return prepare(env.WorkDir)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits,
			"port":  port,
			"make":  makeFile,
		},
	})
}

// exits runs a command and wants an exit code: exits CODE COMMAND ARGS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%s: %v", args[1], err)
	}
	if (got == want) == neg {
		ts.Fatalf("%s: exit code %d", strings.Join(args[1:], " "), got)
	}
}

// port puts a port into the variable that is named: a free one, or with "taken" one that is listened on
// until the story ends.
func port(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	if len(args) > 1 && args[1] == "taken" {
		ts.Defer(func() { l.Close() })
	} else {
		l.Close()
	}
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

// makeFile writes an odd file: make KIND FILE.
func makeFile(ts *testscript.TestScript, _ bool, args []string) {
	capture := []byte(ts.ReadFile("inbound.jsonl"))
	var content []byte
	switch args[0] {
	case "binary":
		content = bytes.Repeat([]byte{0, 1, 2, 0xff, 0xfe, 0x80, '\n'}, 100)
	case "zip":
		content = []byte("PK\x03\x04\x14\x00")
	case "empty":
	case "truncated-gzip":
		content = zipped(ts, capture)
		content = content[:len(content)/2]
	case "cut":
		content = capture[:len(capture)-20]
	case "gzip-and-more":
		content = append(zipped(ts, capture), "something else that stands behind it\n"...)
	case "long-line":
		content = append(capture, fmt.Sprintf(`{"id":"%s"}`, strings.Repeat("x", 10<<20))...)
	case "long-record":
		body := []byte(`"body":"` + strings.Repeat("x", 10<<20))
		content = append(capture, bytes.Replace(first(capture), []byte(`"body":"`), body, 1)...)
	case "yaml-bomb":
		content = bomb()
	default:
		ts.Fatalf("make: unknown kind %s", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), content, 0o644))
}

func first(lines []byte) []byte {
	line, _, _ := bytes.Cut(lines, []byte("\n"))
	return bytes.Replace(line, []byte(`"id":"`), []byte(`"id":"long-`), 1)
}

func zipped(ts *testscript.TestScript, content []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(content)
	ts.Check(err)
	ts.Check(w.Close())
	return out.Bytes()
}

// bomb is a run file whose aliases stand for a billion values.
func bomb() []byte {
	var b strings.Builder
	b.WriteString("version: 1\nvars:\n  a0: &a0 many\n")
	for i := range 9 {
		fmt.Fprintf(&b, "  a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 10))
	}
	return []byte(b.String())
}

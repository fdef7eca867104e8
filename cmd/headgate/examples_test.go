package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	jsonreport "github.com/headgate-dev/headgate/reporters/json"
	"github.com/headgate-dev/headgate/services/servicestest"
)

var wholeExamples = flag.Bool("examples", false, "run every planted fault of the examples, not only one")

// planted is a fault of examples/orders and how a run against it has to end.
type planted struct {
	name  string
	code  int
	cause *regexp.Regexp
}

// TestExamples runs examples/orders as it is and against the planted faults of
// examples/orders-regression: against all of them with -examples, else against the first.
func TestExamples(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	faults := readFaults(t, filepath.Join(root, "examples/orders-regression/faults.txt"))
	if !*wholeExamples {
		faults = faults[:1]
	}
	atOnce := make(chan struct{}, 2)
	example := func(name, dir string, want planted) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atOnce <- struct{}{}
			defer func() { <-atOnce }()
			runExample(t, ordersExample, dir, want)
		})
	}
	passed := planted{cause: regexp.MustCompile("^passed")}
	example("as it is", root, passed)
	if *wholeExamples {
		example("from another folder", t.TempDir(), passed)
	}
	for _, f := range faults {
		example(f.name, root, f)
	}
}

// example is a run file, with the least number of requests that it replays.
type example struct {
	file    string
	planned int
}

var ordersExample = example{"../../examples/orders/pipeline.yaml", 300}

// TestContainerExamples runs the examples that need a container engine: examples/orders-containers as it is
// and against one planted fault, against all of them with -examples, and examples/compose.
func TestContainerExamples(t *testing.T) {
	servicestest.Engine(t, "postgres:15", "wiremock/wiremock:3.13.2")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	containers := example{"../../examples/orders-containers/pipeline.yaml", 170}
	passed := planted{cause: regexp.MustCompile("^passed")}
	t.Run("as it is", func(t *testing.T) { runExample(t, containers, root, passed) })
	t.Run("compose", func(t *testing.T) {
		runExample(t, example{"../../examples/compose/pipeline.yaml", 10}, root, passed)
	})
	faults := readFaults(t, filepath.Join(root, "examples/orders-containers/faults.txt"))
	if !*wholeExamples {
		faults = faults[:1]
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) { runExample(t, containers, root, f) })
	}
}

// runExample runs an example from a folder, against the fault if it has a name: the value of FAULT, or
// another variable with its value.
func runExample(t *testing.T, e example, dir string, want planted) {
	t.Helper()
	file, err := filepath.Abs(e.file)
	if err != nil {
		t.Fatal(err)
	}
	if inside, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(inside) {
		file = inside
	}
	out := t.TempDir()
	words := []string{"headgate", "run", file, "--out", out}
	switch {
	case strings.Contains(want.name, "="):
		words = append(words, "--var", want.name)
	case want.name != "":
		words = append(words, "--var", "FAULT="+want.name)
	}
	code, text := output(t, dir, words...)
	if code != want.code {
		t.Errorf("exit code %d, want %d:\n%s", code, want.code, text)
	}
	rep, err := jsonreport.Read(filepath.Join(out, "latest"))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if a := rep.Accounting; rep.ExitCode != want.code || a.Sum() != a.Planned || a.Planned < e.planned {
		t.Errorf("exit code %d, accounting %+v", rep.ExitCode, a)
	}
	if !want.cause.MatchString(rep.Cause) {
		t.Errorf("cause %q does not match %s", rep.Cause, want.cause)
	}
}

// readFaults reads lines of a name, an exit code and a regular expression, separated by tabs.
func readFaults(t *testing.T, name string) []planted {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var list []planted
	for line := range strings.Lines(string(src)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			t.Fatalf("%s: %q has %d fields, want 3", name, line, len(fields))
		}
		code, err := strconv.Atoi(fields[1])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list = append(list, planted{fields[0], code, regexp.MustCompile(fields[2])})
	}
	if len(list) == 0 {
		t.Fatalf("%s holds no faults", name)
	}
	return list
}

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	jsonreport "github.com/headgate-dev/headgate/reporters/json"
)

// httpbinVersion is a block of examples/httpbin/versions.txt.
type httpbinVersion struct {
	exitCode      int
	must, mustNot []*regexp.Regexp
}

// TestExamplesHTTPBin runs examples/httpbin against each version in its list. It builds them through the
// module proxy, so it runs with -examples only.
func TestExamplesHTTPBin(t *testing.T) {
	if !*wholeExamples {
		t.Skip("builds other modules: run with -examples")
	}
	for name, v := range readHTTPBinVersions(t, "../../examples/httpbin/versions.txt") {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			run := exec.CommandContext(t.Context(), "headgate", "run", "../../examples/httpbin/pipeline.yaml",
				"--var", "VERSION="+name, "--out", out)
			text, _ := run.CombinedOutput()
			if run.ProcessState.ExitCode() != v.exitCode {
				t.Fatalf("exit code %d, expected %d\n%s", run.ProcessState.ExitCode(), v.exitCode, text)
			}
			rep, err := jsonreport.Read(filepath.Join(out, "latest"))
			if err != nil {
				t.Fatal(err)
			}
			v.check(t, differenceLines(rep))
		})
	}
}

// check wants each expression to match one of the differences, or none of them.
func (v httpbinVersion) check(t *testing.T, found []string) {
	t.Helper()
	matching := func(e *regexp.Regexp) (all []string) {
		for _, d := range found {
			if e.MatchString(d) {
				all = append(all, d)
			}
		}
		return all
	}
	for _, e := range v.must {
		if len(matching(e)) == 0 {
			t.Errorf("no difference matches %s among\n%s", e, strings.Join(found, "\n"))
		}
	}
	for _, e := range v.mustNot {
		for _, d := range matching(e) {
			t.Errorf("%s must not match %s", e, d)
		}
	}
}

// differenceLines writes each difference of a report on one line, as versions.txt tells.
func differenceLines(rep *engine.Report) []string {
	var lines []string
	for _, d := range rep.Differences {
		var sample engine.DifferentValue
		if len(d.Samples) > 0 {
			sample = d.Samples[0]
		}
		lines = append(lines, fmt.Sprintf("%s %s %s: %s -> %s", d.Endpoint, d.Path, d.Kind, sample.Expected, sample.Actual))
	}
	return lines
}

func readHTTPBinVersions(t *testing.T, path string) map[string]httpbinVersion {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	versions, name := map[string]httpbinVersion{}, ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		kind, rest, _ := strings.Cut(lines.Text(), " ")
		v := versions[name]
		switch kind {
		case "", "#":
			continue
		case "+":
			v.must = append(v.must, regexp.MustCompile(rest))
		case "-":
			v.mustNot = append(v.mustNot, regexp.MustCompile(rest))
		default:
			var code string
			name, code, _ = strings.Cut(lines.Text(), "\t")
			if v.exitCode, err = strconv.Atoi(code); err != nil {
				t.Fatalf("%s: expected VERSION and exit code, got %q", path, lines.Text())
			}
			v.must, v.mustNot = nil, nil
		}
		versions[name] = v
	}
	if len(versions) == 0 {
		t.Fatalf("%s lists no version", path)
	}
	return versions
}

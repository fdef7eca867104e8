package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// section is one part of what is measured.
type section struct {
	name string
	run  func(ctx context.Context, rounds int) error
}

// sections lists them in the order of measuring.
func (o options) sections() []section {
	return []section{
		{"replay", contest},
		{"mocks", hits},
		{"misses", misses},
		{"starts", starts},
		{"judge", judging},
		{"validate", validating},
		{"traffic", o.traffic},
		{"recording", recording},
		{"middleware", middleware},
		{"shadow", shadowing},
		{"inspect", inspecting},
		{"own", own},
		{"memory", memory},
	}
}

// measure runs the named sections, all where none is named.
func (o options) measure(ctx context.Context) error {
	var names []string
	if o.only != "" {
		names = strings.Split(o.only, ",")
	}
	for _, name := range names {
		if !slices.ContainsFunc(o.sections(), func(s section) bool { return s.name == name }) {
			return fmt.Errorf("-only %s: there is no such section", name)
		}
	}
	for _, s := range o.sections() {
		if len(names) > 0 && !slices.Contains(names, s.name) {
			continue
		}
		if err := s.run(ctx, o.rounds); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// table is a heading with columns, and rows set below it.
type table struct{ *tabwriter.Writer }

func newTable(heads ...string) table {
	t := table{tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)}
	fmt.Fprintf(t, "%s\t\n", strings.Join(heads, "\t"))
	return t
}

func (t table) row(name, format string, values ...any) {
	fmt.Fprintf(t, "%s\t"+format+"\t\n", append([]any{name}, values...)...)
}

// build makes the program in a folder.
func build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "headgate")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/headgate")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building headgate, from the root of the repository: %w\n%s", err, out)
	}
	return program, nil
}

// startRole starts this program in a role on core 1 and returns the address that it prints.
func startRole(ctx context.Context, args ...string) (address string, stop func(), err error) {
	exe, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	return startCommand(pinned(ctx, 1, exe, args...))
}

// startCommand starts a server and returns the first that it prints, once it does.
func startCommand(cmd *exec.Cmd) (printed string, stop func(), err error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("%s has not started: %w", filepath.Base(cmd.Path), err)
	}
	return strings.TrimSpace(string(line[:n])), stop, nil
}

// own measures what Headgate adds to a run of examples/orders: all of the process's time but the phases
// in which the service starts and is replayed against.
func own(ctx context.Context, rounds int) error {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := build(ctx, dir)
	if err != nil {
		return err
	}
	var walls, owns []float64
	for i := range rounds {
		wall, others, err := ordersRun(ctx, program, filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			return err
		}
		walls, owns = append(walls, wall), append(owns, wall-others)
	}
	t := newTable("examples/orders", "whole run, s", "Headgate's own, s", "target")
	t.row("without start and replay of the service", "%.2f\t%.2f\t< 0.50", median(walls), median(owns))
	return t.Flush()
}

// ordersRun returns the seconds of one run, and those of the phases of the service and the replay.
func ordersRun(ctx context.Context, program, out string) (wall, others float64, err error) {
	cmd := exec.CommandContext(ctx, program, "run", "examples/orders/pipeline.yaml", "--out", out)
	began := time.Now()
	if printed, err := cmd.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("running examples/orders: %w\n%s", err, printed)
	}
	wall = time.Since(began).Seconds()
	src, err := os.ReadFile(filepath.Join(out, "latest", "verdict.json"))
	if err != nil {
		return 0, 0, err
	}
	var verdict struct {
		Phases []struct {
			Name    string
			Seconds float64
		}
	}
	if err := json.Unmarshal(src, &verdict); err != nil {
		return 0, 0, err
	}
	for _, p := range verdict.Phases {
		if p.Name != "backends" {
			others += p.Seconds
		}
	}
	if others == 0 {
		return 0, 0, errors.New("the verdict tells no times of phases")
	}
	return wall, others, nil
}

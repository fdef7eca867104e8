package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
)

// contender is one row of the table: what is wanted of it, and how to get its requests per second.
type contender struct {
	name, target string

	run func(ctx context.Context, target string) (figures, error)
}

// figures are what one contender reached in one round.
type figures struct {
	// rate is in requests per second, work in microseconds of processor time for each request: on a
	// machine with other work to do it tells more.
	rate, work float64
}

// contenders are all that send.
func contenders() []contender {
	list := []contender{{name: "wrk", run: wrk}, {name: "vegeta", run: vegeta}}
	for _, role := range []string{"send", "compare", "rules"} {
		way := ways()[role]
		list = append(list, contender{way.name, way.target, self(role)})
	}
	return list
}

// contest lets the contenders send in turn, sender and target each on a core of its own.
func contest(ctx context.Context, rounds int) error {
	address, stop, err := startRole(ctx, "-role", "target")
	if err != nil {
		return err
	}
	defer stop()
	list := contenders()
	rates, works := map[string][]float64{}, map[string][]float64{}
	missing := map[string]error{}
	for range rounds {
		for _, c := range list {
			got, err := c.run(ctx, "http://"+address)
			if err != nil {
				missing[c.name] = err
				continue
			}
			rates[c.name] = append(rates[c.name], got.rate)
			works[c.name] = append(works[c.name], got.work)
		}
	}
	printTable(list, rates, works, missing)
	for _, rate := range []int{200, 2000} {
		if err := pace(ctx, "http://"+address, rate); err != nil {
			return err
		}
	}
	return nil
}

func printTable(list []contender, rates, works map[string][]float64, missing map[string]error) {
	reference := median(rates["wrk"])
	name := fmt.Sprintf("replay of %d requests, 64 connections", requests)
	t := newTable(name, "requests/s", "CPU us each", "x wrk", "target")
	for _, c := range list {
		if err := missing[c.name]; err != nil {
			t.row(c.name, "left out: %v\t\t\t", err)
			continue
		}
		ratio := "-"
		if reference > 0 {
			ratio = fmt.Sprintf("%.2f", median(rates[c.name])/reference)
		}
		t.row(c.name, "%.0f\t%.1f\t%s\t%s", median(rates[c.name]), median(works[c.name]), ratio, c.target)
	}
	_ = t.Flush()
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// pinned is a command on one core, where taskset is there to pin it.
func pinned(ctx context.Context, core int, name string, args ...string) *exec.Cmd {
	if path, err := exec.LookPath("taskset"); err == nil {
		args = append([]string{"-c", strconv.Itoa(core), name}, args...)
		name = path
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	return cmd
}

// self runs one of bench's own contenders in a process of its own.
func self(role string) func(context.Context, string) (figures, error) {
	return func(ctx context.Context, target string) (got figures, err error) {
		exe, err := os.Executable()
		if err != nil {
			return got, err
		}
		out, err := pinned(ctx, 0, exe, "-role", role, "-target", target).Output()
		if err != nil {
			return got, err
		}
		_, err = fmt.Sscan(string(out), &got.rate, &got.work)
		return got, err
	}
}

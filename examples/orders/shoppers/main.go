// Command shoppers drives the example's orders service as real customers would, and checks every
// status: it is what the example's traffic was recorded from.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	exitOK    = 0
	exitOff   = 1
	exitUsage = 2

	requestTimeout = 10 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// settings are the command's flags.
type settings struct {
	target             string
	sessions, parallel int
	seed               uint64
	think              span
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stderr)
	if err != nil {
		return exitUsage
	}
	start := time.Now()
	counts := newTally()
	err = drive(ctx, s, counts)
	counts.print(stdout)
	fmt.Fprintf(stdout, "%d requests in %d sessions, %s\n",
		counts.total(), s.sessions, time.Since(start).Round(time.Millisecond))
	if err != nil {
		fmt.Fprintln(stderr, "shoppers:", err)
		return exitOff
	}
	return exitOK
}

func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{think: span{from: 5 * time.Millisecond, to: 40 * time.Millisecond}}
	flags := flag.NewFlagSet("shoppers", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.target, "target", "http://127.0.0.1:8080", "base address of the orders service")
	flags.IntVar(&s.sessions, "sessions", 36, "number of customers, one session each")
	flags.IntVar(&s.parallel, "parallel", 4, "sessions at a time")
	flags.Uint64Var(&s.seed, "seed", 1, "seed of what is bought and of the pauses")
	flags.Var(&s.think, "think", "pause before each request, as FROM..TO")
	if err := flags.Parse(args); err != nil {
		return s, fmt.Errorf("reading flags: %w", err)
	}
	if s.sessions < 1 || s.parallel < 1 {
		err := errors.New("-sessions and -parallel must be at least 1")
		fmt.Fprintln(stderr, "shoppers:", err)
		return s, err
	}
	s.target = strings.TrimSuffix(s.target, "/")
	return s, nil
}

// drive plays all sessions and returns what was off in any of them.
func drive(ctx context.Context, s settings, counts *tally) error {
	client := &http.Client{
		Timeout:   requestTimeout,
		Transport: &http.Transport{MaxIdleConnsPerHost: s.parallel},
	}
	numbers := make(chan int)
	found := make([]error, s.sessions)
	var workers sync.WaitGroup
	for range min(s.parallel, s.sessions) {
		workers.Go(func() {
			for i := range numbers {
				found[i] = newShopper(i, s, client, counts).shop(ctx)
			}
		})
	}
	for i := range s.sessions {
		numbers <- i
	}
	close(numbers)
	workers.Wait()
	return errors.Join(found...)
}

// span is a range of durations and a flag.Value: "5ms..40ms", or one duration for both ends.
type span struct{ from, to time.Duration }

// String gives the flag's form.
func (s *span) String() string { return s.from.String() + ".." + s.to.String() }

// Set reads the flag's form.
func (s *span) Set(text string) error {
	first, second, found := strings.Cut(text, "..")
	if !found {
		second = first
	}
	from, err := time.ParseDuration(first)
	if err != nil {
		return fmt.Errorf("reading the shortest pause: %w", err)
	}
	to, err := time.ParseDuration(second)
	if err != nil {
		return fmt.Errorf("reading the longest pause: %w", err)
	}
	if from < 0 || to < from {
		return errors.New("expected FROM..TO with 0 <= FROM <= TO, such as 5ms..40ms")
	}
	s.from, s.to = from, to
	return nil
}

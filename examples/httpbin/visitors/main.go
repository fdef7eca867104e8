// Command visitors walks through go-httpbin v2.10.0 and checks every status: it is what the example's
// traffic was recorded from.
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
	target, host string
	parallel     int
	think        time.Duration
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stderr)
	if err != nil {
		return exitUsage
	}
	all := visitors()
	if err := drive(ctx, s, all); err != nil {
		fmt.Fprintln(stderr, "visitors:", err)
		return exitOff
	}
	fmt.Fprintf(stdout, "%d requests of %d visitors, each answered as expected\n", requests(all), len(all))
	return exitOK
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("visitors", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.target, "target", "http://127.0.0.1:8080", "base address of go-httpbin")
	flags.StringVar(&s.host, "host", "httpbin.example", "Host header, as the visitors of a deployed service send it")
	flags.IntVar(&s.parallel, "parallel", 3, "visitors at a time")
	flags.DurationVar(&s.think, "think", 10*time.Millisecond, "pause before each request")
	if err := flags.Parse(args); err != nil {
		return s, fmt.Errorf("reading flags: %w", err)
	}
	if s.parallel < 1 {
		err := errors.New("-parallel must be at least 1")
		fmt.Fprintln(stderr, "visitors:", err)
		return s, err
	}
	s.target = strings.TrimSuffix(s.target, "/")
	return s, nil
}

// drive lets all visitors walk and returns what was off for any of them.
func drive(ctx context.Context, s settings, all []visitor) error {
	client := &http.Client{
		Timeout:       requestTimeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: s.parallel, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	found := make([]error, len(all))
	free := make(chan struct{}, s.parallel)
	var walks sync.WaitGroup
	for i, v := range all {
		free <- struct{}{}
		walks.Go(func() {
			defer func() { <-free }()
			w := walk{visitor: v, settings: s, client: client, taken: map[string]string{}}
			found[i] = w.all(ctx)
		})
	}
	walks.Wait()
	return errors.Join(found...)
}

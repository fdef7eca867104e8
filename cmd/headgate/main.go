// Command headgate takes an environment through four phases, promoted by gates, and says whether
// real production traffic would still be served right.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/headgate-dev/headgate/engine"
)

// version is set by the linker in release builds.
var version = "dev"

func main() { os.Exit(run()) }

// run is main with an exit code, so that tests can have the program as a command.
func run() int {
	tuneMemory()
	ctx, stop := withSignals(context.Background())
	defer stop()
	p := &program{
		args: os.Args[1:], in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv,
	}
	return p.execute(ctx)
}

// program is the outside world as the commands see it.
type program struct {
	args     []string
	in       io.Reader
	out, err io.Writer
	env      func(string) (string, bool)
	// loaded are closed at the end.
	loaded []*engine.Engine
}

// withSignals is a context that SIGINT and SIGTERM cancel, with the signal as its cause. A second
// signal ends the process at once.
func withSignals(ctx context.Context) (cancelled context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			cancel(&engine.SignalError{Signal: s})
		case <-done:
			return
		}
		select {
		case s := <-signals:
			os.Exit(engine.AsFault(&engine.SignalError{Signal: s}).Verdict.ExitCode())
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

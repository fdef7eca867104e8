// Command upstreams serves the two small APIs that the example's orders service calls: a payment API
// and a catalogue API. Both start empty of charges and answer within 2 to 8 ms.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const (
	exitOK    = 0
	exitServe = 1
	exitUsage = 2

	minLatency = 2 * time.Millisecond
	maxLatency = 8 * time.Millisecond

	readHeaderTimeout = 5 * time.Second
	shutdownTimeout   = 5 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program until ctx ends; it returns the exit code.
func run(ctx context.Context, args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("upstreams", flag.ContinueOnError)
	flags.SetOutput(stderr)
	paymentAddr := flags.String("payment", "127.0.0.1:9001", "address of the payment API")
	catalogAddr := flags.String("catalog", "127.0.0.1:9002", "address of the catalogue API")
	seed := flags.Uint64("seed", 1, "seed of the latencies")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	line := &latency{rng: rand.New(rand.NewPCG(*seed, 0))}
	err := serveAll(ctx, map[string]http.Handler{
		*paymentAddr: line.delayed(NewPayment(time.Now).Handler()),
		*catalogAddr: line.delayed(NewCatalog(products()).Handler()),
	})
	if err != nil {
		fmt.Fprintln(stderr, "upstreams:", err)
		return exitServe
	}
	return exitOK
}

// latency makes answers take a random time, as a network and a database would.
type latency struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func (l *latency) next() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return minLatency + time.Duration(l.rng.Int64N(int64(maxLatency-minLatency)))
}

func (l *latency) delayed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(l.next()):
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

// serveAll serves each handler at its address until ctx ends or one of them cannot go on.
func serveAll(ctx context.Context, handlers map[string]http.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(handlers))
	for addr, handler := range handlers {
		go func() { ended <- serve(ctx, addr, handler) }()
	}
	var all error
	for range handlers {
		all = errors.Join(all, <-ended)
		cancel()
	}
	return all
}

func serve(ctx context.Context, addr string, handler http.Handler) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving %s: %w", addr, err)
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil {
		return fmt.Errorf("shutting %s down: %w", addr, err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s: %w", addr, err)
	}
	return nil
}

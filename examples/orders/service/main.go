// Command service is the example's service under test: a small orders API that keeps its orders in
// memory, prices them with a catalogue API and charges them with a payment API.
//
// Environment: PORT (default 8080), PAYMENT_API_URL and CATALOG_API_URL (both required).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	exitOK     = 0
	exitServe  = 1
	exitConfig = 2

	readHeaderTimeout = 5 * time.Second
	shutdownTimeout   = 5 * time.Second
)

func main() {
	os.Exit(run(context.Background(), os.Getenv, os.Stderr))
}

// run is the whole program; it returns the exit code. It ends when ctx does, or on SIGTERM or SIGINT.
func run(ctx context.Context, getenv func(string) string, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(stderr, nil))
	handler, err := assemble(getenv, log)
	if err != nil {
		fmt.Fprintln(stderr, "service:", err)
		return exitConfig
	}
	port := getenv("PORT")
	if port == "" {
		port = "8080"
	}
	if err := serve(ctx, net.JoinHostPort("127.0.0.1", port), handler, log); err != nil {
		fmt.Fprintln(stderr, "service:", err)
		return exitServe
	}
	return exitOK
}

// assemble builds the API from its environment.
func assemble(getenv func(string) string, log *slog.Logger) (http.Handler, error) {
	faults, err := parseFault(fault)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"PAYMENT_API_URL", "CATALOG_API_URL"} {
		if getenv(name) == "" {
			return nil, fmt.Errorf("%s is not set: give the base address, such as http://127.0.0.1:9001", name)
		}
	}
	api := &API{
		store:   NewStore(),
		payment: &Payment{upstream: newUpstream(getenv("PAYMENT_API_URL"))},
		catalog: &Catalog{upstream: newUpstream(getenv("CATALOG_API_URL"))},
		faults:  faults,
		log:     log,
		now:     time.Now,
	}
	return api.Handler(), nil
}

// serve answers requests at addr until ctx ends, then lets the open ones finish.
func serve(ctx context.Context, addr string, handler http.Handler, log *slog.Logger) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	log.Info("listening", "addr", listener.Addr().String())

	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	log.Info("shutting down")
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil {
		return fmt.Errorf("shutting down: %w", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

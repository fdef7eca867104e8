// Command service is the example's service under test: an orders API that keeps its orders in Postgres,
// prices them with a catalogue API and charges them with a payment API.
//
// Environment: PORT (default 8080), DATABASE_URL, PAYMENT_API_URL and CATALOG_API_URL (all required), FAULT
// (the build's planted fault: see faults.go).
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

// run is the whole program. It ends on SIGTERM or SIGINT.
func run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, name := range []string{"DATABASE_URL", "PAYMENT_API_URL", "CATALOG_API_URL"} {
		if os.Getenv(name) == "" {
			return fmt.Errorf("%s is not set", name)
		}
	}
	store, err := OpenStore(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer store.Close()
	fault := Fault(os.Getenv("FAULT"))
	fault.atStart()
	api := &API{
		store: store, fault: fault,
		payment: upstream{base: os.Getenv("PAYMENT_API_URL")}, catalog: upstream{base: os.Getenv("CATALOG_API_URL")},
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	server := &http.Server{Addr: ":" + port, Handler: api.Handler(), ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	slog.Info("listening", "port", port)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

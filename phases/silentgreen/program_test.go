package silentgreen_test

import (
	"net"
	"net/http"
	"os"
	"time"
)

// programArg marks a child process that is a service under test, its name behind it.
const programArg = "-silentgreen"

// program is the service under test in a child process; in the test itself it does nothing.
func program() {
	if len(os.Args) != 3 || os.Args[1] != programArg {
		return
	}
	mux := http.NewServeMux()
	switch os.Args[2] {
	case "fine":
		mux.HandleFunc("/orders/1", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"id":1}`))
		})
	case "dies-at-once":
		os.Exit(3)
	case "dies-when-asked":
		mux.HandleFunc("/orders/1", func(http.ResponseWriter, *http.Request) { os.Exit(3) })
	case "never-ready":
		mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
		})
	}
	if os.Args[2] != "never-ready" {
		mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	}
	server := &http.Server{
		Addr: net.JoinHostPort("127.0.0.1", os.Getenv("PORT")), Handler: mux, ReadHeaderTimeout: time.Minute,
	}
	_ = server.ListenAndServe()
	os.Exit(1)
}

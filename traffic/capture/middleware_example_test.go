package capture_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/headgate-dev/headgate/traffic/capture"
)

// A service that records one in a hundred of its sessions, with the calls that they cause.
func Example_service() {
	dir, _ := os.MkdirTemp("", "captured")
	defer os.RemoveAll(dir)
	sample, _ := capture.NewSampler(0.01, "Authorization")
	redact, _ := capture.NewRedaction("header:Authorization", "json:password")
	recorder, err := capture.NewRecorder(capture.RecorderOptions{
		Service: "orders", Dir: dir, Sample: sample, Redact: redact,
	})
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: capture.Transport(recorder, nil)}
	_ = client // calls dependencies, with the context of the request: http.NewRequestWithContext(r.Context(), ...)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	server := &http.Server{
		Handler:     capture.Middleware(recorder)(handler),
		ConnContext: capture.NewConnections().Name,
	}

	server.Handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/orders", nil))
	fmt.Println(recorder.Close())
	// Output: <nil>
}

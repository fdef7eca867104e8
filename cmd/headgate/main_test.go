package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/headgate-dev/headgate/services/docker/guard"
)

// TestMain makes this test binary the commands of the stories, which the tests of whole processes find in
// PATH, too: headgate, and fixture, the service that it is tried on.
func TestMain(m *testing.M) {
	if guard.Invoked(os.Args) { // within the guard of an isolated container
		os.Exit(guard.Main(context.Background(), os.Args[2:], os.Stdout))
	}
	testscript.Main(m, map[string]func(){
		"headgate": func() { os.Exit(run()) },
		"fixture":  func() { os.Exit(fixture()) },
	})
}

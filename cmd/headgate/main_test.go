package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the commands of the stories, which the tests of whole processes find in
// PATH, too: headgate, and fixture, the service that it is tried on.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"headgate": func() { os.Exit(run()) },
		"fixture":  func() { os.Exit(fixture()) },
	})
}

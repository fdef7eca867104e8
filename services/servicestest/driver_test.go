package servicestest

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDriver(t *testing.T) {
	Run(t, &Driver{Programs: Programs()}, Commands{
		Serve: []string{"serve"}, Exit: []string{"exit"}, Stubborn: []string{"stubborn"}, Hang: []string{"hang"},
		Build: []string{"build"}, Claim: []string{"hang"}, Talk: []string{"talk"},
	})
}

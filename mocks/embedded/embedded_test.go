package embedded_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/mocks/embedded"
	"github.com/headgate-dev/headgate/mocks/mockstest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

func TestProvider(t *testing.T) { mockstest.Run(t, embedded.Provider{}) }

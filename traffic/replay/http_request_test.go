package replay

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

func TestSendable(t *testing.T) {
	upgrade := http.Header{"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"}}
	tests := map[string]struct {
		record traffic.Record
		want   string
	}{
		"plain":    {traffic.Record{Request: get("/a?b")}, ""},
		"absolute": {traffic.Record{Request: get("HTTP://h/a")}, ""},
		"asterisk": {traffic.Record{Request: get("*")}, ""},
		"connect": {
			traffic.Record{Request: &traffic.Request{Method: "CONNECT", URL: "h:443"}}, "opens a tunnel",
		},
		"websocket": {
			traffic.Record{Request: &traffic.Request{Method: "GET", URL: "/", Header: upgrade}},
			`upgrades the connection to "websocket"`,
		},
		"postgres":   {traffic.Record{Protocol: traffic.Postgres, Request: get("/")}, "not an HTTP request"},
		"no request": {traffic.Record{}, "not an HTTP request"},
		"space":      {traffic.Record{Request: get("/a b")}, "white space"},
		"no slash":   {traffic.Record{Request: get("a")}, "neither a path nor"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := Sendable(&test.record)
			if test.want == "" && err != nil {
				t.Errorf("got %v", err)
			}
			if test.want != "" && (!errors.Is(err, ErrUnsendable) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

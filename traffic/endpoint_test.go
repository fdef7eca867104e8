package traffic_test

import (
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

func TestEndpoint(t *testing.T) {
	tests := map[string]struct{ target, want string }{
		"root":           {"/", "GET /"},
		"empty":          {"", "GET /"},
		"words":          {"/orders/search", "GET /orders/search"},
		"number":         {"/orders/17/items/3", "GET /orders/{id}/items/{id}"},
		"uuid":           {"/u/5f0c3f1e-7a34-4f0e-9a53-2d2f6f3f1c9b", "GET /u/{id}"},
		"hash":           {"/c/9f86d081884c7d65", "GET /c/{id}"},
		"prefixed":       {"/orders/ord_261120abcdefghij/receipt", "GET /orders/{id}/receipt"},
		"random letters": {"/charges/ch_qwertyuiopa7sdfg", "GET /charges/{id}"},
		"version":        {"/v1/orders", "GET /v1/orders"},
		"word digit":     {"/oauth2/token", "GET /oauth2/token"},
		"word width":     {"/base64/decode", "GET /base64/decode"},
		"word number":    {"/users/user4711", "GET /users/{id}"},
		"prefixed width": {"/orders/ord_a64", "GET /orders/{id}"},
		"file":           {"/static/app.js", "GET /static/app.js"},
		"query":          {"/orders?limit=2", "GET /orders"},
		"absolute":       {"http://host:80/orders/12?x=1", "GET /orders/{id}"},
		"absolute root":  {"http://host", "GET /"},
		"kebab words":    {"/order-lines/all-open", "GET /order-lines/all-open"},
	}
	for name, word := range map[string]string{
		"one digit": "ord_befcfbe2", "no digit": "ord_befcfbea", "bare": "befcfbea", "capitals": "ORD-BEFCFBEA",
		"long": "badcafedeadbeefa", "before the rest": "befcfbea-draft",
	} {
		tests["hex: "+name] = struct{ target, want string }{"/x/" + word, "GET /x/{id}"}
	}
	for _, word := range []string{
		"facade", "decade2", "face2face", "defaced", "cafe-facade", "dead_beef", "feedback", "Deadbeef", "headers",
		"accessibility", "web2print", "add-face", "b2b", "authentication_methods", "acceded-cab", "bad-request",
	} {
		tests["word: "+word] = struct{ target, want string }{"/x/" + word, "GET /x/" + word}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := traffic.Endpoint("GET", tt.target); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

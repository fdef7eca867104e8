package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSpanSet(t *testing.T) {
	tests := map[string]struct {
		text string
		want span
		bad  bool
	}{
		"range":     {text: "5ms..40ms", want: span{5 * time.Millisecond, 40 * time.Millisecond}},
		"one value": {text: "10ms", want: span{10 * time.Millisecond, 10 * time.Millisecond}},
		"backwards": {text: "40ms..5ms", bad: true},
		"negative":  {text: "-1ms..5ms", bad: true},
		"no unit":   {text: "5..40", bad: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var s span
			if err := s.Set(tc.text); (err != nil) != tc.bad {
				t.Fatalf("Set(%q) = %v, expected an error: %t", tc.text, err, tc.bad)
			}
			if s != tc.want {
				t.Errorf("Set(%q) gave %v, expected %v", tc.text, s, tc.want)
			}
		})
	}
}

func TestRunStopsAtAnUnexpectedStatus(t *testing.T) {
	var mu sync.Mutex
	var clients []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		clients = append(clients, r.Header.Get("X-Client-Id"))
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()

	var stdout, stderr bytes.Buffer
	args := []string{"-target", server.URL, "-sessions", "2", "-parallel", "1", "-think", "0s"}
	if code := run(t.Context(), args, &stdout, &stderr); code != exitOff {
		t.Errorf("run gave %d, expected %d", code, exitOff)
	}
	if diff := cmp.Diff([]string{"user-00", "user-01"}, clients); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
	if !strings.Contains(stderr.String(), "POST /login (/login) answered 418, expected 200") {
		t.Errorf("stderr does not tell what was off:\n%s", stderr.String())
	}
	if !strings.Contains(stdout.String(), "418:2") {
		t.Errorf("stdout does not count the answers:\n%s", stdout.String())
	}
}

func TestRunRefusesBadFlags(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-sessions", "0"}, &stdout, &stderr); code != exitUsage {
		t.Errorf("run gave %d, expected %d: %s", code, exitUsage, stderr.String())
	}
}

func TestBasketsAreTheSameForTheSameSeed(t *testing.T) {
	draw := func() []basket {
		s := newShopper(3, settings{seed: 9}, http.DefaultClient, newTally())
		return []basket{s.basket(), s.basket()}
	}
	if diff := cmp.Diff(draw(), draw()); diff != "" {
		t.Errorf("two draws differ:\n%s", diff)
	}
}

func TestOnlyOneShopperBuysTheChangingProduct(t *testing.T) {
	for number := range 36 {
		s := newShopper(number, settings{seed: 1}, http.DefaultClient, newTally())
		for range changingBuys {
			for _, it := range s.basket().Items {
				if (it.SKU == changing) && number != changingBuyer {
					t.Errorf("shopper %d buys %s", number, it.SKU)
				}
			}
		}
	}
}

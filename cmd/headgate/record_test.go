//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/capture"
	"github.com/headgate-dev/headgate/traffic/formats"
)

// levels is the shop's upstream, by an address that Go calls through a proxy although it is this machine's.
func levels(t *testing.T) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"path":%q,"secret":"s3cret"}`, r.URL.Path)
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "0.0.0.0", 1)
}

// recordShop starts the recording of a shop and returns the address that its clients call.
func recordShop(t *testing.T, words ...string) (s *started, address string) {
	t.Helper()
	port := freePort(t)
	t.Setenv("PORT", port)
	t.Setenv("PIDFILE", filepath.Join(t.TempDir(), pidFile))
	t.Setenv("UPSTREAM_URL", levels(t))
	address = "127.0.0.1:" + freePort(t)
	words = append([]string{"record", "--name", "shop", "--app-port", port, "--listen", address}, words...)
	s = launch(t, t.TempDir(), append(words, "--", "fixture")...)
	s.port = port
	return s, address
}

func TestRecordAService(t *testing.T) {
	s, address := recordShop(t, "--host", "0.0.0.0=levels", "--redact", "json:secret")
	s.await("shop is ready")
	for i := range 3 {
		res, err := http.Get(fmt.Sprintf("http://%s/stock/%d", address, i))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if want := fmt.Sprintf(`{"path":"/levels/%d","secret":"s3cret"}`, i); err != nil || string(body) != want {
			t.Errorf("got %s, %v", body, err)
		}
	}
	s.signal(os.Interrupt)
	if code := s.code(promptly); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, s.text.String())
	}
	s.clean()
	if text := s.text.String(); !strings.Contains(text, "recorded 3 inbound and 3 outbound exchanges") {
		t.Errorf("it wrote\n%s", text)
	}
	checkRecorded(t, filepath.Join(s.dir, "captured"))
}

// checkRecorded looks at what is in the folder: each call tied to its cause, no secret, all of it counted.
func checkRecorded(t *testing.T, dir string) {
	t.Helper()
	inbound := map[string]string{}
	var calls []*traffic.Record
	files, err := formats.Walk(t.Context(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	counts, err := formats.Each(context.Background(), files, func(r *traffic.Record) error {
		if r.Direction == traffic.Inbound {
			inbound[r.ID] = strings.TrimPrefix(r.Request.URL, "/stock")
		} else {
			calls = append(calls, r)
		}
		if strings.Contains(string(r.Response.Body), "s3cret") {
			t.Errorf("a secret was recorded: %s", r.Response.Body)
		}
		return nil
	})
	if err != nil || len(counts.Problems) > 0 || len(inbound) != 3 || len(calls) != 3 {
		t.Fatalf("%d inbound, %d calls, %+v, %v", len(inbound), len(calls), counts, err)
	}
	for _, r := range calls {
		if r.Service != "levels" || "/levels"+inbound[r.Parent] != r.Request.URL {
			t.Errorf("recorded a call of %s to %s %s", inbound[r.Parent], r.Service, r.Request.URL)
		}
	}
	report, err := capture.ReadReport(filepath.Join(dir, "shop", capture.ReportFile))
	if err != nil || !report.Complete || report.Inbound != 3 || len(report.Losses()) != 0 || report.Settings.Share != 1 {
		t.Errorf("report %+v, %v", report, err)
	}
}

func TestRecordEndsWithTheService(t *testing.T) {
	cases := map[string]struct {
		fault, first string
		words        []string
	}{
		"not started":     {"die", "before it was ready; it wrote last: shop: cannot open the cash register", nil},
		"not listening":   {"late=60s", "must be the port it listens on", []string{"--ready", "100ms"}},
		"ended by itself": {"die-after=1", "shop ended with exit status 7", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Setenv("FIXTURE", c.fault)
			s, address := recordShop(t, c.words...)
			if strings.HasPrefix(c.fault, "die-after") {
				s.await("shop is ready")
				if res, err := http.Get("http://" + address + "/items/1"); err == nil {
					res.Body.Close()
				}
			}
			if code := s.code(promptly); code != 4 || !strings.Contains(s.text.String(), c.first) {
				t.Errorf("exit code %d:\n%s", code, s.text.String())
			}
			s.clean()
			// Nothing is in the way of the next attempt.
			if left, _ := filepath.Glob(filepath.Join(s.dir, "captured/shop/outbound*")); len(left) != 0 {
				t.Errorf("%s are left", left)
			}
		})
	}
}

// What a service calls can be recorded without the service.
func TestRecordADependencyAlone(t *testing.T) {
	address := "127.0.0.1:" + freePort(t)
	upstream := strings.Replace(levels(t), "0.0.0.0", "127.0.0.1", 1)
	s := launch(t, t.TempDir(), "record", "--upstream", "levels="+address+"="+upstream)
	s.await("Ctrl-C ends the recording")
	res, err := http.Get("http://" + address + "/levels/1")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	s.signal(os.Interrupt)
	if code := s.code(promptly); code != 0 {
		t.Errorf("exit code %d:\n%s", code, s.text.String())
	}
	if !strings.Contains(s.text.String(), "recorded 0 inbound and 1 outbound exchanges") {
		t.Errorf("it wrote\n%s", s.text.String())
	}
}

func TestRecordInterruptedBeforeTheServiceListens(t *testing.T) {
	t.Setenv("FIXTURE", "late=60s")
	s, _ := recordShop(t)
	s.await("recording outbound")
	s.signal(syscall.SIGTERM)
	if code := s.code(promptly); code != 0 {
		t.Errorf("exit code %d:\n%s", code, s.text.String())
	}
}

func TestOwnAddress(t *testing.T) {
	own := []string{"127.0.0.1:8081", "[::]:8082", "192.0.2.1:8083"}
	cases := map[string]bool{
		"127.0.0.1:8081": true, "localhost:8081": true, "LOCALHOST.:8081": true, "[::1]:8081": true, "0.0.0.0:8082": true,
		"localhost:8082": true, "192.0.2.1:8083": true,
		"localhost:8083": false, "192.0.2.1:8081": false, "localhost:80": false, "api.example.com:8081": false, "x": false,
	}
	for address, want := range cases {
		t.Run(address, func(t *testing.T) {
			if got := ownAddress(own, address); got != want {
				t.Errorf("got %t", got)
			}
		})
	}
}

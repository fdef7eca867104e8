package accesslog

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

// expected is what another tool has read from the same line.
type expected struct {
	Time     string `json:"@timestamp"`
	Method   string `json:"http.request.method"`
	Status   int    `json:"http.response.status_code"`
	URL      string `json:"url.original"`
	Agent    string `json:"user_agent.original"`
	Duration int64  `json:"event.duration"`
}

// TestRealLogs reads logs of real servers and compares with what another tool found in them.
func TestRealLogs(t *testing.T) {
	root := os.Getenv("HEADGATE_REALDATA")
	if root == "" {
		t.Skip("HEADGATE_REALDATA does not point to a folder of real captures")
	}
	for dir, open := range map[string]func(string, io.Reader) traffic.Reader{
		"nginx_access": NewReader, "apache_access": NewReader, "traefik_access": NewReader,
		"nginx_ingress_controller": NewReader, "haproxy_log": NewHAProxyReader,
	} {
		files, err := filepath.Glob(filepath.Join(root, "logs", "beats", dir, "*.log"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		for _, file := range files {
			t.Run(dir+"/"+filepath.Base(file), func(t *testing.T) { compareReal(t, file, open) })
		}
	}
}

func compareReal(t *testing.T, path string, open func(string, io.Reader) traffic.Reader) {
	t.Helper()
	text, err := os.ReadFile(path + "-expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []expected
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := open(path, file)
	for _, w := range want {
		record, err := reader.Read()
		if err != nil {
			t.Logf("%v (the other tool found %q %d)", err, w.Method, w.Status)
			if w.Method != "" && w.Status != 0 {
				t.Errorf("not read")
			}
			continue
		}
		got := expected{
			Time: record.Time.Format("2006-01-02T15:04:05.000Z"), Method: record.Request.Method,
			Status: record.Response.Status, URL: record.Request.URL, Agent: record.Request.Header.Get("User-Agent"),
			Duration: int64(record.Duration),
		}
		if w.Time == "" || strings.HasSuffix(filepath.Dir(path), "haproxy_log") {
			got.Time = w.Time // without a time zone of its own
			// Here the wait for the request to begin (TR) counts as well.
			w.Duration = min(w.Duration, got.Duration)
		}
		if w.Duration == 0 {
			got.Duration = 0
		}
		if got != w {
			t.Errorf("got  %+v\nwant %+v", got, w)
		}
	}
	if _, err := reader.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("behind the last line: %v", err)
	}
}

// TestCustomFormat reads a thousand lines of a log format of somebody's own.
func TestCustomFormat(t *testing.T) {
	root := os.Getenv("HEADGATE_REALDATA")
	if root == "" {
		t.Skip("HEADGATE_REALDATA does not point to a folder of real captures")
	}
	file, err := os.Open(filepath.Join(root, "logs", "gonx", "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, timed := 0, 0
	for r := NewReader("access.log", bufio.NewReader(file)); ; lines++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if record.Duration > 0 {
			timed++
		}
	}
	if lines != 1000 || timed < 900 {
		t.Errorf("%d lines, %d with a duration", lines, timed)
	}
}

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// announced hands on what is written once it holds a mark.
type announced struct {
	mu   sync.Mutex
	text bytes.Buffer
	mark string
	seen chan string
}

func (a *announced) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := strings.Contains(a.text.String(), a.mark)
	a.text.Write(p)
	if !before && strings.Contains(a.text.String(), a.mark) {
		a.seen <- a.text.String()
	}
	return len(p), nil
}

func stubFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func fetch(t *testing.T, method, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestMockServesUntilItIsEnded(t *testing.T) {
	dir := stubFolder(t, map[string]string{
		"mappings/a.json": `{"name": "a file", "request": {"method": "GET", "url": "/a"},
			"response": {"bodyFileName": "a.txt"}}`,
		"__files/a.txt": "from the file",
	})
	for name, end := range map[string]func(cancel func(), url string){
		"by a signal": func(cancel func(), _ string) { cancel() },
		"by a call":   func(_ func(), url string) { fetch(t, "POST", url+"/__admin/shutdown") },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out := &announced{mark: "Ctrl-C", seen: make(chan string, 1)}
			p := &program{
				args: []string{"mock", "--stubs", dir, "--port", "0"}, out: out, err: io.Discard, env: os.LookupEnv,
			}
			code := make(chan int, 1)
			go func() { code <- p.execute(ctx) }()
			line, _, _ := strings.Cut(<-out.seen, "\n")
			_, url, _ := strings.Cut(line, " on ")
			if status, body := fetch(t, "GET", url+"/a"); status != 200 || body != "from the file" {
				t.Errorf("got %d %s", status, body)
			}
			status, body := fetch(t, "GET", url+"/aa")
			if status != 404 || !strings.Contains(body, "a file") || !strings.Contains(body, "<<<") {
				t.Errorf("a miss: got %d %s", status, body)
			}
			if status, body := fetch(t, "GET", url+"/__admin/mappings"); status != 200 || !strings.Contains(body, "a file") {
				t.Errorf("the admin API: got %d %s", status, body)
			}
			end(cancel, url)
			if got := <-code; got != 0 {
				t.Errorf("exit code %d, want 0", got)
			}
		})
	}
}

func TestMockRefuses(t *testing.T) {
	broken := stubFolder(t, map[string]string{
		"mappings/a.json": `{"request": {"url": "/good"}, "response": {}}`,
		"mappings/b.json": `{"request": `,
		"mappings/c.json": `{"name": "odd", "request": {"urll": "/x"}, "response": {}}`,
		"mappings/d.json": `{"name": "climber", "request": {}, "response": {"bodyFileName": "../../etc/passwd"}}`,
	})
	tests := map[string]struct {
		args []string
		code int
		want []string
	}{
		"broken stubs": {[]string{"--stubs", broken}, 3, []string{"b.json", "c.json", `"odd"`, "request.urll", "climber"}},
		"no folder":    {[]string{"--stubs", filepath.Join(broken, "none")}, 3, []string{"none"}},
		"nothing":      {[]string{"--admin", "off"}, 3, []string{"--stubs"}},
		"who":          {[]string{"--admin", "me"}, 3, []string{"loopback, all or off"}},
		"port":         {[]string{"--port", "70000"}, 3, []string{"--port"}},
		"address":      {[]string{"--bind", "192.0.2.1", "--port", "0"}, 4, []string{"192.0.2.1", "--bind"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			p := &program{args: append([]string{"mock"}, tt.args...), out: &out, err: &errs, env: os.LookupEnv}
			if code := p.execute(t.Context()); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for _, part := range tt.want {
				if !strings.Contains(errs.String(), part) {
					t.Errorf("no %q in %s", part, errs.String())
				}
			}
			if out.Len() > 0 {
				t.Errorf("it was served all the same: %s", out.String())
			}
		})
	}
}

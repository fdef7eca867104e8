package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// product is a server of one build.
func product(t *testing.T, price string) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"path":%q,"price":%s}`, r.URL.Path, price)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestShadow(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte("replay:\n  compare:\n    tolerate: {$.price: 0.5}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		candidate string
		words     []string
		asked     int
		code      int
		says      string
	}{
		"alike":     {"10", nil, 3, 0, "passed: no differences in 3 answers"},
		"differing": {"11", nil, 3, 1, "failed: 3 of 3 answers differ, in 1 fields"},
		"tolerated": {"10.2", []string{"--compare", rules}, 3, 0, "passed: no differences in 3 answers"},
		"not asked": {"10", nil, 0, 2, "inconclusive: there were no requests"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			out := &announced{mark: "Ctrl-C", seen: make(chan string, 1)}
			dir := filepath.Join(t.TempDir(), "out")
			p := &program{args: append([]string{
				"shadow", "--listen", "127.0.0.1:0", "--primary", product(t, "10"), "--candidate", product(t, c.candidate),
				"--out", dir,
			}, c.words...), out: out, err: io.Discard, env: os.LookupEnv}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			code := make(chan int, 1)
			go func() { code <- p.execute(ctx) }()
			line, _, _ := strings.Cut(<-out.seen, "\n")
			_, url, _ := strings.Cut(line, " at ")
			for i := range c.asked {
				want := fmt.Sprintf(`{"path":"/products/%d","price":10}`, i)
				if status, body := fetch(t, "GET", fmt.Sprintf("%s/products/%d", url, i)); status != 200 || body != want {
					t.Errorf("got %d %s", status, body)
				}
			}
			cancel()
			if got := <-code; got != c.code || !strings.Contains(out.text.String(), c.says) {
				t.Errorf("exit code %d, it wrote\n%s", got, out.text.String())
			}
			checkShadow(t, dir, c.says)
		})
	}
}

// checkShadow looks at what is in the folder.
func checkShadow(t *testing.T, dir, says string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "shadow.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Verdict, Why string
		Differences  []struct{ Samples []struct{ Curl string } }
	}
	if err := json.Unmarshal(text, &report); err != nil || report.Verdict+": "+report.Why != says {
		t.Errorf("%+v, %v", report, err)
	}
	lines, err := os.ReadFile(filepath.Join(dir, "diffs.jsonl"))
	if err != nil || (len(lines) > 0) != (len(report.Differences) > 0) {
		t.Errorf("%s, %v", lines, err)
	}
	for _, d := range report.Differences {
		if len(d.Samples) == 0 || !strings.Contains(d.Samples[0].Curl, "/products/") {
			t.Errorf("samples %+v", d.Samples)
		}
	}
}

func TestShadowRefuses(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("compare:\n  ignor: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(dir, "taken")
	err := errors.Join(os.Mkdir(taken, 0o755), os.WriteFile(filepath.Join(taken, "diffs.jsonl"), nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		words []string
		code  int
		says  string
	}{
		"no primary":    {[]string{"--candidate", "http://a"}, 3, "--primary is missing"},
		"no candidate":  {[]string{"--primary", "http://a"}, 3, "--candidate is missing"},
		"bad secondary": {[]string{"--secondary", "b"}, 3, `--secondary: "b" is no http or https URL`},
		"itself":        {[]string{"--primary", "http://localhost:8080"}, 3, "is the address of --listen"},
		"one service":   {[]string{"--candidate", "http://a"}, 3, "--candidate is the primary"},
		"bad sample":    {[]string{"--sample", "0"}, 3, "--sample 0"},
		"bad body":      {[]string{"--max-body", "big"}, 3, "--max-body big"},
		"bad number":    {[]string{"--max-in-flight", "0"}, 3, "--max-in-flight 0"},
		"bad rules":     {[]string{"--compare", bad}, 3, "ignor"},
		"no rules":      {[]string{"--compare", filepath.Join(dir, "none.yaml")}, 3, "none.yaml"},
		"bad address":   {[]string{"--listen", "127.0.0.1:x"}, 4, "--listen"},
		"a folder used": {[]string{"--listen", "127.0.0.1:0", "--out", taken}, 4, "diffs.jsonl"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var text bytes.Buffer
			words := []string{"shadow"}
			if !strings.HasPrefix(name, "no ") || name == "no rules" {
				words = append(words, "--primary", "http://a", "--candidate", "http://b")
			}
			p := &program{args: append(words, c.words...), out: &text, err: &text, env: os.LookupEnv}
			if code := p.execute(t.Context()); code != c.code || !strings.Contains(text.String(), c.says) {
				t.Errorf("exit code %d, it wrote\n%s", code, text.String())
			}
		})
	}
}

package difftest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path"
	"strings"
	"time"
)

// WireMock is the real one, in a Java process of its own or wherever it runs.
type WireMock struct {
	client
	base   string
	cmd    *exec.Cmd // nil where somebody else started it
	exited chan struct{}
	output bytes.Buffer // of the process; read after it has ended
}

var _ Engine = (*WireMock)(nil)

// UpstreamHeader marks the answers of the server that mappings proxy to; WireMock adds nothing of its own
// to them.
const UpstreamHeader = "X-Upstream"

const startTimeout = 60 * time.Second

// Attach speaks to a WireMock that answers already at addr, host:port, and is stopped by whoever started it.
func Attach(addr string) *WireMock {
	return &WireMock{client: client{addr: addr}, base: "http://" + addr}
}

// StartWireMock starts the jar on a free loopback port, with dir as its root, and waits until it answers.
// ctx bounds the life of the process.
func StartWireMock(ctx context.Context, jar, dir string) (*WireMock, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(addr, ":")
	w := &WireMock{client: client{addr: addr}, base: "http://" + addr, exited: make(chan struct{})}
	w.cmd = exec.CommandContext(ctx, "java", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-jar", jar, "--port", port,
		"--bind-address", "127.0.0.1", "--root-dir", dir, "--no-request-journal", "--disable-banner")
	w.cmd.Stdout, w.cmd.Stderr = &w.output, &w.output
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting WireMock: %w", err)
	}
	go func() {
		defer close(w.exited)
		_ = w.cmd.Wait() // it ends by being killed
	}()
	if err := w.ready(ctx); err != nil {
		w.Close()
		return nil, fmt.Errorf("starting WireMock: %w\n%s", err, w.output.String())
	}
	return w, nil
}

func freeAddr(ctx context.Context) (string, error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (w *WireMock) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if status, _, err := w.admin(ctx, http.MethodGet, "version", ""); err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for it to answer: %w", ctx.Err())
		case <-w.exited:
			return fmt.Errorf("it ended: %s", w.cmd.ProcessState)
		case <-tick.C:
		}
	}
}

// Version is what the server says it is.
func (w *WireMock) Version(ctx context.Context) (string, error) {
	_, body, err := w.admin(ctx, http.MethodGet, "version", "")
	if err != nil {
		return "", err
	}
	var v struct{ Version string }
	if err := decode([]byte(body), &v); err != nil {
		return "", fmt.Errorf("reading the version: %w", err)
	}
	return v.Version, nil
}

// Close ends the process and waits for it.
func (w *WireMock) Close() {
	if w.cmd == nil {
		return
	}
	_ = w.cmd.Process.Kill() // it may have ended by itself
	<-w.exited
}

// Load imports the mappings in reverse: an import puts its first mapping on top, a mapping file its
// last.
func (w *WireMock) Load(ctx context.Context, c *Case) error {
	if err := w.putFiles(ctx, c); err != nil {
		return err
	}
	var reversed []map[string]any
	for _, m := range c.Mappings {
		reversed = append([]map[string]any{m}, reversed...)
	}
	// A mapping that is known already would keep its old place.
	if _, _, err := w.admin(ctx, http.MethodDelete, "mappings", ""); err != nil {
		return err
	}
	status, body, err := w.admin(ctx, http.MethodPost, "mappings/import", encode(map[string]any{
		"mappings":      reversed,
		"importOptions": map[string]any{"duplicatePolicy": "OVERWRITE", "deleteAllNotInImport": true},
	}))
	switch {
	case err != nil:
		return err
	case status == http.StatusUnprocessableEntity || status == http.StatusInternalServerError:
		return fmt.Errorf("%w: %d %s", ErrRefused, status, body)
	case status != http.StatusOK:
		return fmt.Errorf("importing mappings: %d %s", status, body)
	}
	_, _, err = w.admin(ctx, http.MethodPost, "scenarios/reset", "")
	return err
}

func (w *WireMock) putFiles(ctx context.Context, c *Case) error {
	for name, data := range c.Files {
		at := path.Join("files", (&url.URL{Path: name}).EscapedPath())
		status, body, err := w.admin(ctx, http.MethodPut, at, string(data))
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("storing %s: %d %s", name, status, body)
		}
	}
	return nil
}

// Do sends one request to a stub.
func (w *WireMock) Do(ctx context.Context, r *Request) (*Answer, error) {
	return w.do(ctx, r, func(resp *http.Response) bool {
		return resp.Header.Get("Matched-Stub-Id") != "" || resp.Header.Get(UpstreamHeader) != ""
	})
}

func (w *WireMock) admin(ctx context.Context, method, what, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, w.base+"/__admin/"+what, strings.NewReader(body))
	if err != nil {
		return 0, "", fmt.Errorf("asking %s: %w", what, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("asking %s: %w", what, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, "", fmt.Errorf("asking %s: %w", what, err)
	}
	return resp.StatusCode, string(data), nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/phases/inbound"
	"github.com/headgate-dev/headgate/traffic/shadow"
)

func (p *program) shadow(ctx context.Context, f shadowFlags) (err error) {
	o, err := f.options()
	if err != nil {
		return err
	}
	if o.Comparer, err = p.readCompare(f.compare); err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: err, Hint: "choose a free address with --listen"}
	}
	defer l.Close()
	if f.out == "" {
		f.out = filepath.Join(".headgate", "shadow", newRunID(time.Now()))
	}
	diffs, err := createPrivate(filepath.Join(f.out, "diffs.jsonl"))
	if err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: err, Hint: "choose another folder with --out"}
	}
	defer diffs.Close()
	o.Diffs = diffs
	proxy, err := shadow.New(o)
	if err != nil {
		return usage(err, "")
	}
	p.announce(l, o, f)
	broken := p.serveShadow(ctx, l, proxy, f.duration)
	if err := p.endShadow(proxy, f.out); broken == nil {
		return err
	}
	return &engine.Fault{Verdict: engine.Environment, Err: broken}
}

// createPrivate makes a file that must not be there yet and that others cannot read: it will hold what customers
// ask and are answered.
func createPrivate(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// shadowGrace is how long requests under way may take at the end, and then what is in the queue.
const shadowGrace = 5 * time.Second

// serveShadow serves until ctx ends or the time is up, then lets the queue run empty. An interrupted command
// has done what it was to do.
func (p *program) serveShadow(ctx context.Context, l net.Listener, proxy *shadow.Proxy, d time.Duration) error {
	if d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	server := &http.Server{
		Handler: proxy, ReadHeaderTimeout: 30 * time.Second, DisableGeneralOptionsHandler: true,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	err := p.watchShadow(ctx, proxy, failed)
	grace, cancel := context.WithTimeout(context.Background(), shadowGrace)
	defer cancel()
	if server.Shutdown(grace) != nil {
		_ = server.Close()
	}
	rest, cancelRest := context.WithTimeout(context.Background(), shadowGrace)
	defer cancelRest()
	return errors.Join(err, proxy.Close(rest))
}

// watchShadow shows the status until ctx ends or serving fails.
func (p *program) watchShadow(ctx context.Context, proxy *shadow.Proxy, failed <-chan error) error {
	ticker := time.NewTicker(shadowBeat)
	defer ticker.Stop()
	defer p.eraseShadowStatus()
	for {
		select {
		case <-ticker.C:
			p.showShadowStatus(proxy.Report())
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return fmt.Errorf("serving: %w", err)
		}
	}
}

// endShadow writes and prints the report; its exit code is that of what was found.
func (p *program) endShadow(proxy *shadow.Proxy, dir string) error {
	r := proxy.Report()
	text, err := r.JSON(inbound.Curl)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "shadow.json"), text, 0o600)
	}
	if err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: err, Hint: "choose another folder with --out"}
	}
	p.printShadow(r)
	fmt.Fprintf(p.out, "artifacts: %s\n", filepath.ToSlash(dir))
	switch verdict, _ := r.Verdict(); verdict {
	case shadow.Failed:
		return &exit{engine.Failed.ExitCode()}
	case shadow.Inconclusive:
		return &exit{engine.Inconclusive.ExitCode()}
	}
	return nil
}
